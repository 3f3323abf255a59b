/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merges packets of several sources into the order of the capture. Each source delivers in order,
 * up to a mark, which the caller stores. Items are linked, never copied: they stay in the caller's
 * memory.
 */
#ifndef RX_ORDER_H
#define RX_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_SOURCES 64

struct order_item {
	struct order_item *next; /* of the same source */
	void *packet; /* the caller's */
	uint64_t number; /* of the packet in the capture; rises within a source */
	uint16_t from; /* the source, less than ORDER_SOURCES */
	uint8_t level; /* how many nested datagrams were reassembled for it */
	uint8_t piece; /* it is an IP fragment or an A-MSDU */
};

/* Packets that several sources have delivered. All zeros: empty. */
struct order {
	struct order_item *first[ORDER_SOURCES], *last[ORDER_SOURCES];
	uint64_t pending; /* bit n: source n has items here */
};

/* Enqueues an item of source item->from. */
void order_insert(struct order *o, struct order_item *item);

/* Dequeues the item of the lowest number in all `n` of `orders`. NULL if that number is above
 * `max`, or there is none. */
struct order_item *order_remove(struct order *orders, unsigned n, uint64_t max);

/* Returns the lowest number; `o` must not be empty. */
uint64_t order_min(const struct order *o);

/* True if it holds no item. */
static inline bool order_is_empty(const struct order *o)
{
	return o->pending == 0;
}

#endif
