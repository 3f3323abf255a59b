/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether NICs spread packets as the RSS in software (rx/rss.h) does. */
#ifndef INPUT_DEVICE_JUDGE_H
#define INPUT_DEVICE_JUDGE_H

#include "input/device_rx.h"

/* Called by the control loop now and then: says it, once for each port that was told how to. */
void device_judge(struct devices *d);

#endif
