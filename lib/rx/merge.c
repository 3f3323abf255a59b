/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/merge.h"

#include <stddef.h>

void merge_put(struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns)
{
	uint64_t number = ts_ns > 0 ? (uint64_t)ts_ns : 0;

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
