/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects a queue that delivers nothing while its device counts packets. */
#ifndef RX_PORT_STALL_H
#define RX_PORT_STALL_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_STALL_CHECKS 3 /* in a row, before a stall is reported */

struct port_stall {
	uint64_t counted, received; /* at the check before */
	uint64_t since; /* `counted` when the stall began */
	unsigned checks; /* in a row that found packets counted but none received */
	bool begun, stalled;
};

enum port_stall_event { PORT_STALL_NOTHING, PORT_STALL_STALLED, PORT_STALL_RESUMED };

/*
 * Compares counters, about a second after the previous call. counted: packets that the device has
 * counted for the queue, delivered, missed or dropped; received: packets that a worker received
 * from it. Returns an event again only after the other one.
 */
enum port_stall_event port_stall_check(struct port_stall *s, uint64_t counted, uint64_t received);

/* Returns the packets that the device counted while the queue was stalled. */
static inline uint64_t port_stall_packets(const struct port_stall *s)
{
	return s->counted - s->since;
}

#endif
