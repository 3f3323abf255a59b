/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sightings: one record for each connection of encrypted DNS (PACKET_encrypted), so that it shows
 * which clients bypass the resolver. The record is made when the client's ClientHello has been
 * parsed, or when there will be none: see lib/metrics/sight.def. The connection stays in the table
 * until it has been idle for long, so that it has no second record. Time is packet time only.
 */
#ifndef SIGHT_SIGHT_H
#define SIGHT_SIGHT_H

#include "record/record.h"
#include "sight/flow.h"

/* How long a ClientHello may take, from the first packet on. */
#define SIGHT_WAIT_NS (10 * INT64_C(1000000000))

struct sight_conf {
	uint32_t max_flows; /* connections; 0: no sightings, and no memory */
	int64_t idle_ns; /* packets after a longer silence begin another connection */
	bool macs; /* records have the MAC addresses of pkt.macs */
};

struct sight {
	struct sight_table table;
	struct mac_pair *macs; /* by connection; NULL if conf.macs is false */
	int64_t idle_ns;
	const struct packet_conf *packets;
	struct hash_secret secret;
	struct record_arena *out;
	struct metrics_sight *metrics;
};

/* Returns the octets of memory that the stage needs. */
static inline size_t sight_bytes(const struct sight_conf *conf)
{
	return sight_table_bytes(conf->max_flows) +
	       (conf->macs && conf->max_flows
			       ? ((size_t)conf->max_flows + 1) * sizeof(struct mac_pair)
			       : 0);
}

/*
 * Starts the stage. `memory` is zeroed, has sight_bytes() octets, is aligned to a cache line and
 * stays the caller's. `packets` tells servers from clients. All pointers must outlive the stage.
 */
void sight_init(struct sight *s, void *memory, const struct sight_conf *conf,
	const struct packet_conf *packets, const struct hash_secret *secret,
	struct record_arena *out, struct metrics_sight *metrics);

/* Returns the hash of a packet's connection, the same for both directions. */
static inline uint32_t sight_hash(const struct sight *s, const struct pkt *pkt)
{
	return packet_flow_hash(&s->secret, pkt);
}

/*
 * Prefetch the memory of a later sight_process(): call the first, do some work, call the second, do
 * some work.
 */
static inline void sight_prefetch(const struct sight *s, uint32_t hash)
{
	const struct slots *slots = &s->table.slots;
	__builtin_prefetch(&slots->buckets[hash & slots->mask]);
}

static inline void sight_prefetch_flow(const struct sight *s, uint32_t hash)
{
	const char *flow =
		(const char *)sight_flow_at(&s->table, slots_bucket(&s->table.slots, hash));
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + BITS_CACHE_LINE, 1);
}

/*
 * Processes a packet that ended as PACKET_encrypted; max_flows is not 0. The octets of a connection
 * cost linear work, however they are divided into segments.
 */
void sight_process(struct sight *s, const struct pkt *pkt, uint32_t hash);

/* True if sight_expire() would expire a connection at clock_ns. */
bool sight_is_due(const struct sight *s, int64_t clock_ns);

/* Expires at most `max` connections by the capture's clock. */
void sight_expire(struct sight *s, int64_t clock_ns, unsigned max);

/* Makes the records of all pending connections, at the end of the capture. */
void sight_finish(struct sight *s);

#endif
