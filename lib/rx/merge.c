/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/merge.h"

#include <stddef.h>
#include <string.h>

void merge_start(struct merge *m, unsigned n, int64_t jump_ns)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	for (unsigned i = 0; i < n; i++)
		clock_guard_start(&m->clocks[i], jump_ns);
}

static void insert(struct merge *m, unsigned i, struct order_item *item, int64_t clock_ns)
{
	uint64_t number = clock_ns > 0 ? (uint64_t)clock_ns : 0;

	m->last[i] = number > m->last[i] ? number : m->last[i] + 1;
	item->number = m->last[i];
	order_insert(&m->received, item);
}

/* Inserts the packets of source i that were settled, of `held` packets. */
static void insert_settled(
	struct merge *m, unsigned i, unsigned held, const struct clock_settled *settled)
{
	struct order_item **items = m->held[i];

	for (unsigned k = 0; k < settled->n; k++)
		insert(m, i, items[k], settled->ns[k]);
	for (unsigned k = settled->n; k < held; k++)
		items[k - settled->n] = items[k];
}

void merge_enqueue(
	struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns)
{
	struct clock_guard *clock = &m->clocks[i];
	struct clock_settled settled;

	*item = (struct order_item){.packet = packet, .from = (uint16_t)i};
	if (bits_likely(clock_guard_follow(clock, ts_ns))) {
		insert(m, i, item, clock->ns);
		return;
	}
	unsigned held = clock->n_held;
	m->held[i][held++] = item;
	clock_guard_add(clock, ts_ns, &settled);
	insert_settled(m, i, held, &settled);
}

void merge_end(struct merge *m, unsigned i)
{
	unsigned held = m->clocks[i].n_held;
	struct clock_settled settled;

	clock_guard_end(&m->clocks[i], &settled);
	insert_settled(m, i, held, &settled);
	m->ended |= (uint64_t)1 << i;
}

/* Returns the lowest of the last numbers of all sources that are wanted. */
static uint64_t lowest_wanted(const struct merge *m)
{
	uint64_t lowest = MERGE_ENDED;

	for (unsigned i = 0; i < m->n; i++)
		if (merge_wants(m, i) && m->last[i] < lowest)
			lowest = m->last[i];
	return lowest;
}

struct order_item *merge_dequeue(struct merge *m)
{
	return order_remove(&m->received, 1, lowest_wanted(m));
}

uint64_t merge_passed(const struct merge *m)
{
	uint64_t lowest = lowest_wanted(m);

	if (!order_is_empty(&m->received) && order_min(&m->received) <= lowest)
		return order_min(&m->received) - 1;
	return lowest;
}

uint64_t merge_odd(const struct merge *m)
{
	uint64_t odd = 0;

	for (unsigned i = 0; i < m->n; i++)
		odd += m->clocks[i].odd;
	return odd;
}
