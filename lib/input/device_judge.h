/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports whether NICs spread packets as the software hash does (rx/rss_check.h). */
#ifndef INPUT_DEVICE_JUDGE_H
#define INPUT_DEVICE_JUDGE_H

#include "input/device_rx.h"

/* Logs the verdict once for each port that was configured so. The control loop calls it
 * periodically. */
void device_report_rss(struct devices *d);

#endif
