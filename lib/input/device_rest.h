/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an idle worker waits with --idle sleep: it spins for some microseconds, then sleeps until one
 * of its devices interrupts or another worker hands off packets. If one of its devices has no
 * interrupts, it polls again after a nap.
 */
#ifndef INPUT_DEVICE_REST_H
#define INPUT_DEVICE_REST_H

#include "rx/port_wait.h"

struct device_rest {
	struct port_wait wait; /* of all queues of the worker */
	bool rests; /* false: it polls again at once */
	bool waits; /* `wait` is open: every source of its packets can wake it */
	unsigned turns; /* without work */
};

/* Ends a turn that processed `work` packets: spins or sleeps if it was 0. */
void device_rest_turn(struct device_rest *r, unsigned work);

/* Wakes its worker, for which packets were enqueued. Any thread. */
void device_rest_wake(struct device_rest *r);

/* Closes it, before the ports are closed. */
void device_rest_close(struct device_rest *r);

#endif
