/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of encrypted DNS that one worker knows, bounded and preallocated, and the buffers
 * for ClientHellos that arrive in several segments. Policy is in sight.c.
 */
#ifndef SIGHT_FLOW_H
#define SIGHT_FLOW_H

#include "base/slots.h"
#include "packet/packet.h"
#include "sight/hello.h"

#define SIGHT_BUFFERS 1024 /* incomplete ClientHellos of one worker */

enum sight_list {
	SIGHT_PENDING, /* no record yet; oldest first packet first */
	SIGHT_REPORTED, /* kept so that there is no second record; oldest latest packet first */
	SIGHT_LISTS,
};

struct sight_flow {
	struct addr_pair addrs; /* client, server */
	uint8_t proto;
	uint16_t client_port, server_port;
	uint64_t realm;
	uint16_t vlan[PACKET_VLANS];
	uint8_t vlans;
	uint8_t list : 4; /* enum sight_list */
	uint8_t known : 1; /* `start` is set */
	uint8_t joined : 1; /* the capture lacks the SYN */
	struct slot slot;
	uint32_t start; /* sequence number of the client's first octet (TCP) */
	uint32_t have; /* octets from there that are in the buffer */
	uint32_t need; /* octets that a further sight_hello_tls() needs at least */
	uint32_t buffer; /* 0: none */
	int64_t ts_ns; /* of the first packet */
	int64_t began_ns; /* the capture's clock at that packet */
	int64_t last_ns; /* the capture's clock at the latest packet */
	struct tunnel tunnel;
};

struct sight_buffer {
	uint32_t owner; /* connection; 0: none */
	uint8_t octets[SIGHT_HELLO_MAX];
};

struct sight_table {
	struct sight_flow *flows;
	struct sight_buffer *buffers; /* numbered from 1 */
	struct slots slots; /* capacity 0: there is no table */
	uint32_t latest; /* buffer that was assigned last; they are assigned in turn */
	struct agelist list[SIGHT_LISTS];
};

/* Returns the octets of memory for a table of `capacity` connections; 0 for none. */
size_t sight_table_bytes(uint32_t capacity);

/* Starts an empty table in zeroed memory of sight_table_bytes(), aligned to a cache line. */
void sight_table_init(struct sight_table *t, void *memory, uint32_t capacity);

static inline struct sight_flow *sight_flow_at(const struct sight_table *t, uint32_t slot)
{
	return &t->flows[slot];
}

/* Returns the connection of a packet, or 0; sets *from_client. */
uint32_t sight_flow_find(
	const struct sight_table *t, const struct pkt *pkt, uint32_t hash, bool *from_client);

/*
 * Adds a connection to SIGHT_PENDING; the table must have a free slot and the bucket space
 * (slots_crowded()). `from_client` tells who sent the packet.
 */
uint32_t sight_flow_add(
	struct sight_table *t, const struct pkt *pkt, uint32_t hash, bool from_client);

/* Moves a connection to a list, as its youngest. */
void sight_flow_move(struct sight_table *t, uint32_t slot, enum sight_list list);

/* Removes a connection and releases its buffer. */
void sight_flow_remove(struct sight_table *t, uint32_t slot);

/* Returns the connection whose buffer sight_buffer_assign() takes away next, or 0. */
uint32_t sight_buffer_owner(const struct sight_table *t);

/* Assigns a connection that has no buffer the one that was assigned longest ago. */
void sight_buffer_assign(struct sight_table *t, uint32_t slot);

/* Releases the buffer of a connection, if it has one. */
void sight_buffer_release(struct sight_table *t, uint32_t slot);

static inline uint8_t *sight_buffer_of(const struct sight_table *t, const struct sight_flow *f)
{
	return t->buffers[f->buffer].octets;
}

#endif
