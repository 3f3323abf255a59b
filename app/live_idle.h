/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker does, live, that finds nothing to do and may rest (--idle sleep): it spins for some
 * microseconds, then sleeps until one of its devices interrupts or another worker hands something
 * over; where one of its devices has no interrupts, it looks again after a nap.
 */
#ifndef APP_LIVE_IDLE_H
#define APP_LIVE_IDLE_H

#include "rx/port_wait.h"

struct run;
struct worker;

struct live_idle {
	struct port_wait wait;
	bool waits; /* all devices of this worker can wake it */
	unsigned turns; /* without work */
};

/* After live_rx_init(). */
void live_idle_init(struct worker *w);
/* Before the ports are closed. */
void live_idle_free(struct worker *w);

/* A turn has ended, with `work` or without. */
void live_idle_turn(struct worker *w, unsigned work);

/* Something was left for worker `to`. */
void live_idle_wake(struct run *run, unsigned to);

#endif
