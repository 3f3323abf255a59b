/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS over TCP as a tap sees it: the connections of one worker, bounded, preallocated. Segments go
 * in, messages come out:
 *
 *	tcp_take(t, &pkt, tcp_hash(t, &pkt));
 *	while (tcp_next(t, &message))
 *		...
 *
 * A connection costs three cache lines; octets that cannot be used at once wait in chunks of a pool
 * that all connections share. Each direction goes on behind what it lost: some time after the peer
 * has acknowledged what is missing, when too much waits, or when the connection ends. Until then
 * replies wait, too: what is missing may be, or hide, what they answer.
 */
#ifndef REASM_TCP_TABLE_H
#define REASM_TCP_TABLE_H

#include "reasm/tcp_stream.h"

/* How long octets that the peer has acknowledged may come late: captures reorder. */
#define TCP_HOLE_NS (50 * INT64_C(1000000))
/* The same where nothing is seen of the peer. */
#define TCP_BLIND_NS (1000 * INT64_C(1000000))
/* The clock is so far ahead of a segment's stamp: the capture went back in time (rx/clock.h). The
 * least txn.jump_s. */
#define TCP_AHEAD_NS (60 * INT64_C(1000000000))
/* How long an ended connection is remembered, so that late copies are not taken for a new one. */
#define TCP_LINGER_NS (2000 * INT64_C(1000000))
/* Octets that a segment may be off its place; more: it is another connection's, or much is lost. */
#define TCP_NEAR (1 << 20)

struct tcp_conf {
	uint32_t max_streams; /* connections */
	uint64_t buffer_bytes; /* octets that wait, of all streams; raised to one stream's */
	uint32_t stream_bytes; /* octets that wait, of one direction; brought within limits */
	int64_t idle_ns; /* a connection without segments for longer is forgotten */
	bool unordered; /* segments of one connection come by several queues */
	int64_t reorder_ns; /* then they are out of order by up to this */
};

struct tcp_message {
	const uint8_t *data; /* valid until the next call */
	uint32_t len; /* at most 65535 */
	uint32_t wire_len; /* as announced; more than len if cut */
	bool cut; /* the capture cut the end of the message */
	bool ambiguous; /* the capture does not show which octets the receiver read */
	int64_t ts_ns; /* when its last octet was captured and none before it was missing */
	int64_t clock_ns; /* the capture's clock now */
	int64_t rtt_ns; /* SYN to the handshake's last ACK; -1: not seen */
	const struct pkt
		*pkt; /* a segment of its direction: ends, VLANs, tunnel. Until the next call. */
};

enum tcp_list {
	TCP_HALF, /* no segment was seen whose sender must have seen the other side's */
	TCP_ACTIVE,
	/* octets are missing that will hardly come any more: */
	TCP_HALF_WAITING,
	TCP_WAITING,
	TCP_LINGER, /* ended */
	TCP_LISTS,
};

enum tcp_end { TCP_END_NONE, TCP_END_CLOSED, TCP_END_RESET, TCP_END_REUSED, TCP_END_IDLE };

/* Where a stream may go on, by a segment that did not fit what is known of it. */
struct tcp_claim {
	uint32_t seq; /* behind that segment */
	uint32_t ack; /* that it gave */
};

struct tcp_flow {
	struct addr_pair addrs; /* of its first segment, whose sender's is stream[0] */
	uint8_t list : 3; /* enum tcp_list */
	uint8_t handshake : 2;
	uint8_t proven : 1; /* each side is known to see the other's segments */
	uint8_t side : 2; /* enum split_side of stream[0] */
	uint16_t sport, dport; /* of its first segment */
	uint8_t flags[2]; /* of the streams */
	uint32_t hash;
	uint32_t bucket_next;
	uint32_t older, younger; /* in its list */
	uint64_t realm;
	/* second cache line */
	struct tcp_stream stream[2];
	int64_t last_ns; /* clock at the latest segment */
	int64_t listed_ns; /* clock when it became the youngest of its list */
	/* third cache line: not needed by segments in order */
	int64_t handshake_ns; /* time of the SYN; then how long the handshake took */
	int64_t claim_ns; /* time of the latest claim */
	struct tcp_claim claim[2]; /* of the streams with TCP_CLAIMED */
	uint32_t isn[2]; /* sequence number of a stream's SYN, or before what was seen first */
	uint8_t claim_scale[2]; /* that the SYN of the claim gave */
	uint8_t scale[2]; /* of the windows that a stream's sender announces; TCP_SCALE_UNKNOWN */
	uint8_t client; /* number of the stream of who sent the SYN */
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct tcp_flow, stream) == BITS_CACHE_LINE &&
		       offsetof(struct tcp_flow, handshake_ns) == 2 * BITS_CACHE_LINE,
	"a segment in order touches two cache lines of its connection");

struct tcp_table {
	struct tcp_flow *flows; /* numbered from 1; 0 means none */
	uint32_t *buckets;
	uint32_t mask;
	uint32_t capacity;
	uint32_t
		virgin; /* the last flow that was ever used: no memory is touched before its time */
	uint32_t free; /* list of returned flows */
	uint32_t used;
	uint32_t oldest[TCP_LISTS], youngest[TCP_LISTS];
	int64_t idle_ns;
	int64_t hole_ns; /* how long a hole is waited for: TCP_HOLE_NS, or tcp_conf.reorder_ns */
	bool unordered; /* as in tcp_conf */
	int64_t clock_ns; /* of the latest segment */
	int64_t ahead_ns; /* it less that segment's stamp, if TCP_AHEAD_NS or more; else 0 */
	const struct packet_conf *ports;
	struct hash_secret secret;
	struct tcp_store store;
	/* the segment or connection in hand */
	const struct pkt *pkt;
	struct tcp_input in;
	uint32_t slot; /* 0: none */
	uint32_t upto[2]; /* holes before it are given up */
	uint8_t dir; /* of the segment */
	uint8_t pull; /* bit n: stream n may have messages */
	uint8_t tail; /* bit n: what is missing of stream n before its FIN is given up */
	uint8_t end; /* enum tcp_end: what comes of the connection then */
	bool unseen_ack; /* the segment acknowledges octets that the capture does not hold */
	bool strange_ack; /* the segment's acknowledgment says nothing of the peer's stream */
	uint8_t winner; /* TCP_END_REUSED: 1 + the stream at whose claim it goes on; 0: at none */
};

/* Octets of memory for a table. */
size_t tcp_bytes(const struct tcp_conf *conf);

/*
 * Starts an empty table in zeroed memory of tcp_bytes(), aligned to a cache line. `ports` tells
 * servers from clients; it and the counters must outlive the table.
 */
void tcp_init(struct tcp_table *t, void *memory, const struct tcp_conf *conf,
	const struct packet_conf *ports, const struct hash_secret *secret,
	struct metrics_reasm *metrics);

/*
 * The same for both directions.
 */
static inline uint32_t tcp_hash(const struct tcp_table *t, const struct pkt *pkt)
{
	return packet_flow_hash(&t->secret, pkt);
}

/* Ask for the memory of a later tcp_take(): first call, some work, second call, some work. */
static inline void tcp_prefetch(const struct tcp_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->buckets[hash & t->mask]);
}

static inline void tcp_prefetch_flow(const struct tcp_table *t, uint32_t hash)
{
	const char *flow = (const char *)&t->flows[t->buckets[hash & t->mask]];
	__builtin_prefetch(flow, 1);
	__builtin_prefetch(flow + BITS_CACHE_LINE, 1);
}

/* Is the segment one of a connection in the table? */
bool tcp_knows(const struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/*
 * Takes a TCP segment, whose memory must stay until tcp_next() returns false. What one segment
 * costs is linear in its octets, plus a bounded number of steps.
 */
void tcp_take(struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/*
 * The next message that is complete after the latest tcp_take(), tcp_expire() or tcp_finish(), in
 * stream order; false where there is none. Each of these calls must be followed by calls until
 * then.
 */
bool tcp_next(struct tcp_table *t, struct tcp_message *out);

/* True if tcp_expire() would find something at clock_ns. */
bool tcp_is_any_due(struct tcp_table *t, int64_t clock_ns);

/* Does one step of what has become due at clock_ns. False where nothing is due. */
bool tcp_expire(struct tcp_table *t, int64_t clock_ns);

/* Ends one connection, at the end of the capture. False where there is none. */
bool tcp_finish(struct tcp_table *t);

#endif
