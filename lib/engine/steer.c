/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/steer.h"

#include <string.h>

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

void steer_hand_off_others(
	struct steer *s, const struct input_burst *b, steer_hand_off_fn *hand_off)
{
	struct rte_mbuf *theirs[PIPELINE_BURST];
	unsigned others = 0;

	for (unsigned i = 0; i < b->n; i++)
		others += b->frames[i].owner != s->self && b->frames[i].owner != PIPELINE_NO_OWNER;
	metrics_add(&s->metrics->rx.handed_over, others);
	for (unsigned to = 0; others && to < s->group->workers; to++) {
		unsigned k = 0;
		for (unsigned i = 0; i < b->n && to != s->self; i++)
			if (b->frames[i].owner == to)
				theirs[k++] = b->of[i];
		if (k)
			metrics_add(&s->metrics->rx.handoff_lost, hand_off(s, to, theirs, k));
		others -= k;
	}
}

void steer_free(struct steer *s)
{
	rte_mempool_free(s->pool);
	s->pool = NULL;
}
