/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record is one finished transaction, with its messages in wire form, that a worker hands to a
 * logger. Records are allocated in an arena, a ring of octets that one worker fills and one logger
 * releases in the same order: allocation is an addition, a message is never truncated, and the
 * logger reads memory in sequence.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/addr.h"
#include "metrics/metrics.h"
#include "packet/mac.h"
#include "packet/tunnel.h"

enum record_status {
	RECORD_ANSWERED,
	RECORD_NO_REPLY,
	RECORD_NO_QUERY,
	RECORD_MISMATCH,
	RECORD_DUPLICATE, /* ts_ns and latency_ns are the answered query's */
	RECORD_MALFORMED,
	RECORD_ENCRYPTED, /* a connection of encrypted DNS; no message */
};

/* The transport of encrypted DNS, if it can be told. */
enum record_transport {
	RECORD_TRANSPORT_none,
#define TRANSPORT(name, help) RECORD_TRANSPORT_##name,
#include "record/transport.def"
#undef TRANSPORT
	RECORD_TRANSPORTS,
};

/* record.transfer: whether the reply is that of a zone transfer. */
enum record_transfer {
	RECORD_TRANSFER_NONE,
	RECORD_TRANSFER_WHOLE, /* in one message, which the record holds */
	RECORD_TRANSFER_SUM, /* in several: the record holds the header of the first, without its
			      * counts, and behind it, within reply_len, struct record_sum */
};

/*
 * record.ambiguous: the capture holds several versions of some octets of a message over TCP, or
 * one with a wrong checksum alone, and does not show which of them the receiver read.
 */
enum { RECORD_AMBIGUOUS_QUERY = 1, RECORD_AMBIGUOUS_REPLY = 2 };

struct record_sum {
	uint64_t records; /* resource records of the answer sections */
	uint64_t octets; /* of all messages */
	int64_t duration_ns; /* from the first message to the last */
	uint32_t messages;
	uint32_t serial; /* of the zone */
	uint8_t incomplete; /* its last message was not captured */
};

#define RECORD_VLANS 4

struct record {
	uint64_t end; /* arena position behind the record */
	int64_t ts_ns; /* of the first query; without a query, of the reply; RECORD_ENCRYPTED: of
			* the connection's first packet */
	int64_t latency_ns; /* RECORD_ANSWERED, RECORD_DUPLICATE */
	int64_t rtt_ns; /* of the TCP handshake; 0: not captured */
	struct addr_pair addrs; /* client, server */
	uint8_t proto; /* IP protocol number: 6, 17 */
	uint16_t client_port, server_port;
	/* octets of the first question's name; 0: dns_msg_read() found none */
	uint16_t query_name, reply_name;
	uint8_t status; /* enum record_status */
	uint8_t vlans; /* entries of vlan[] */
	uint16_t vlan[RECORD_VLANS];
	struct tunnel tunnel;
	uint32_t query_len; /* captured octets of the query; 0: no query */
	uint32_t query_wire; /* octets of the query on the wire */
	uint32_t reply_len;
	uint32_t reply_wire;
	uint32_t
		reply_frame; /* octets of the frame that carried the reply; 0: several frames did */
	uint32_t retries;
	union {
		uint8_t error; /* enum dns_error: why RECORD_MALFORMED */
		uint8_t transport; /* RECORD_ENCRYPTED: enum record_transport */
		uint8_t evicted; /* RECORD_NO_REPLY: before the timeout */
	};
	uint8_t query_cut; /* the capture truncated the query, the reply */
	uint8_t reply_cut;
	uint8_t transfer : 2; /* enum record_transfer */
	uint8_t bad_checksum : 1; /* of the UDP datagram that brought the reply */
	uint8_t group : 1; /* the query was sent to a group; the server is the host that replied */
	uint8_t ambiguous : 2; /* RECORD_AMBIGUOUS_*: messages whose octets are in doubt */
	uint8_t has_macs : 1; /* struct mac_pair follows the messages */
	/* The query, the reply, struct mac_pair if has_macs. RECORD_ENCRYPTED: instead of the query
	 * the server name that the client sent, query_len octets; query_wire is 0. */
	uint8_t data[];
};

_Static_assert(sizeof(struct record) == 152, "no padding");

/* Sets addresses (client, server), ports and protocol. */
static inline void record_set_ends(struct record *r, const struct addr_pair *addrs,
	uint16_t client_port, uint16_t server_port, uint8_t proto)
{
	r->addrs = *addrs;
	r->client_port = client_port;
	r->server_port = server_port;
	r->proto = proto;
}

/* Sets VLANs (n of them, at most RECORD_VLANS) and tunnel. */
static inline void record_set_path(
	struct record *r, const uint16_t *vlan, uint8_t n, const struct tunnel *tunnel)
{
	r->vlans = n;
	if (bits_unlikely(n))
		memcpy(r->vlan, vlan, n * sizeof(r->vlan[0]));
	if (tunnel->type != TUNNEL_none)
		r->tunnel = *tunnel;
}

static inline const uint8_t *record_query(const struct record *r)
{
	return r->data;
}

static inline const uint8_t *record_reply(const struct record *r)
{
	return r->data + r->query_len;
}

/* Returns the captured octets of the reply; of RECORD_TRANSFER_SUM, those of the header. */
static inline uint32_t record_reply_len(const struct record *r)
{
	return r->transfer == RECORD_TRANSFER_SUM
		       ? r->reply_len - (uint32_t)sizeof(struct record_sum)
		       : r->reply_len;
}

/* Returns the MAC addresses of client and server; without has_macs none is known. */
static inline struct mac_pair record_macs(const struct record *r)
{
	struct mac_pair macs = {.known = 0};
	if (r->has_macs)
		memcpy(&macs, r->data + r->query_len + r->reply_len, sizeof(macs));
	return macs;
}

/* Stores the MAC addresses. The arena must have record_arena_want_macs(). */
static inline void record_set_macs(struct record *r, const struct mac_pair *macs)
{
	r->has_macs = 1;
	memcpy(r->data + r->query_len + r->reply_len, macs, sizeof(*macs));
}

/* Returns the sums of a record with RECORD_TRANSFER_SUM. */
static inline struct record_sum record_sum(const struct record *r)
{
	struct record_sum sum;
	memcpy(&sum, record_reply(r) + record_reply_len(r), sizeof(sum));
	return sum;
}

#define RECORD_BATCH 64

struct record_arena {
	/* of the worker */
	uint8_t *base;
	uint64_t size;
	uint64_t head; /* position behind the newest record; positions do not wrap around */
	uint64_t offset; /* of head in the ring */
	uint64_t begun; /* position of the latest record_begin() */
	uint64_t tail_seen; /* `tail` when it was read last */
	uint32_t trailer; /* octets behind the messages of each record */
	struct metrics_record *metrics;
	/* Enqueues n committed records for the logger, in order. A queue with size /
	 * RECORD_SMALLEST entries cannot be full. */
	void (*pass)(void *to, void **records, unsigned n);
	void *pass_to;
	/* Called while the arena is full, for back-pressure; NULL: the record is dropped instead.
	 */
	void (*wait)(void *of);
	void *wait_of;
	unsigned pending;
	void *batch[RECORD_BATCH];
	uint64_t passed; /* `head` at the latest flush: written by the worker, read by the logger */
	/* written by the logger, read by the worker */
	uint64_t tail __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct record_arena, tail) % BITS_CACHE_LINE == 0 &&
		       sizeof(struct record_arena) - offsetof(struct record_arena, tail) ==
			       BITS_CACHE_LINE,
	"the logger writes tail, which has a cache line of its own");

/* The unit of record sizes, the smallest record, and the smallest arena: any two records fit. */
#define RECORD_MIN 128
#define RECORD_SMALLEST ((sizeof(struct record) + RECORD_MIN - 1) / RECORD_MIN * RECORD_MIN)
#define RECORD_ARENA_MIN (512 * 1024)

/* Initialises an empty arena over `size` octets (RECORD_ARENA_MIN or more) that the caller owns. */
void record_arena_init(
	struct record_arena *a, void *base, uint64_t size, struct metrics_record *metrics);

/* Reserves space for MAC addresses (record_set_macs()) in each record from now on. */
static inline void record_arena_want_macs(struct record_arena *a)
{
	a->trailer = sizeof(struct mac_pair);
}

/*
 * Reserves a record with messages of the two lengths, at most 65535 octets each. The lengths are
 * set, all else up to data[] is zero. Returns NULL, and counts the record as dropped, if the arena
 * is full. One at a time; the next call discards an uncommitted record.
 */
struct record *record_begin(struct record_arena *a, uint32_t query_len, uint32_t reply_len);

/* Commits the record of the latest record_begin(): the logger owns it from the next flush on. */
void record_commit(struct record_arena *a, struct record *r);

/* Enqueues the committed records for the logger; called at the end of every burst. */
void record_flush(struct record_arena *a);

/* Returns how full the arena is, in 1/256; `released`: the position up to which the logger
 * released. */
static inline unsigned record_fill(const struct record_arena *a, uint64_t released)
{
	uint64_t passed = __atomic_load_n(&a->passed, __ATOMIC_RELAXED);
	return passed > released ? (unsigned)((passed - released) * 256 / a->size) : 0;
}

/* Releases a record (its `end`) and all records before it; called by the logger. */
static inline void record_release(struct record_arena *a, uint64_t end)
{
	__atomic_store_n(&a->tail, end, __ATOMIC_RELEASE);
}

#endif
