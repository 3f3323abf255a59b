/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/live_order.h"

#include "app/live_steer.h"
#include "app/run.h"
#include "app/worker.h"
#include "base/log.h"

#include <errno.h>
#include <rte_ethdev.h>

_Static_assert(LIVE_QUEUES <= ORDER_SOURCES, "each queue of a worker is a source");
_Static_assert(MERGE_ENDED == STEER_END, "what has passed here is a mark there");

int live_order_plan(struct live *live)
{
	bool all = true;

	live->queues = 0;
	for (unsigned i = 0; i < live->n_ports; i++) {
		live->queues += live->ports[i].plan.queues;
		all &= live->device_of[i]->files && !live->device_of[i]->endless;
	}
	live->recorded = all && live->queues > 1;
	if (live->queues <= LIVE_QUEUES * live->place.workers)
		return 0;
	log_error("%u queues are too many for %u workers: one takes %u at most; raise workers",
		live->queues, live->place.workers, LIVE_QUEUES);
	return -E2BIG;
}

/* A device loses the packet that it has no buffer for. Those that other workers keep in their
 * caches do not help. */
static bool has_buffers(const struct worker *w, const struct live_queue *q)
{
	const struct rte_mempool *pool = q->of->pools[q->queue];
	unsigned need = WORKER_BURST_MBUFS + w->run->workers * 384, most = pool->size / 4 * 3;

	return rte_mempool_avail_count(pool) >= (need < most ? need : most);
}

/* Receives of those queues without which it does not go on. */
static void receive(struct worker *w)
{
	struct merge *m = &w->merge;
	struct rte_mbuf *packets[PIPELINE_BURST];

	m->n = w->live.n_queues;
	for (unsigned i = 0; i < m->n; i++) {
		if (!merge_wants(m, i) || !has_buffers(w, &w->live.queues[i]))
			continue;
		unsigned n = live_poll(w, i, packets);
		if (n == 0)
			merge_end(m, i);
		for (unsigned k = 0; k < n; k++)
			merge_put(m, i, steer_item(packets[k]), packets[k],
				live_keep_time(w, packets[k]));
	}
	w->live.from = NULL;
}

static void pass(struct worker *w, struct rte_mbuf **packets, unsigned n)
{
	if (w->run->workers == 1)
		live_received(w, packets, n);
	else
		steer_received(w, packets, n);
}

unsigned live_order_turn(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct order_item *item;
	bool over = true;
	unsigned n = 0, work = w->run->workers > 1 ? steer_turn(w, &over) : 0;

	receive(w);
	while (n < PIPELINE_BURST && (item = merge_take(&w->merge)))
		packets[n++] = item->packet;
	if (n)
		pass(w, packets, n);
	uint64_t mark = merge_passed(&w->merge);
	steer_mark(w, mark);
	w->live.plays = !over || mark != STEER_END;
	clock_latest_take(&w->live.latest, w->pipeline.clock_ns);
	return work + n;
}

void live_order_end(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct order_item *item;
	unsigned n;
	bool over = w->run->workers == 1;

	do {
		for (n = 0; n < PIPELINE_BURST && (item = merge_take_rest(&w->merge)); n++)
			packets[n] = item->packet;
		pass(w, packets, n);
	} while (n);
	steer_mark(w, STEER_END);
	while (!over)
		if (steer_turn(w, &over) == 0)
			run_idle(&w->idle);
}
