/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/live_idle.h"

#include "app/run.h"
#include "base/log.h"

#include <string.h>
#include <time.h>

#define SPINS 64 /* turns that a worker looks again at once */
#define NAP_NS 20000 /* 4,096 descriptors hold what comes at 10 Gbit/s in 275 us */
#define SLEEP_MS 10 /* timeouts fire and a stop is noticed in silence, too */

/* Can all that brings a worker packets wake it? What has no queue lives of what others hand over,
 * and naps like them where nobody has interrupts. */
static bool can_wait(const struct worker *w)
{
	const struct live *live = w->run->live;
	unsigned with = 0;

	for (unsigned i = 0; i < w->live.n_queues; i++)
		if (w->live.queues[i].of->no_interrupts)
			return false;
	for (unsigned i = 0; i < live->n_ports; i++)
		with += live->ports[i].no_interrupts == NULL;
	return w->run->rests && with;
}

void live_idle_init(struct worker *w)
{
	struct live_idle *idle = &w->live.idle;
	int error = 0;

	if (!can_wait(w) || port_wait_open(&idle->wait, &port_ops_dpdk))
		return;
	for (unsigned i = 0; i < w->live.n_queues && error == 0; i++)
		error = port_wait_add(&idle->wait, w->live.queues[i].port, w->live.queues[i].queue);
	idle->waits = error == 0;
	if (error == 0)
		return;
	log_detail(
		"worker %u naps when idle: waiting for interrupts: %s", w->self, strerror(-error));
	port_wait_close(&idle->wait);
}

void live_idle_free(struct worker *w)
{
	if (w->live.idle.waits)
		port_wait_close(&w->live.idle.wait);
	w->live.idle.waits = false;
}

/* First interrupts are switched on, then the queues are looked at once more, then it sleeps. */
static void rest(struct live_idle *idle)
{
	struct timespec nap = {.tv_nsec = NAP_NS};

	if (!idle->waits) {
		nanosleep(&nap, NULL);
	} else if (!idle->wait.armed) {
		port_wait_arm(&idle->wait);
	} else {
		port_wait_sleep(&idle->wait, SLEEP_MS);
		port_wait_disarm(&idle->wait);
		idle->turns = 0;
	}
}

void live_idle_turn(struct worker *w, unsigned work)
{
	struct live_idle *idle = &w->live.idle;

	if (bits_likely(work)) {
		idle->turns = 0;
		if (bits_unlikely(idle->wait.armed))
			port_wait_disarm(&idle->wait);
	} else if (!w->run->rests || idle->turns < SPINS) {
		idle->turns++;
		rte_pause();
	} else {
		rest(idle);
	}
}

void live_idle_wake(struct run *run, unsigned to)
{
	struct live_idle *idle = &run->worker[to].live.idle;
	if (run->rests && idle->waits)
		port_wait_wake(&idle->wait);
}
