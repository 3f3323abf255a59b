/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/steer.h"

#include <rte_errno.h>
#include <string.h>

#define DATAGRAM_MBUFS 255 /* of one worker: some of the largest datagrams, many of the usual */

_Static_assert(HANDOFF_WORKERS <= ORDER_SOURCES, "each worker is a source");

int steer_group_init(struct steer_group *g, unsigned workers)
{
	memset(g, 0, sizeof(*g));
	g->workers = workers;
	return handoff_init(&g->handoff, workers);
}

void steer_group_free(struct steer_group *g)
{
	handoff_free(&g->handoff);
}

void steer_give_others(struct steer *s, const struct input_burst *b, steer_give_fn *give)
{
	struct rte_mbuf *theirs[PIPELINE_BURST];
	unsigned others = 0;

	for (unsigned i = 0; i < b->n; i++)
		others += b->frames[i].owner != s->self && b->frames[i].owner != PIPELINE_NOBODY;
	metrics_add(&s->metrics->rx.handed_over, others);
	for (unsigned to = 0; others && to < s->group->workers; to++) {
		unsigned k = 0;
		for (unsigned i = 0; i < b->n && to != s->self; i++)
			if (b->frames[i].owner == to)
				theirs[k++] = b->of[i];
		if (k)
			metrics_add(&s->metrics->rx.handoff_lost, give(s, to, theirs, k));
		others -= k;
	}
}

static unsigned take_nothing(struct steer *s)
{
	(void)s;
	return 0;
}

static void process(struct steer *s, struct input_burst *b)
{
	pipeline_burst(s->pipeline, b->frames, b->n);
	s->rx->ops->drop(s->rx, b->of, b->n);
}

static void finish_nothing(struct steer *s)
{
	(void)s;
}

static const struct steer_ops steer_alone = {
	.take = take_nothing, .received = process, .finish = finish_nothing};

int steer_init(struct steer *s, struct steer_group *g, const struct steer_parts *parts)
{
	char name[32];

	memset(s, 0, sizeof(*s));
	s->group = g;
	s->pipeline = parts->pipeline;
	s->rx = parts->rx;
	s->metrics = parts->metrics;
	s->self = parts->self;
	s->settled = true;
	s->ops = g->workers == 1 ? &steer_alone : parts->ordered ? &steer_in_order : &steer_at_once;
	g->member[s->self] = s;
	if (g->workers == 1)
		return 0;
	snprintf(name, sizeof(name), "datagrams%u", s->self);
	s->pool = rte_pktmbuf_pool_create(
		name, DATAGRAM_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	atomic_store(&s->marks[0], s->rx->mark);
	return s->pool ? 0 : -rte_errno;
}

void steer_free(struct steer *s)
{
	rte_mempool_free(s->pool);
	s->pool = NULL;
}
