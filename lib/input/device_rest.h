/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker does that finds nothing to do and may rest (--idle sleep): it spins for some
 * microseconds, then sleeps until one of its devices interrupts or another worker hands something
 * over; where one of its devices has no interrupts, it looks again after a nap.
 */
#ifndef INPUT_DEVICE_REST_H
#define INPUT_DEVICE_REST_H

#include "rx/port_wait.h"

struct device_rest {
	struct port_wait wait; /* of all queues of the worker */
	bool rests; /* false: it looks again at once */
	bool waits; /* `wait` is open: all that brings it packets can wake it */
	unsigned turns; /* without work */
};

/* A turn has ended, with `work` or without. */
void device_rest_turn(struct device_rest *r, unsigned work);

/* Something was left for its worker. Any thread. */
void device_rest_wake(struct device_rest *r);

/* Before the ports are closed. */
void device_rest_close(struct device_rest *r);

#endif
