/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices while they run. */
#ifndef INPUT_DEVICE_WATCH_H
#define INPUT_DEVICE_WATCH_H

#include "input/input.h"

/*
 * Called by the control loop, often: interfaces, devices and links that come and go, NICs that
 * hash otherwise than expected, a clock that was set; once a second, counters for the loggers and
 * queues that stand still. -ENODEV once there is nothing left to listen on.
 */
int device_watch(struct input *in, int64_t now_ns);

#endif
