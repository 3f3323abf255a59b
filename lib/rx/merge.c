/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/merge.h"

#include <stddef.h>
#include <string.h>

void merge_start(struct merge *m, int64_t jump_ns)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < ORDER_SOURCES; i++)
		clock_guard_start(&m->clocks[i], jump_ns);
}

void merge_put(struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns)
{
	int64_t clock_ns = clock_guard_take(&m->clocks[i], ts_ns);
	uint64_t number = clock_ns > 0 ? (uint64_t)clock_ns : 0;

	m->last[i] = number > m->last[i] ? number : m->last[i] + 1;
	*item = (struct order_item){.packet = packet, .number = m->last[i], .from = (uint16_t)i};
	order_put(&m->received, item);
}

/* The lowest of the last numbers of what is wanted. */
static uint64_t wanted(const struct merge *m)
{
	uint64_t least = MERGE_ENDED;

	for (unsigned i = 0; i < m->n; i++)
		if (merge_wants(m, i) && m->last[i] < least)
			least = m->last[i];
	return least;
}

struct order_item *merge_take(struct merge *m)
{
	return order_take(&m->received, 1, wanted(m));
}

struct order_item *merge_take_rest(struct merge *m)
{
	return order_take(&m->received, 1, MERGE_ENDED);
}

uint64_t merge_passed(const struct merge *m)
{
	uint64_t least = wanted(m);

	if (!order_empty(&m->received) && order_least(&m->received) <= least)
		return order_least(&m->received) - 1;
	return least;
}
