/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches devices while they run. */
#ifndef INPUT_DEVICE_WATCH_H
#define INPUT_DEVICE_WATCH_H

#include "input/input.h"

/*
 * Reports, and reacts to, changes of interfaces, devices and links, NICs that hash otherwise than
 * software, and steps of the clock; once a second also updates the counters for the loggers and
 * checks for stalled queues. The control loop calls it often. Returns -ENODEV once no device is
 * left, else 0.
 */
int device_watch(struct input *in, int64_t now_ns);

#endif
