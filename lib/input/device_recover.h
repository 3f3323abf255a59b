/* SPDX-License-Identifier: BSD-3-Clause */
/* Handles devices that are removed, and interfaces that are created again. */
#ifndef INPUT_DEVICE_RECOVER_H
#define INPUT_DEVICE_RECOVER_H

#include "input/device_rx.h"

/* Marks a device as gone at now_ns: workers will leave its ports. */
void device_mark_lost(struct input *in, struct device *d, int64_t now_ns);

/* Closes a device that is gone, and opens it again once it is back. The control loop calls it
 * periodically. */
void device_recover(struct input *in, struct device *d);

#endif
