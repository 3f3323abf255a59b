/* SPDX-License-Identifier: BSD-3-Clause */
#include "input/device_rest.h"

#include <rte_pause.h>
#include <time.h>

#define SPINS 64 /* turns after which a worker polls again at once */
#define NAP_NS 20000 /* 4,096 descriptors hold the packets of 275 us at 10 Gbit/s */
#define SLEEP_MS 10 /* so that timeouts fire and a stop is noticed without packets, too */

void device_rest_close(struct device_rest *r)
{
	if (r->waits)
		port_wait_close(&r->wait);
	r->waits = false;
}

/* Enables interrupts first; sleeps only if the next poll finds the queues empty, too. */
static void rest(struct device_rest *r)
{
	struct timespec nap = {.tv_nsec = NAP_NS};

	if (!r->waits) {
		nanosleep(&nap, NULL);
	} else if (!r->wait.armed) {
		port_wait_arm(&r->wait);
	} else {
		port_wait_sleep(&r->wait, SLEEP_MS);
		port_wait_disarm(&r->wait);
		r->turns = 0;
	}
}

void device_rest_turn(struct device_rest *r, unsigned work)
{
	if (bits_likely(work)) {
		r->turns = 0;
		if (bits_unlikely(r->wait.armed))
			port_wait_disarm(&r->wait);
	} else if (!r->rests || r->turns < SPINS) {
		r->turns++;
		rte_pause();
	} else {
		rest(r);
	}
}

void device_rest_wake(struct device_rest *r)
{
	if (r->waits)
		port_wait_wake(&r->wait);
}
