/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/order.h"

#include <stddef.h>

void order_put(struct order *o, struct order_item *item)
{
	unsigned n = item->from;

	item->next = NULL;
	if (o->waiting >> n & 1)
		o->last[n]->next = item;
	else
		o->first[n] = item;
	o->last[n] = item;
	o->waiting |= (uint64_t)1 << n;
}

static struct order_item *take_first(struct order *o, unsigned n)
{
	struct order_item *item = o->first[n];

	o->first[n] = item->next;
	if (!item->next)
		o->waiting &= ~((uint64_t)1 << n);
	return item;
}

uint64_t order_least(const struct order *o)
{
	uint64_t least = UINT64_MAX;

	for (uint64_t rest = o->waiting; rest; rest &= rest - 1) {
		uint64_t number = o->first[__builtin_ctzll(rest)]->number;
		least = number < least ? number : least;
	}
	return least;
}

struct order_item *order_take(struct order *orders, unsigned n, uint64_t upto)
{
	struct order *best = NULL;
	unsigned source = 0;

	for (unsigned i = 0; i < n; i++) {
		for (uint64_t rest = orders[i].waiting; rest; rest &= rest - 1) {
			unsigned k = (unsigned)__builtin_ctzll(rest);
			if (best ? orders[i].first[k]->number < best->first[source]->number
				 : orders[i].first[k]->number <= upto) {
				best = &orders[i];
				source = k;
			}
		}
	}
	return best ? take_first(best, source) : NULL;
}
