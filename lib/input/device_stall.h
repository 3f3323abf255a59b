/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects queues that deliver nothing while their device counts packets. */
#ifndef INPUT_DEVICE_STALL_H
#define INPUT_DEVICE_STALL_H

#include "input/device_rx.h"

/* Checks all ports, and reports those that stall or resume. A stalled port is marked in
 * in->lost.blind. The control loop calls it once a second. */
void device_watch_stalls(struct input *in);

#endif
