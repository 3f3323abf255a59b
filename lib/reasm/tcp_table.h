/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS over TCP as a tap sees it: the connections of one worker, bounded and preallocated. Segments
 * go in, messages come out:
 *
 *	tcp_process(t, &pkt, tcp_hash(t, &pkt));
 *	while (tcp_next(t, &message))
 *		...
 *
 * A connection costs three cache lines; octets that cannot be used yet are buffered in chunks of a
 * pool that all connections share. Each direction continues behind octets that the capture lacks:
 * some time after the peer has acknowledged them, when the buffer is full, or when the connection
 * ends. Until then replies wait, too, because the gap may hide what they answer.
 */
#ifndef REASM_TCP_TABLE_H
#define REASM_TCP_TABLE_H

#include "base/slots.h"
#include "reasm/tcp_work.h"

/* How long octets that the peer has acknowledged may arrive late: captures reorder. */
#define TCP_GAP_NS (50 * INT64_C(1000000))
/* The same if the peer is not seen. */
#define TCP_BLIND_NS (1000 * INT64_C(1000000))
/* If the clock is so far ahead of a segment's timestamp, the capture went back in time
 * (rx/clock.h). The least txn.jump_s. */
#define TCP_AHEAD_NS (60 * INT64_C(1000000000))
/* How long an ended connection is kept, so that late copies do not begin another one. */
#define TCP_LINGER_NS (2000 * INT64_C(1000000))
/* Octets that a segment may be off its place. Further off, it belongs to another connection, or
 * much was lost. */
#define TCP_NEAR (1 << 20)

struct tcp_conf {
	uint32_t max_streams; /* connections */
	uint64_t buffer_bytes; /* octets that all streams buffer; raised to those of one stream */
	uint32_t stream_bytes; /* octets that one direction buffers; brought within limits */
	int64_t idle_ns; /* a connection without segments for longer expires */
	bool unordered; /* segments of one connection arrive by several queues */
	int64_t reorder_ns; /* then they are out of order by up to this */
};

struct tcp_message {
	const uint8_t *data; /* valid until the next call */
	uint32_t len; /* at most 65535 */
	uint32_t wire_len; /* as announced; more than len if cut */
	bool cut; /* the capture truncated the message */
	bool ambiguous; /* the capture does not show which octets the receiver read */
	int64_t ts_ns; /* when its last octet was captured and none before it was missing */
	int64_t clock_ns; /* the capture's clock now */
	int64_t rtt_ns; /* SYN to the handshake's last ACK; -1: not seen */
	/* A segment of its direction: ends, VLANs, tunnel. Valid until the next call. */
	const struct pkt *pkt;
};

enum tcp_list {
	TCP_HALF, /* half-open: no segment proves that its sender has seen the other side's */
	TCP_ACTIVE,
	/* a gap was acknowledged, or the peer is not seen: */
	TCP_HALF_STALLED,
	TCP_STALLED,
	TCP_LINGER, /* ended */
	TCP_LISTS,
};

/* Where a stream may continue, according to a segment that did not fit its state. */
struct tcp_claim {
	uint32_t seq; /* behind that segment */
	uint32_t ack; /* of that segment */
};

struct tcp_flow {
	struct addr_pair addrs; /* of its first segment, whose sender's is stream[0] */
	uint8_t list : 3; /* enum tcp_list */
	uint8_t handshake : 2;
	uint8_t proven : 1; /* each side has been shown to see the other's segments */
	uint8_t side : 2; /* enum tcp_side of stream[0] */
	uint16_t sport, dport; /* of its first segment */
	uint8_t flags[2]; /* of the streams */
	struct slot slot;
	uint64_t realm;
	/* second cache line */
	struct tcp_stream stream[2];
	int64_t last_ns; /* clock at the latest segment */
	int64_t listed_ns; /* clock when it became the youngest of its list */
	/* third cache line: not needed by segments in order */
	int64_t handshake_ns; /* time of the SYN; then how long the handshake took */
	int64_t claim_ns; /* time of the latest claim */
	struct tcp_claim claim[2]; /* of the streams with TCP_CLAIMED */
	uint32_t
		isn[2]; /* sequence number of a stream's SYN, or in front of the first octet seen */
	uint8_t claim_scale[2]; /* of the SYN that made the claim */
	uint8_t scale[2]; /* window scale of a stream's sender, or TCP_SCALE_UNKNOWN */
	uint8_t client; /* number of the stream of who sent the SYN */
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct tcp_flow, stream) == BITS_CACHE_LINE &&
		       offsetof(struct tcp_flow, handshake_ns) == 2 * BITS_CACHE_LINE,
	"a segment in order touches two cache lines of its connection");

struct tcp_table {
	struct tcp_flow *flows;
	struct slots slots; /* of flows */
	struct agelist list[TCP_LISTS];
	int64_t idle_ns;
	int64_t gap_ns; /* how long a gap waits: TCP_GAP_NS, or tcp_conf.reorder_ns */
	bool unordered; /* as in tcp_conf */
	int64_t clock_ns; /* of the latest segment */
	int64_t ahead_ns; /* clock less timestamp of that segment, if TCP_AHEAD_NS or more; else 0
			   */
	const struct packet_conf *ports;
	struct hash_secret secret;
	struct tcp_store store;
	struct tcp_work work;
};

/* Returns the octets of memory for a table. */
size_t tcp_bytes(const struct tcp_conf *conf);

/*
 * Starts an empty table in zeroed memory of tcp_bytes(), aligned to a cache line. `ports` tells
 * servers from clients and what a wrong checksum means; it and the counters must outlive the table.
 */
void tcp_init(struct tcp_table *t, void *memory, const struct tcp_conf *conf,
	const struct packet_conf *ports, const struct hash_secret *secret,
	struct metrics_reasm *metrics);

/* Returns the hash of a segment's connection, the same for both directions. */
static inline uint32_t tcp_hash(const struct tcp_table *t, const struct pkt *pkt)
{
	return packet_flow_hash(&t->secret, pkt);
}

/*
 * Prefetch the memory of a later tcp_process(): call the first, do some work, call the second, do
 * some work.
 */
static inline void tcp_prefetch(const struct tcp_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->slots.buckets[hash & t->slots.mask]);
}

static inline void tcp_prefetch_flow(const struct tcp_table *t, uint32_t hash)
{
	const char *flow = (const char *)&t->flows[slots_bucket(&t->slots, hash)];
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + BITS_CACHE_LINE, 1);
}

/* True if the segment belongs to a connection in the table. */
bool tcp_has_flow(const struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/*
 * Processes a TCP segment, whose memory must stay valid until tcp_next() returns false. The work is
 * linear in its octets, plus a bounded number of steps.
 */
void tcp_process(struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/*
 * Returns true and the next message that the latest tcp_process(), tcp_expire() or tcp_finish()
 * completed, in stream order, or false if there is none. After each of these, the caller must call
 * this until it returns false.
 */
bool tcp_next(struct tcp_table *t, struct tcp_message *out);

/* True if tcp_expire() has something to do at clock_ns. */
bool tcp_is_any_due(struct tcp_table *t, int64_t clock_ns);

/* Processes one connection that is due at clock_ns. Returns false if none is. */
bool tcp_expire(struct tcp_table *t, int64_t clock_ns);

/* Ends one connection, at the end of the capture. Returns false if there is none. */
bool tcp_finish(struct tcp_table *t);

#endif
