/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/order.h"

#include <stddef.h>

void order_insert(struct order *o, struct order_item *item)
{
	unsigned n = item->from;

	item->next = NULL;
	if (o->pending >> n & 1)
		o->last[n]->next = item;
	else
		o->first[n] = item;
	o->last[n] = item;
	o->pending |= (uint64_t)1 << n;
}

static struct order_item *dequeue_first(struct order *o, unsigned n)
{
	struct order_item *item = o->first[n];

	o->first[n] = item->next;
	if (!item->next)
		o->pending &= ~((uint64_t)1 << n);
	return item;
}

uint64_t order_min(const struct order *o)
{
	uint64_t lowest = UINT64_MAX;

	for (uint64_t rest = o->pending; rest; rest &= rest - 1) {
		uint64_t number = o->first[__builtin_ctzll(rest)]->number;
		lowest = number < lowest ? number : lowest;
	}
	return lowest;
}

struct order_item *order_remove(struct order *orders, unsigned n, uint64_t max)
{
	struct order *best = NULL;
	unsigned source = 0;

	for (unsigned i = 0; i < n; i++) {
		for (uint64_t rest = orders[i].pending; rest; rest &= rest - 1) {
			unsigned k = (unsigned)__builtin_ctzll(rest);
			if (best ? orders[i].first[k]->number < best->first[source]->number
				 : orders[i].first[k]->number <= max) {
				best = &orders[i];
				source = k;
			}
		}
	}
	return best ? dequeue_first(best, source) : NULL;
}
