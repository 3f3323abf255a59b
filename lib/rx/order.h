/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of several sources in the order of the capture. Each source delivers in order; what it
 * has delivered up to is known from elsewhere (a mark). Items are linked, never copied: they stand
 * in memory of whoever puts them in.
 */
#ifndef RX_ORDER_H
#define RX_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_SOURCES 64

struct order_item {
	struct order_item *next; /* of the same source */
	void *packet; /* the caller's */
	uint64_t number; /* its place in the capture; rises within a source */
	uint16_t from; /* the source, less than ORDER_SOURCES */
	uint8_t level; /* how many datagrams, one in another, were put together for it */
	uint8_t piece; /* it is a fragment */
};

/* What several sources have delivered, each in order. Zeroed: empty. */
struct order {
	struct order_item *first[ORDER_SOURCES], *last[ORDER_SOURCES];
	uint64_t waiting; /* bit n: source n has items here */
};

void order_put(struct order *o, struct order_item *item);

/* Takes out the item of the lowest number in all `n` of `orders`, if that is at most `upto`; else
 * NULL. */
struct order_item *order_take(struct order *orders, unsigned n, uint64_t upto);

/* The lowest number in it, which must not be empty. */
uint64_t order_least(const struct order *o);

/* Is nothing in it? */
static inline bool order_empty(const struct order *o)
{
	return o->waiting == 0;
}

#endif
