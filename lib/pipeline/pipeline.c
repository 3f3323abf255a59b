/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a packet, from top to bottom: walk its headers, find its owner, reassemble it, parse
 * and queue its message; then, with the memory of its transaction in the cache, match and record.
 */
#include "pipeline/pipeline_inner.h"

#include "base/when.h"
#include "dns/foreign.h"

_Static_assert(PIPELINE_BURST <= 32, "a bit for each packet of a burst");

/* Prefetches what the walk and dns_msg_read() touch; rx prefetched the first line. */
static inline void prefetch_frame(const struct frame *frame)
{
	__builtin_prefetch(frame->data + BITS_CACHE_LINE);
	if (frame->len > 2 * BITS_CACHE_LINE) {
		__builtin_prefetch(frame->data + 2 * BITS_CACHE_LINE);
		__builtin_prefetch(frame->data + 3 * BITS_CACHE_LINE);
	}
}

static inline void count_verdict(
	struct pipeline *p, const struct pkt *pkt, enum packet_verdict verdict, uint16_t link_type)
{
	if (bits_likely(!frame_is_inner(link_type)))
		pipeline_count_packet(p, pkt, verdict);
	else
		pipeline_count_inner(&p->metrics->reasm, link_type, verdict);
}

/*
 * Reassembles fragments until pkt is not one, and leaves the last verdict to be counted. Returns
 * false if the datagram is not complete.
 */
static bool reassemble(struct pipeline *p, struct pkt *pkt, enum packet_verdict *verdict)
{
	for (int i = 0; i < PIPELINE_NESTED && *verdict == PACKET_fragment; i++) {
		struct frame whole;
		if (i)
			pipeline_count_inner(
				&p->metrics->reasm, FRAME_LINK_DATAGRAM, PACKET_fragment);
		if (!ip_frag_process(&p->frag, pkt, &whole))
			return false;
		whole.late_us = pkt->late_us;
		*verdict = pipeline_walk(p, &whole, pkt);
	}
	return true;
}

/* Parses header and question of the message in m->pkt and prefetches its transaction. */
static void parse_message(struct pipeline *p, struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	m->error = dns_msg_read(&m->msg, pkt->payload, pkt->len);
	m->transfer = RECORD_TRANSFER_NONE;
	m->bad_checksum = 0;
	if (bits_likely(pkt->len >= 4)) {
		m->reply = m->msg.flags & DNS_QR;
	} else { /* without a QR bit the ports decide */
		m->reply = packet_port_is(p->packets, pkt->sport) &&
			   !packet_port_is(p->packets, pkt->dport);
	}
	if (m->error == DNS_SHORT && pkt->cut)
		m->error = DNS_SNAP;
	txn_key(&p->txn, m);
	txn_table_prefetch(&p->txn.table, m->hash);
}

/* Is a malformed message on a DNS port of another protocol? */
static __attribute__((noinline)) bool is_foreign(
	const struct pipeline *p, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	struct dns_foreign d = {.data = pkt->payload, .len = pkt->len, .wire_len = pkt->wire_len};

	if (!packet_port_is(p->packets, pkt->sport))
		d.other_port = pkt->sport;
	else if (!packet_port_is(p->packets, pkt->dport))
		d.other_port = pkt->dport;
	return dns_foreign(&d);
}

/* Does the segment in the next free packet, on no DNS port, belong to a stream of DNS? It does if
 * it begins with whole messages, or an earlier segment did, maybe of this burst. */
static __attribute__((noinline)) bool is_dns_stream(const struct pipeline *p)
{
	const struct pkt *pkt = &p->pkts[p->count];
	const uint32_t hash = tcp_hash(&p->tcp, pkt);

	if (tcp_has_flow(&p->tcp, pkt, hash))
		return true;
	for (unsigned i = 0; i < p->count; i++)
		if (p->pkts[i].proto == PACKET_TCP && !(p->encrypted >> i & 1) &&
			p->messages[i].hash == hash)
			return true;
	return dns_plausible_stream(pkt->payload, pkt->len);
}

/* Queues a packet of encrypted DNS; out of line, because most packets are not. */
static __attribute__((noinline)) void queue_encrypted(struct pipeline *p)
{
	const uint32_t hash = sight_hash(&p->sight, &p->pkts[p->count]);
	p->messages[p->count].hash = hash;
	sight_prefetch(&p->sight, hash);
	p->encrypted |= (uint32_t)1 << p->count++;
}

static void queue_subframes(struct pipeline *p);

/* Returns the octets of a datagram's or subframe's own frame; 0: several frames brought it. */
static __attribute__((noinline)) uint32_t inner_len(
	const struct frame *frame, enum packet_verdict verdict)
{
	return frame->link_type == FRAME_LINK_SUBFRAME && verdict != PACKET_fragment
		       ? frame->wire_len - (uint32_t)sizeof(struct packet_datagram)
		       : 0;
}

/* Queues the parsed packet for the second half of the burst if it carries DNS. The packet was
 * walked from `frame` into the next free place. */
static inline __attribute__((always_inline)) void queue_packet(
	struct pipeline *p, const struct frame *frame, enum packet_verdict verdict)
{
	struct pkt *pkt = &p->pkts[p->count];
	struct txn_message *m = &p->messages[p->count];
	uint16_t link_type = frame->link_type;

	if (frame->clock_ns > p->clock_ns)
		p->clock_ns = frame->clock_ns;
	pkt->frame_len = frame->wire_len;
	if (bits_unlikely(frame_is_inner(link_type) || verdict == PACKET_fragment))
		pkt->frame_len = inner_len(frame, verdict);
	if (bits_unlikely(verdict == PACKET_fragment)) {
		count_verdict(p, pkt, verdict, link_type);
		if (!reassemble(p, pkt, &verdict))
			return;
		link_type = FRAME_LINK_DATAGRAM;
	}
	m->pkt = pkt;
	if (bits_unlikely(verdict == PACKET_perhaps_tcp_dns))
		verdict = is_dns_stream(p) ? PACKET_tcp_dns : PACKET_tcp;
	if (bits_likely(verdict == PACKET_dns)) {
		m->rtt_ns = 0;
		m->ambiguous = 0;
		parse_message(p, m);
		if (bits_unlikely(m->error != DNS_OK || m->msg.count[DNS_QUESTION] != 1) &&
			is_foreign(p, m))
			verdict = PACKET_other_protocol;
		else
			p->count++;
	} else if (verdict == PACKET_tcp_dns) {
		m->hash = tcp_hash(&p->tcp, pkt);
		tcp_prefetch(&p->tcp, m->hash);
		p->count++;
	} else if (verdict == PACKET_encrypted) {
		queue_encrypted(p);
	} else {
		pipeline_count_undecoded(p, pkt, verdict);
	}
	count_verdict(p, pkt, verdict, link_type);
	if (bits_unlikely(verdict == PACKET_aggregate))
		queue_subframes(p);
}

/* Processes the queued messages in order, after prefetching the transactions of all. */
static void process_messages(struct pipeline *p)
{
	uint32_t queries = 0;
	for (unsigned i = 0; i < p->queued; i++)
		txn_table_prefetch_entry(&p->txn.table, p->queue[i]->hash, &queries);
	for (unsigned i = 0; i < p->queued; i++)
		txn_process(&p->txn, p->queue[i]);
	p->queued = p->streamed = 0;
}

/*
 * Queues the complete messages of the streams. A message within `segment` stays in memory until the
 * burst ends; any other one only until the next tcp_next(), so it is processed at once, after the
 * queue.
 */
static void queue_stream_messages(struct pipeline *p, const struct pkt *segment)
{
	struct tcp_message from;
	while (tcp_next(&p->tcp, &from)) {
		if (p->queued == PIPELINE_QUEUE)
			process_messages(p);
		struct pkt *pkt = &p->stream_pkts[p->streamed];
		struct txn_message *m = &p->stream_messages[p->streamed++];
		*pkt = *from.pkt;
		pkt->payload = from.data;
		pkt->len = from.len;
		pkt->wire_len = from.wire_len;
		pkt->frame_len = 0;
		pkt->cut = from.cut;
		pkt->ts_ns = from.ts_ns;
		pkt->clock_ns = from.clock_ns;
		m->pkt = pkt;
		m->rtt_ns = from.rtt_ns > 0 ? from.rtt_ns : 0;
		parse_message(p, m);
		m->ambiguous = !from.ambiguous ? 0
			       : m->reply      ? RECORD_AMBIGUOUS_REPLY
					       : RECORD_AMBIGUOUS_QUERY;
		p->queue[p->queued++] = m;
		if (!segment || from.data < segment->payload ||
			from.data >= segment->payload + segment->len)
			process_messages(p);
	}
}

/* Processes the packets that the burst has queued. encrypted: p->encrypted, as a constant if 0. */
static inline __attribute__((always_inline)) void process_packets(
	struct pipeline *p, uint32_t encrypted)
{
	for (unsigned i = 0; i < p->count; i++)
		if (bits_unlikely(encrypted >> i & 1))
			sight_prefetch_flow(&p->sight, p->messages[i].hash);
		else if (bits_unlikely(p->pkts[i].proto == PACKET_TCP))
			tcp_prefetch_flow(&p->tcp, p->messages[i].hash);
	for (unsigned i = 0; i < p->count; i++) {
		if (bits_unlikely(encrypted >> i & 1)) {
			process_messages(p); /* records have the order of their packets */
			sight_process(&p->sight, &p->pkts[i], p->messages[i].hash);
			continue;
		}
		if (bits_unlikely(p->pkts[i].proto == PACKET_TCP)) {
			tcp_process(&p->tcp, &p->pkts[i], p->messages[i].hash);
			queue_stream_messages(p, &p->pkts[i]);
			continue;
		}
		if (bits_unlikely(p->queued == PIPELINE_QUEUE))
			process_messages(p);
		p->queue[p->queued++] = &p->messages[i];
	}
	process_messages(p);
}

/* Processes the packets of the burst so far. */
static __attribute__((noinline)) void process_burst(struct pipeline *p)
{
	if (bits_likely(!p->encrypted))
		process_packets(p, 0);
	else
		process_packets(p, p->encrypted);
	p->count = 0;
	p->encrypted = 0;
}

/*
 * Processes the subframes of the A-MSDU in the next free packet, one by one: it may have more of
 * them than a burst has packets. A-MSDUs within PIPELINE_NESTED others are not split.
 */
static __attribute__((noinline)) void queue_subframes(struct pipeline *p)
{
	struct pkt aggregate = p->pkts[p->count];
	struct frame inner;

	if (p->nested == PIPELINE_NESTED)
		return;
	uint8_t *buffer = p->subframe[p->nested++];
	process_burst(p);
	while (packet_subframe(&aggregate, buffer, &inner)) {
		metrics_add(&p->metrics->reasm.amsdu_subframes, 1);
		queue_packet(p, &inner, pipeline_walk(p, &inner, &p->pkts[p->count]));
		process_burst(p);
	}
	p->nested--;
}

/* Expires what is due by clock_ns, at most EXPIRE_MAX of each kind. Returns true if more may be
 * due.
 */
static bool expire(struct pipeline *p, int64_t clock_ns)
{
	unsigned streams = 0;

	for (; streams < EXPIRE_MAX && tcp_expire(&p->tcp, clock_ns); streams++)
		queue_stream_messages(p, NULL);
	unsigned queries = txn_expire(&p->txn, clock_ns, EXPIRE_MAX);
	sight_expire(&p->sight, clock_ns, EXPIRE_MAX);
	return streams == EXPIRE_MAX || queries == EXPIRE_MAX;
}

/*
 * Expires what is due after every EXPIRE_EVERY frames. The size of a burst depends on how fast
 * packets arrive; counting frames makes one worker write the same lines in the same order each
 * time.
 */
static __attribute__((noinline)) void expire_due(struct pipeline *p)
{
	const int64_t clock_ns = p->clock_ns;

	p->frames = 0;
	/* If nothing can be due, the packets of the burst so far need not be processed first. */
	if (!(p->count && when_since(clock_ns, p->pkts[0].clock_ns) > p->expire_min_ns) &&
		!txn_is_due(&p->txn, clock_ns) && !tcp_is_any_due(&p->tcp, clock_ns) &&
		!sight_is_due(&p->sight, clock_ns))
		return;
	process_burst(p);
	expire(p, clock_ns);
}

static inline void begin_burst(struct pipeline *p, const struct frame *frames, unsigned n)
{
	p->count = 0;
	p->encrypted = 0;
	for (unsigned i = 0; i < n; i++)
		prefetch_frame(&frames[i]);
}

static inline void count_frame(struct pipeline *p)
{
	if (bits_unlikely(++p->frames == EXPIRE_EVERY))
		expire_due(p);
}

/* The second half of a burst. */
static inline void end_burst(struct pipeline *p)
{
	process_burst(p);
	if (p->workers == 1) {
		ip_frag_recycle(&p->frag);
		ip_frag_expire(&p->frag, p->clock_ns, EXPIRE_MAX);
	}
	record_flush(p->txn.out);
}

void pipeline_burst(struct pipeline *p, const struct frame *frames, unsigned n)
{
	begin_burst(p, frames, n);
	for (unsigned i = 0; i < n; i++) {
		queue_packet(p, &frames[i], pipeline_walk(p, &frames[i], &p->pkts[p->count]));
		count_frame(p);
	}
	end_burst(p);
}

void pipeline_receive(struct pipeline *p, struct frame *frames, unsigned n)
{
	begin_burst(p, frames, n);
	for (unsigned i = 0; i < n; i++) {
		enum packet_verdict verdict = pipeline_walk_and_steer(p, &frames[i]);
		if (bits_likely(frames[i].owner == p->self && !frames[i].piece))
			queue_packet(p, &frames[i], verdict);
		count_frame(p);
	}
	end_burst(p);
}

bool pipeline_expire(struct pipeline *p, int64_t clock_ns)
{
	unsigned fragments = ip_frag_expire(&p->frag, clock_ns, EXPIRE_MAX);

	if (clock_ns > p->clock_ns)
		p->clock_ns = clock_ns;
	bool more = expire(p, p->clock_ns);
	record_flush(p->txn.out);
	return more || fragments == EXPIRE_MAX;
}

void pipeline_finish(struct pipeline *p)
{
	while (expire(p, p->clock_ns))
		;
	while (tcp_finish(&p->tcp))
		queue_stream_messages(p, NULL);
	ip_frag_finish(&p->frag);
	txn_finish(&p->txn);
	sight_finish(&p->sight);
	record_flush(p->txn.out);
}
