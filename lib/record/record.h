/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fourth currency: one finished transaction, with its messages in wire form, on its way from a
 * worker to a logger. Records live in an arena, a ring of octets that one worker fills and one
 * logger empties in the same order: taking one is an addition, a message is never cut, and the
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

/* What a connection of encrypted DNS is, as far as it can be seen. */
enum record_transport {
	RECORD_TRANSPORT_none,
#define TRANSPORT(name, help) RECORD_TRANSPORT_##name,
#include "record/transport.def"
#undef TRANSPORT
	RECORD_TRANSPORTS,
};

/* record.transfer: the reply is that of a zone transfer. */
enum record_transfer {
	RECORD_TRANSFER_NONE,
	RECORD_TRANSFER_WHOLE, /* in one message, which is at hand */
	RECORD_TRANSFER_SUM, /* in several: at hand are the first one's header, with no counts, and
			      * behind it, in reply_len, struct record_sum */
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
	uint8_t incomplete; /* its end was not seen */
};

#define RECORD_VLANS 4

struct record {
	uint64_t end; /* arena position behind it */
	int64_t ts_ns; /* of the first query; of the reply where there is no query; of the first
			  packet of a connection */
	int64_t latency_ns; /* RECORD_ANSWERED, RECORD_DUPLICATE */
	int64_t rtt_ns; /* of the TCP handshake; 0: not seen */
	struct addr_pair addrs; /* client, server */
	uint8_t proto; /* IP protocol number: 6, 17 */
	uint16_t client_port, server_port;
	/* octets of the first question's name, where dns_msg_read() found one: else 0 */
	uint16_t query_name, reply_name;
	uint8_t status; /* enum record_status */
	uint8_t vlans; /* of vlan[] */
	uint16_t vlan[RECORD_VLANS];
	struct tunnel tunnel;
	uint32_t query_len; /* octets of the query at hand, 0: no query */
	uint32_t query_wire; /* octets of the query as it was sent */
	uint32_t reply_len;
	uint32_t reply_wire;
	uint32_t reply_frame; /* octets of the frame that carried the reply; 0: several did */
	uint32_t retries;
	union {
		uint8_t error; /* enum dns_error: why RECORD_MALFORMED */
		uint8_t transport; /* RECORD_ENCRYPTED: enum record_transport */
		uint8_t evicted; /* RECORD_NO_REPLY: it had to go before its time was over */
	};
	uint8_t query_cut; /* the capture cut the query, the reply */
	uint8_t reply_cut;
	uint8_t transfer : 2; /* enum record_transfer */
	uint8_t bad_checksum : 1; /* of the UDP datagram that brought the reply */
	uint8_t group : 1; /* the query went to a group, and `server` is who replied */
	uint8_t ambiguous : 2; /* RECORD_AMBIGUOUS_*: messages whose octets are in doubt */
	uint8_t has_macs : 1; /* record_macs() is there */
	/* The query, the reply, struct mac_pair if has_macs. RECORD_ENCRYPTED: query_len octets of
	 * the server's name that the client gave, and query_wire is 0. */
	uint8_t data[];
};

_Static_assert(sizeof(struct record) == 152, "no padding");

static inline const uint8_t *record_query(const struct record *r)
{
	return r->data;
}

static inline const uint8_t *record_reply(const struct record *r)
{
	return r->data + r->query_len;
}

/* Octets of the reply that are at hand: of several, of the first one's header. */
static inline uint32_t record_reply_len(const struct record *r)
{
	return r->transfer == RECORD_TRANSFER_SUM
		       ? r->reply_len - (uint32_t)sizeof(struct record_sum)
		       : r->reply_len;
}

/* The MAC addresses of client and server; none is known where output.mac is off. */
static inline struct mac_pair record_macs(const struct record *r)
{
	struct mac_pair macs = {.known = 0};
	if (r->has_macs)
		memcpy(&macs, r->data + r->query_len + r->reply_len, sizeof(macs));
	return macs;
}

/* Only for records of an arena with record_arena_want_macs(). */
static inline void record_set_macs(struct record *r, const struct mac_pair *macs)
{
	r->has_macs = 1;
	memcpy(r->data + r->query_len + r->reply_len, macs, sizeof(*macs));
}

/* Only of RECORD_TRANSFER_SUM. */
static inline struct record_sum record_sum(const struct record *r)
{
	struct record_sum sum;
	memcpy(&sum, record_reply(r) + record_reply_len(r), sizeof(sum));
	return sum;
}

#define RECORD_BATCH 64

struct record_arena {
	/* the worker's */
	uint8_t *base;
	uint64_t size;
	uint64_t head; /* position behind the newest record; positions never wrap */
	uint64_t offset; /* of head in the ring */
	uint64_t begun; /* position of the latest record_begin() */
	uint64_t tail_seen; /* last read of `tail` */
	uint32_t trailer; /* octets behind the messages of each record */
	struct metrics_record *metrics;
	/* Passes n finished records on, in order; the arena is the only source of them, so a ring
	 * that holds size / RECORD_SMALLEST of them cannot be full. */
	void (*pass)(void *to, void **records, unsigned n);
	void *pass_to;
	/* Called while the arena is full, if the run must lose nothing; NULL: drop instead. */
	void (*wait)(void *of);
	void *wait_of;
	unsigned pending;
	void *batch[RECORD_BATCH];
	uint64_t passed; /* `head` at the latest pass: written by the worker, read by the logger */
	/* written by the logger, read by the worker */
	uint64_t tail __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct record_arena, tail) % BITS_CACHE_LINE == 0 &&
		       sizeof(struct record_arena) - offsetof(struct record_arena, tail) ==
			       BITS_CACHE_LINE,
	"the logger writes tail, and nothing else of the worker's stands in its cache line");

/* The step of record sizes, and the smallest arena that holds any two records. */
#define RECORD_MIN 128
#define RECORD_SMALLEST ((sizeof(struct record) + RECORD_MIN - 1) / RECORD_MIN * RECORD_MIN)
#define RECORD_ARENA_MIN (512 * 1024)

/* Starts an empty arena over `size` octets (RECORD_ARENA_MIN or more), which stay the caller's. */
void record_arena_init(
	struct record_arena *a, void *base, uint64_t size, struct metrics_record *metrics);

/* Makes room for MAC addresses in each record (record_set_macs()) from now on. */
static inline void record_arena_want_macs(struct record_arena *a)
{
	a->trailer = sizeof(struct mac_pair);
}

/*
 * Room for a record with messages of the two lengths (each at most 65535), lengths filled in, the
 * rest zero up to data[]. It becomes the logger's by record_commit(). NULL: no room, and counted
 * as dropped. One at a time.
 */
struct record *record_begin(struct record_arena *a, uint32_t query_len, uint32_t reply_len);

void record_commit(struct record_arena *a, struct record *r);

/* Passes on what is committed; called at the end of every burst. */
void record_flush(struct record_arena *a);

/* How full it is, in 1/256, as the logger sees it, who has released what is behind `released`. */
static inline unsigned record_fill(const struct record_arena *a, uint64_t released)
{
	uint64_t passed = __atomic_load_n(&a->passed, __ATOMIC_RELAXED);
	return passed > released ? (unsigned)((passed - released) * 256 / a->size) : 0;
}

/* The logger is done with r and with all records that it got before r. */
static inline void record_release(struct record_arena *a, uint64_t end)
{
	__atomic_store_n(&a->tail, end, __ATOMIC_RELEASE);
}

#endif
