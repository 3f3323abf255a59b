/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that stand still while their device counts packets. */
#ifndef INPUT_DEVICE_STALL_H
#define INPUT_DEVICE_STALL_H

#include "input/device_rx.h"

/* Looks for them; called by the control loop once a second. A port that stands still is blind, and
 * said. */
void device_watch_stalls(struct input *in);

#endif
