/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects a queue that delivers nothing while its device counts packets. */
#ifndef RX_PORT_STALL_H
#define RX_PORT_STALL_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_STALL_LOOKS 3 /* in a row, before it is believed */

struct port_stall {
	uint64_t counted, taken; /* at the look before */
	uint64_t since; /* `counted` when it began to stand still */
	unsigned looks; /* without anything taken while the device counted */
	bool begun, stands;
};

enum port_stall_event { PORT_STALL_NOTHING, PORT_STALL_STANDS, PORT_STALL_MOVES };

/*
 * Compares counters, about a second after the call before. counted: packets that the device has
 * counted for the queue, delivered, missed or dropped; taken: packets that were received from it.
 * An event is returned again only after the other one.
 */
enum port_stall_event port_stall_look(struct port_stall *s, uint64_t counted, uint64_t taken);

/* Returns the packets that the device counted while the queue was stalled. */
static inline uint64_t port_stall_packets(const struct port_stall *s)
{
	return s->counted - s->since;
}

#endif
