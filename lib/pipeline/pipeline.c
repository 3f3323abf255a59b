/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pipeline.h"

#include "base/when.h"
#include "dns/foreign.h"
#include "dns/plausible.h"

/* After how many frames something may expire, and how much: more than so many can begin, so that no table grows old. */
#define EXPIRE_EVERY PIPELINE_BURST
#define EXPIRE_MAX (2 * EXPIRE_EVERY)
/* Everything waits so long at least. */
#define EXPIRE_LEAST_NS 1000000

_Static_assert(PIPELINE_BURST <= 32, "a bit for each packet of a burst");
/* Reads header and question of the message that m->pkt carries, and asks for the memory of its
 * transaction. */
static void read_message(struct pipeline *p, struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	m->error = dns_msg_read(&m->msg, pkt->payload, pkt->len);
	m->transfer = RECORD_TRANSFER_NONE;
	m->bad_checksum = 0;
	if (bits_likely(pkt->len >= 4)) {
		m->reply = m->msg.flags & DNS_QR;
	} else { /* no QR bit to go by */
		m->reply = packet_port_is(p->packets, pkt->sport) &&
			   !packet_port_is(p->packets, pkt->dport);
	}
	if (m->error == DNS_SHORT && pkt->cut)
		m->error = DNS_SNAP;
	txn_key(&p->txn, m);
	txn_table_prefetch(&p->txn.table, m->hash);
}

static bool has_owner(enum packet_verdict verdict)
{
	return verdict == PACKET_dns || verdict == PACKET_tcp_dns || verdict == PACKET_fragment ||
	       verdict == PACKET_encrypted || verdict == PACKET_perhaps_tcp_dns;
}

/* packet_walk(), and where no port says so, whether a datagram is DNS. */
static inline enum packet_verdict walk(
	const struct pipeline *p, const struct frame *frame, struct pkt *pkt)
{
	enum packet_verdict verdict = packet_walk(p->packets, frame, pkt);
	if (bits_likely(verdict != PACKET_perhaps_dns))
		return verdict;
	return dns_plausible(pkt->payload, pkt->len, pkt->wire_len) ? PACKET_dns
								    : PACKET_other_port;
}

/*
 * The worker that owns what pkt belongs to: by the pair of innermost addresses, not by ports, so
 * that the fragments of a flow and its whole packets meet on one worker without a second hop.
 */
static uint16_t owner_of(const struct pipeline *p, const struct pkt *pkt)
{
	/* Of the local link one worker has each service: who replies was not asked by address. */
	if (bits_unlikely(dns_port_is_local(pkt->sport)) && pkt->proto == PACKET_UDP)
		return pkt->sport % p->workers;
	if (bits_unlikely(dns_port_is_local(pkt->dport)) && pkt->proto == PACKET_UDP)
		return pkt->dport % p->workers;
	if (p->rss)
		return rss_owner(p->rss, pkt->addrs.octets[ADDR_SRC], pkt->addrs.octets[ADDR_DST]);
	return (uint16_t)((uint64_t)packet_pair_hash(&p->secret, pkt) * p->workers >> 32);
}

/* Counts how a datagram ended that was put together from packets. */
static __attribute__((noinline)) void count_datagram(
	struct metrics_reasm *m, enum packet_verdict verdict)
{
	if (verdict == PACKET_dns)
		metrics_add(&m->frag_dns, 1);
	else if (verdict == PACKET_tcp_dns)
		metrics_add(&m->frag_tcp_dns, 1);
	else if (verdict == PACKET_encrypted)
		metrics_add(&m->frag_encrypted, 1);
	else
		metrics_add(&m->frag_other, 1);
}

/* Counts how a packet ended. */
static inline void count_packet(
	struct pipeline *p, const struct pkt *pkt, enum packet_verdict verdict)
{
	packet_count(&p->metrics->packet, verdict);
	metrics_add(&p->metrics->rx.ipv6, pkt->addrs.family == ADDR_IPV6);
}

/* Counts how a packet ended, or a datagram. */
static inline void count_verdict(
	struct pipeline *p, const struct pkt *pkt, enum packet_verdict verdict, bool datagram)
{
	if (bits_likely(!datagram))
		count_packet(p, pkt, verdict);
	else
		count_datagram(&p->metrics->reasm, verdict);
}

/*
 * Puts fragments together until pkt is something else, which is left to be counted. false: there
 * is nothing to go on with.
 */
static bool take_fragments(struct pipeline *p, struct pkt *pkt, enum packet_verdict *verdict)
{
	for (int i = 0; i < PIPELINE_NESTED && *verdict == PACKET_fragment; i++) {
		struct frame whole;
		if (i)
			count_datagram(&p->metrics->reasm, PACKET_fragment);
		if (!ip_frag_take(&p->frag, pkt, &whole))
			return false;
		whole.late_us = pkt->late_us;
		*verdict = walk(p, &whole, pkt);
	}
	return true;
}

/* Of another protocol than DNS? Asked of those messages only that are not in order. */
static __attribute__((noinline)) bool is_foreign(
	const struct pipeline *p, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	const struct dns_foreign datagram = {
		.data = pkt->payload,
		.len = pkt->len,
		.wire_len = pkt->wire_len,
		.other_port = !packet_port_is(p->packets, pkt->sport)   ? pkt->sport
			      : !packet_port_is(p->packets, pkt->dport) ? pkt->dport
									: 0,
	};
	return dns_foreign(&datagram);
}

/* Keeps the packet in hand, which is no DNS: away from the way of those that are. */
static __attribute__((noinline)) void keep_encrypted(struct pipeline *p)
{
	struct txn_message *m = &p->messages[p->count];
	m->hash = sight_hash(&p->sight, &p->pkts[p->count]);
	sight_prefetch(&p->sight, m->hash);
	p->encrypted |= (uint32_t)1 << p->count++;
}

/*
 * Is the segment in hand, on no DNS port, of a connection that carries DNS? It is where it begins
 * with whole messages, or an earlier one did, be it in this burst.
 */
static __attribute__((noinline)) bool is_dns_stream(const struct pipeline *p)
{
	const struct pkt *pkt = &p->pkts[p->count];
	const uint32_t hash = tcp_hash(&p->tcp, pkt);

	if (tcp_knows(&p->tcp, pkt, hash))
		return true;
	for (unsigned i = 0; i < p->count; i++)
		if (p->pkts[i].proto == PACKET_TCP && !(p->encrypted >> i & 1) &&
			p->messages[i].hash == hash)
			return true;
	return dns_plausible_stream(pkt->payload, pkt->len);
}

/* Keeps the packet in hand, walked out of `frame`, for the rest of the burst if there is DNS in it.
 */
static inline void keep(struct pipeline *p, const struct frame *frame, enum packet_verdict verdict)
{
	struct pkt *pkt = &p->pkts[p->count];
	struct txn_message *m = &p->messages[p->count];

	if (frame->clock_ns > p->clock_ns)
		p->clock_ns = frame->clock_ns;
	bool datagram = frame->link_type == FRAME_LINK_DATAGRAM;
	pkt->frame_len = datagram || verdict == PACKET_fragment ? 0 : frame->wire_len;
	if (bits_unlikely(verdict == PACKET_fragment)) {
		count_verdict(p, pkt, verdict, datagram);
		if (!take_fragments(p, pkt, &verdict))
			return;
		datagram = true;
	}
	m->pkt = pkt;
	if (bits_unlikely(verdict == PACKET_perhaps_tcp_dns))
		verdict = is_dns_stream(p) ? PACKET_tcp_dns : PACKET_tcp;
	if (bits_likely(verdict == PACKET_dns)) {
		m->rtt_ns = 0;
		m->ambiguous = 0;
		read_message(p, m);
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
		keep_encrypted(p);
	}
	count_verdict(p, pkt, verdict, datagram);
}

/* Takes what waits in the queue: first asks for the memory of all, then takes them in order. */
static void take_queue(struct pipeline *p)
{
	uint32_t queries = 0;
	for (unsigned i = 0; i < p->queued; i++)
		txn_table_prefetch_entry(&p->txn.table, p->queue[i]->hash, &queries);
	for (unsigned i = 0; i < p->queued; i++)
		txn_process(&p->txn, p->queue[i]);
	p->queued = p->streamed = 0;
}

/* Which message the record must call ambiguous: this one, if its octets are in doubt. */
static uint8_t ambiguity_of(const struct txn_message *m, const struct tcp_message *from)
{
	if (bits_likely(!from->ambiguous))
		return 0;
	return m->reply ? RECORD_AMBIGUOUS_REPLY : RECORD_AMBIGUOUS_QUERY;
}

/*
 * Queues the messages that the streams have ready. Those that stand in the segment at hand stay
 * where they are until the burst ends; others only until the next is asked for: they are taken at
 * once, after what waits.
 */
static void queue_stream_messages(struct pipeline *p, const struct pkt *segment)
{
	struct tcp_message from;
	while (tcp_next(&p->tcp, &from)) {
		if (p->queued == PIPELINE_QUEUE)
			take_queue(p);
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
		read_message(p, m);
		m->ambiguous = ambiguity_of(m, &from);
		p->queue[p->queued++] = m;
		if (!segment || from.data < segment->payload ||
			from.data >= segment->payload + segment->len)
			take_queue(p);
	}
}

/* Of each frame a line is on its way already; the question and most replies end in these. */
static inline void prefetch_frame(const struct frame *frame)
{
	__builtin_prefetch(frame->data + BITS_CACHE_LINE);
	if (frame->len > 2 * BITS_CACHE_LINE) {
		__builtin_prefetch(frame->data + 2 * BITS_CACHE_LINE);
		__builtin_prefetch(frame->data + 3 * BITS_CACHE_LINE);
	}
}

/* Works off what the burst has left. encrypted: which of it is no DNS, a constant where none is. */
static inline __attribute__((always_inline)) void take_kept(struct pipeline *p, uint32_t encrypted)
{
	for (unsigned i = 0; i < p->count; i++)
		if (bits_unlikely(encrypted >> i & 1))
			sight_prefetch_flow(&p->sight, p->messages[i].hash);
		else if (bits_unlikely(p->pkts[i].proto == PACKET_TCP))
			tcp_prefetch_flow(&p->tcp, p->messages[i].hash);
	for (unsigned i = 0; i < p->count; i++) {
		if (bits_unlikely(encrypted >> i & 1)) {
			take_queue(p); /* records come in the order of their packets */
			sight_take(&p->sight, &p->pkts[i], p->messages[i].hash);
			continue;
		}
		if (bits_unlikely(p->pkts[i].proto == PACKET_TCP)) {
			tcp_take(&p->tcp, &p->pkts[i], p->messages[i].hash);
			queue_stream_messages(p, &p->pkts[i]);
			continue;
		}
		if (bits_unlikely(p->queued == PIPELINE_QUEUE))
			take_queue(p);
		p->queue[p->queued++] = &p->messages[i];
	}
	take_queue(p);
}

/* Processes the packets of the burst so far. */
static __attribute__((noinline)) void process_kept(struct pipeline *p)
{
	if (bits_likely(!p->encrypted))
		take_kept(p, 0);
	else
		take_kept(p, p->encrypted);
	p->count = 0;
	p->encrypted = 0;
}

/* Expires what is due by clock_ns, EXPIRE_MAX of each kind at most. True if more may be due. */
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
 * Expires what is due behind every EXPIRE_EVERY-th frame. Counting frames and not bursts, whose size depends on how fast
 * packets arrive, makes one worker write the same lines in the same order each time.
 */
static __attribute__((noinline)) void expire_due(struct pipeline *p)
{
	const int64_t clock_ns = p->clock_ns;

	p->frames = 0;
	/* The packets of the burst so far need not be processed before if nothing can be due of them. */
	if (!(p->count && when_since(clock_ns, p->pkts[0].clock_ns) > EXPIRE_LEAST_NS) &&
		!txn_is_due(&p->txn, clock_ns) && !tcp_is_any_due(&p->tcp, clock_ns) &&
		!sight_is_due(&p->sight, clock_ns))
		return;
	process_kept(p);
	expire(p, clock_ns);
}

static inline void begin(struct pipeline *p, const struct frame *frames, unsigned n)
{
	p->count = 0;
	p->encrypted = 0;
	for (unsigned i = 0; i < n; i++)
		prefetch_frame(&frames[i]);
}

/* All packets of the burst are kept that shall be. */
static inline void end(struct pipeline *p)
{
	process_kept(p);
	if (p->workers == 1) {
		ip_frag_recycle(&p->frag);
		ip_frag_expire(&p->frag, p->clock_ns, EXPIRE_MAX);
	}
	record_flush(p->txn.out);
}

void pipeline_burst(struct pipeline *p, const struct frame *frames, unsigned n)
{
	begin(p, frames, n);
	for (unsigned i = 0; i < n; i++) {
		keep(p, &frames[i], walk(p, &frames[i], &p->pkts[p->count]));
		if (bits_unlikely(++p->frames == EXPIRE_EVERY))
			expire_due(p);
	}
	end(p);
}

bool pipeline_tick(struct pipeline *p, int64_t clock_ns)
{
	unsigned fragments = ip_frag_expire(&p->frag, clock_ns, EXPIRE_MAX);

	if (clock_ns > p->clock_ns)
		p->clock_ns = clock_ns;
	bool more = expire(p, p->clock_ns);
	record_flush(p->txn.out);
	return more || fragments == EXPIRE_MAX;
}

/* Walks a received frame to the place of the packet in hand: whose is it? */
static inline enum packet_verdict sort(struct pipeline *p, struct frame *frame)
{
	struct pkt *pkt = &p->pkts[p->count];
	enum packet_verdict verdict = walk(p, frame, pkt);

	frame->piece = verdict == PACKET_fragment;
	if (has_owner(verdict)) {
		frame->owner = owner_of(p, pkt);
	} else {
		frame->owner = PIPELINE_NOBODY;
		count_packet(p, pkt, verdict);
	}
	return verdict;
}

void pipeline_sort(struct pipeline *p, struct frame *frames, unsigned n)
{
	p->count = 0;
	for (unsigned i = 0; i < n; i++)
		sort(p, &frames[i]);
}

void pipeline_receive(struct pipeline *p, struct frame *frames, unsigned n)
{
	begin(p, frames, n);
	for (unsigned i = 0; i < n; i++) {
		enum packet_verdict verdict = sort(p, &frames[i]);
		if (bits_likely(frames[i].owner == p->self && !frames[i].piece))
			keep(p, &frames[i], verdict);
		if (bits_unlikely(++p->frames == EXPIRE_EVERY))
			expire_due(p);
	}
	end(p);
}

bool pipeline_join(struct pipeline *p, const struct frame *frame, struct frame *whole)
{
	struct pkt pkt;

	if (packet_walk(p->packets, frame, &pkt) != PACKET_fragment)
		return false;
	if (frame->clock_ns > p->pieces_ns)
		p->pieces_ns = frame->clock_ns;
	if (frame->link_type != FRAME_LINK_DATAGRAM) /* that was counted when it was whole */
		count_packet(p, &pkt, PACKET_fragment);
	if (!ip_frag_take(&p->frag, &pkt, whole))
		return false;
	whole->late_us = pkt.late_us;
	enum packet_verdict verdict = walk(p, whole, &pkt);
	whole->piece = verdict == PACKET_fragment;
	if (whole->piece || !has_owner(verdict))
		count_datagram(&p->metrics->reasm, verdict);
	whole->owner = has_owner(verdict) ? owner_of(p, &pkt) : PIPELINE_NOBODY;
	return has_owner(verdict);
}

void pipeline_joined(struct pipeline *p)
{
	ip_frag_recycle(&p->frag);
	ip_frag_expire(&p->frag, p->pieces_ns, EXPIRE_MAX);
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
