/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sightings: one record for each connection of encrypted DNS (PACKET_encrypted), so that it shows
 * which clients bypass the resolver. It is made when the client's ClientHello has been read, or
 * when there will be none: see lib/metrics/sight.def. After that the connection is known until it
 * has been silent for long, so that it gives no second record. Time is packet time only.
 */
#ifndef SIGHT_SIGHT_H
#define SIGHT_SIGHT_H

#include "record/record.h"
#include "sight/flow.h"

/* How long a ClientHello is waited for, from the first packet on. */
#define SIGHT_WAIT_NS (10 * INT64_C(1000000000))

struct sight_conf {
	uint32_t max_flows; /* connections; 0: no sightings, and no memory */
	int64_t idle_ns; /* a connection without packets for longer is another one */
	bool macs; /* records have MAC addresses: those of pkt.macs */
};

struct sight {
	struct flow_table table;
	struct mac_pair *macs; /* by connection; NULL: not asked for */
	int64_t idle_ns;
	const struct packet_conf *packets;
	struct hash_secret secret;
	struct record_arena *out;
	struct metrics_sight *metrics;
};

/* Octets of memory. */
static inline size_t sight_bytes(const struct sight_conf *conf)
{
	return flow_bytes(conf->max_flows) +
	       (conf->macs && conf->max_flows
			       ? ((size_t)conf->max_flows + 1) * sizeof(struct mac_pair)
			       : 0);
}

/*
 * `memory`: zeroed, sight_bytes() octets, aligned to a cache line, the caller's. `packets` tells
 * servers from clients.
 */
void sight_init(struct sight *s, void *memory, const struct sight_conf *conf,
	const struct packet_conf *packets, const struct hash_secret *secret,
	struct record_arena *out, struct metrics_sight *metrics);

/* The same for both directions. */
static inline uint32_t sight_hash(const struct sight *s, const struct pkt *pkt)
{
	return packet_flow_hash(&s->secret, pkt);
}

/* Ask for the memory of a later sight_take(): first call, some work, second call, some work. */
static inline void sight_prefetch(const struct sight *s, uint32_t hash)
{
	__builtin_prefetch(&s->table.buckets[hash & s->table.mask]);
}

static inline void sight_prefetch_flow(const struct sight *s, uint32_t hash)
{
	const char *flow = (const char *)flow_at(&s->table, s->table.buckets[hash & s->table.mask]);
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + BITS_CACHE_LINE, 1);
}

/*
 * Takes a packet that ended as PACKET_encrypted; max_flows is not 0. What one costs is linear in
 * its octets, at most HELLO_MAX of them and as many as came before.
 */
void sight_take(struct sight *s, const struct pkt *pkt, uint32_t hash);

/* True if sight_expire() would find something at clock_ns. */
bool sight_is_due(const struct sight *s, int64_t clock_ns);

/* Lets at most `most` connections go whose time is over by the capture's clock. */
void sight_expire(struct sight *s, int64_t clock_ns, unsigned most);

/* The capture is at its end: what waits gives its records. */
void sight_finish(struct sight *s);

#endif
