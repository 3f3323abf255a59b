/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that go, and interfaces that are made again. */
#ifndef INPUT_DEVICE_RECOVER_H
#define INPUT_DEVICE_RECOVER_H

#include "input/device_rx.h"

/* A device is gone: no worker goes there any more. */
void device_lose(struct input *in, struct device *d, int64_t now_ns);

/* What is to be done with a device that is gone: close it, open it again. Called by the control
 * loop now and then. */
void device_recover(struct input *in, struct device *d);

#endif
