/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of encrypted DNS that one worker knows, bounded, preallocated, and the octets of
 * ClientHellos that come in pieces. No policy here: who comes, goes and is told is sight.h's.
 */
#ifndef SIGHT_FLOW_H
#define SIGHT_FLOW_H

#include "base/agelist.h"
#include "packet/packet.h"
#include "sight/hello.h"

#define FLOW_BUFFERS 1024 /* ClientHellos of a worker that may be in the making */

enum flow_list {
	FLOW_WAITING, /* no record yet, by when they began */
	FLOW_TOLD, /* the record was made; known so that there is no second one, by latest packet */
	FLOW_LISTS,
};

struct flow {
	struct addr_pair addrs; /* client, server */
	uint8_t proto;
	uint16_t client_port, server_port;
	uint64_t realm;
	uint16_t vlan[PACKET_VLANS];
	uint8_t vlans;
	uint8_t list : 4; /* enum flow_list */
	uint8_t known : 1; /* `start` is */
	uint8_t joined : 1; /* it was seen from the middle on */
	uint32_t hash;
	uint32_t bucket_next;
	struct agelink link;
	uint32_t start; /* sequence number of the client's first octet (TCP) */
	uint32_t have; /* octets from there that are at hand, in the buffer */
	uint32_t buffer; /* 0: none */
	int64_t ts_ns; /* of the first packet */
	int64_t began_ns; /* the capture's clock at that packet */
	int64_t last_ns; /* and at the latest one */
	struct tunnel tunnel;
};

struct flow_buffer {
	uint32_t owner; /* connection; 0: none */
	uint8_t octets[HELLO_MAX];
};

struct flow_table {
	struct flow *flows; /* numbered from 1; 0 means none */
	uint32_t *buckets;
	struct flow_buffer *buffers; /* numbered from 1 */
	uint32_t mask;
	uint32_t capacity; /* 0: there is no table */
	uint32_t
		virgin; /* the last flow that was ever used: no memory is touched before its time */
	uint32_t free; /* list of returned flows */
	uint32_t used;
	uint32_t latest; /* buffer given last: they are given in turn */
	struct agelist list[FLOW_LISTS];
};

/* Octets of memory for a table of `capacity` connections; 0 for none. */
size_t flow_bytes(uint32_t capacity);

/* Starts an empty table in zeroed memory of flow_bytes(), aligned to a cache line. */
void flow_init(struct flow_table *t, void *memory, uint32_t capacity);

static inline struct flow *flow_at(const struct flow_table *t, uint32_t slot)
{
	return &t->flows[slot];
}

/* The connection of a packet, and who sent it; or 0. */
uint32_t flow_find(
	const struct flow_table *t, const struct pkt *pkt, uint32_t hash, bool *from_client);

/* The oldest connection of this hash's bucket, where that is full (base/hash.h) and it has to go
 * before flow_add(); or 0. */
uint32_t flow_crowded(const struct flow_table *t, uint32_t hash);

/* A new connection in FLOW_WAITING; there is room. `from_client`: who sent the packet. */
uint32_t flow_add(struct flow_table *t, const struct pkt *pkt, uint32_t hash, bool from_client);

/* Makes it the youngest of a list. */
void flow_move(struct flow_table *t, uint32_t slot, enum flow_list list);

void flow_remove(struct flow_table *t, uint32_t slot);

/*
 * Gives a connection that has none the buffer that was given longest ago. Returns the connection
 * that loses it thereby, or 0.
 */
uint32_t flow_buffer_take(struct flow_table *t, uint32_t slot);

static inline uint8_t *flow_buffer(const struct flow_table *t, const struct flow *f)
{
	return t->buffers[f->buffer].octets;
}

void flow_buffer_drop(struct flow_table *t, uint32_t slot);

#endif
