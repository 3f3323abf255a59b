/* SPDX-License-Identifier: BSD-3-Clause */
/* Steering with a single worker, and the choice among the three ways of steering. */
#include "engine/steer.h"

#include <rte_errno.h>
#include <string.h>

static unsigned no_turn(struct steer *s)
{
	(void)s;
	return 0;
}

static void process(struct steer *s, struct input_burst *b)
{
	pipeline_burst(s->pipeline, b->frames, b->n);
	s->rx->ops->drop(s->rx, b->of, b->n);
}

static void no_finish(struct steer *s)
{
	(void)s;
}

static const struct steer_ops steer_alone = {
	.turn = no_turn, .received = process, .finish = no_finish};

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
		name, STEER_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	atomic_store(&s->marks[0], s->rx->mark);
	return s->pool ? 0 : -rte_errno;
}
