/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/sight.h"

#include "base/when.h"

_Static_assert(RECORD_VLANS == PACKET_VLANS, "one VLAN stack");

/* Why a record was made: an index into struct metrics_sight. */
enum outcome {
#define METRIC(name, help) SIGHT_##name,
#include "metrics/sight.def"
#undef METRIC
};

void sight_init(struct sight *s, void *memory, const struct sight_conf *conf,
	const struct packet_conf *packets, const struct hash_secret *secret,
	struct record_arena *out, struct metrics_sight *metrics)
{
	memset(s, 0, sizeof(*s));
	sight_table_init(&s->table, memory, conf->max_flows);
	s->idle_ns = conf->idle_ns;
	s->packets = packets;
	s->secret = *secret;
	s->out = out;
	s->metrics = metrics;
	if (conf->macs && conf->max_flows) {
		s->macs =
			(struct mac_pair *)((uint8_t *)memory + sight_table_bytes(conf->max_flows));
		record_arena_want_macs(out);
	}
}

/* Returns what a server offers over TLS (TCP) or QUIC (UDP) on the connection's port. */
static enum record_transport transport_of(const struct sight_flow *f)
{
	if (f->proto == PACKET_TCP)
		return f->server_port == PACKET_HTTPS ? RECORD_TRANSPORT_doh : RECORD_TRANSPORT_dot;
	return f->server_port == PACKET_HTTPS ? RECORD_TRANSPORT_doh3 : RECORD_TRANSPORT_doq;
}

/* Makes the record of a connection. `hello` is NULL unless the outcome is SIGHT_sni. */
static void report(struct sight *s, uint32_t slot, enum outcome outcome,
	enum record_transport transport, const struct sight_hello *hello)
{
	const struct sight_flow *f = sight_flow_at(&s->table, slot);
	uint32_t len = hello ? hello->len : 0;
	struct record *r = record_begin(s->out, len, 0);
	if (r) {
		r->status = RECORD_ENCRYPTED;
		r->transport = (uint8_t)transport;
		r->ts_ns = f->ts_ns;
		record_set_ends(r, &f->addrs, f->client_port, f->server_port, f->proto);
		record_set_path(r, f->vlan, f->vlans, &f->tunnel);
		if (hello)
			memcpy(r->data, hello->name, len);
		if (s->macs)
			record_set_macs(r, &s->macs[slot]);
		record_commit(s->out, r);
	}
	metrics_add((uint64_t *)s->metrics + outcome, 1);
	if (outcome != SIGHT_sni)
		metrics_add(&s->metrics->no_sni, 1);
	sight_buffer_release(&s->table, slot);
	sight_flow_move(&s->table, slot, SIGHT_REPORTED);
}

/* Makes the record of a connection without a complete ClientHello. */
static void report_bare(struct sight *s, uint32_t slot, enum outcome outcome)
{
	const struct sight_flow *f = sight_flow_at(&s->table, slot);
	bool sure = f->proto == PACKET_TCP && outcome != SIGHT_strange;
	report(s, slot, outcome, sure ? transport_of(f) : RECORD_TRANSPORT_none, NULL);
}

/* Parses the client's first f->have octets. Returns true if the record was made. */
static bool parse(struct sight *s, uint32_t slot, const uint8_t *data)
{
	struct sight_flow *f = sight_flow_at(&s->table, slot);
	struct sight_hello hello;

	switch (sight_hello_tls(&hello, data, f->have)) {
	case SIGHT_HELLO_NAME: report(s, slot, SIGHT_sni, transport_of(f), &hello); return true;
	case SIGHT_HELLO_NONE: report(s, slot, SIGHT_unnamed, transport_of(f), NULL); return true;
	case SIGHT_HELLO_BAD:
		report_bare(s, slot, f->joined ? SIGHT_joined : SIGHT_strange);
		return true;
	case SIGHT_HELLO_MORE: f->need = f->have + hello.missing; break;
	}
	return false;
}

/* Makes the record of a pending connection that gets no further octets. */
static void report_incomplete(struct sight *s, uint32_t slot, enum outcome outcome)
{
	const struct sight_flow *f = sight_flow_at(&s->table, slot);
	if (!f->buffer || !parse(s, slot, sight_buffer_of(&s->table, f)))
		report_bare(s, slot, outcome);
}

/* Copies the first n octets of a ClientHello that continues in another segment. */
static void buffer_octets(struct sight *s, uint32_t slot, const uint8_t *data, uint32_t n)
{
	uint32_t owner = sight_buffer_owner(&s->table);
	if (owner)
		report_incomplete(s, owner, SIGHT_displaced);
	sight_buffer_assign(&s->table, slot);
	memcpy(sight_buffer_of(&s->table, sight_flow_at(&s->table, slot)), data, n);
}

/*
 * Processes the next n octets of the client's stream, at least one. They are parsed once the
 * ClientHello can be complete, not for each segment.
 */
static void process_octets(struct sight *s, uint32_t slot, const uint8_t *data, uint32_t n)
{
	struct sight_flow *f = sight_flow_at(&s->table, slot);
	uint32_t space = SIGHT_HELLO_MAX - f->have;

	if (n > space)
		n = space;
	if (f->buffer) {
		memcpy(sight_buffer_of(&s->table, f) + f->have, data, n);
		data = sight_buffer_of(&s->table, f);
	}
	f->have += n;
	bool full = f->have == SIGHT_HELLO_MAX;
	if ((f->have >= f->need || full) && parse(s, slot, data))
		return;
	if (full)
		report_bare(s, slot, SIGHT_large);
	else if (!f->buffer)
		buffer_octets(s, slot, data, n);
}

/* Processes the payload of a client's segment, which begins at seq. */
static void process_payload(struct sight *s, uint32_t slot, const struct pkt *pkt, uint32_t seq)
{
	struct sight_flow *f = sight_flow_at(&s->table, slot);
	int32_t at = (int32_t)(seq - f->start);

	if (at > (int32_t)f->have) {
		metrics_add(&s->metrics->ahead, 1);
		return;
	}
	uint32_t old = f->have - (uint32_t)at;
	if (old < pkt->len)
		process_octets(s, slot, pkt->payload + old, pkt->len - old);
	if (pkt->cut && old < pkt->wire_len && f->list == SIGHT_PENDING)
		report_incomplete(s, slot, SIGHT_cut);
}

/* Processes a TCP segment of a pending connection. */
static void process_segment(struct sight *s, uint32_t slot, const struct pkt *pkt, bool from_client)
{
	struct sight_flow *f = sight_flow_at(&s->table, slot);
	bool syn = pkt->tcp_flags & TCP_SYN;

	if (from_client) {
		if (!f->known && (syn || pkt->wire_len)) {
			f->start = pkt->seq + syn;
			f->known = 1;
			f->joined = !syn;
		}
		if (pkt->wire_len)
			process_payload(s, slot, pkt, pkt->seq + syn);
	} else if (!f->known && syn && pkt->tcp_flags & TCP_ACK) {
		f->start = pkt->ack;
		f->known = 1;
	}
	if (f->list == SIGHT_PENDING && pkt->tcp_flags & (TCP_FIN | TCP_RST))
		report_incomplete(s, slot, SIGHT_ended);
}

/*
 * True for a long header of QUIC: version 1 (RFC 9000), version 2 (RFC 9369), a draft, a reserved
 * version (RFC 9000 section 15) or version negotiation (section 17.2.1). A short header cannot be
 * told apart from other octets.
 */
static bool is_quic(const struct pkt *pkt)
{
	if (pkt->len < 7 || !(pkt->payload[0] & 0x80))
		return false;
	uint32_t version = bits_be32(pkt->payload + 1);
	return version <= 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
	       (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* Processes a UDP datagram of a pending connection. */
static void process_datagram(
	struct sight *s, uint32_t slot, const struct pkt *pkt, bool from_client)
{
	struct sight_flow *f = sight_flow_at(&s->table, slot);
	struct sight_hello hello;

	if (pkt->len == 0)
		return;
	if (is_quic(pkt)) {
		report(s, slot, SIGHT_quic, transport_of(f), NULL);
		return;
	}
	if (!sight_hello_is_dtls(pkt->payload, pkt->len)) {
		report_bare(s, slot, pkt->cut && pkt->len < 13 ? SIGHT_cut : SIGHT_strange);
		return;
	}
	enum sight_hello_result result =
		from_client ? sight_hello_dtls(&hello, pkt->payload, pkt->len) : SIGHT_HELLO_BAD;
	enum outcome outcome = SIGHT_large;
	if (result == SIGHT_HELLO_NAME || result == SIGHT_HELLO_NONE)
		outcome = result == SIGHT_HELLO_NAME ? SIGHT_sni : SIGHT_unnamed;
	else if (result == SIGHT_HELLO_BAD)
		outcome = SIGHT_joined;
	else if (pkt->cut)
		outcome = SIGHT_cut;
	report(s, slot, outcome, RECORD_TRANSPORT_dodtls, outcome == SIGHT_sni ? &hello : NULL);
}

/* True if a packet begins another connection with the same ends. */
static bool is_another(
	const struct sight *s, const struct sight_flow *f, const struct pkt *pkt, bool from_client)
{
	if (f->list == SIGHT_REPORTED && when_since(pkt->clock_ns, f->last_ns) > s->idle_ns)
		return true;
	if (f->proto != PACKET_TCP || !from_client ||
		(pkt->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	/* A late or retransmitted SYN belongs to the connection that is in the table. */
	return f->known ? pkt->seq + 1 != f->start : f->list == SIGHT_REPORTED;
}

/* Evicts one connection if the table or the bucket of this hash is full; reported ones first. */
static void evict_for(struct sight *s, uint32_t hash)
{
	struct sight_table *t = &s->table;
	uint32_t old = slots_crowded(&t->slots, hash);

	if (!old && t->slots.used == t->slots.capacity)
		old = t->list[SIGHT_REPORTED].oldest ? t->list[SIGHT_REPORTED].oldest
						     : t->list[SIGHT_PENDING].oldest;
	if (!old)
		return;
	if (sight_flow_at(t, old)->list == SIGHT_REPORTED)
		metrics_add(&s->metrics->forgotten, 1);
	else
		report_incomplete(s, old, SIGHT_evicted);
	sight_flow_remove(t, old);
}

void sight_process(struct sight *s, const struct pkt *pkt, uint32_t hash)
{
	bool from_client = false;
	uint32_t slot = sight_flow_find(&s->table, pkt, hash, &from_client);
	struct sight_flow *f = sight_flow_at(&s->table, slot);

	/* Independent of how often sight_expire() runs. */
	if (slot && f->list == SIGHT_PENDING &&
		when_since(pkt->clock_ns, f->began_ns) > SIGHT_WAIT_NS)
		report_incomplete(s, slot, SIGHT_silent);
	if (slot && is_another(s, f, pkt, from_client)) {
		if (f->list == SIGHT_PENDING)
			report_incomplete(s, slot, SIGHT_ended);
		sight_flow_remove(&s->table, slot);
		slot = 0;
	}
	if (slot == 0) {
		from_client = packet_encrypted_end(s->packets, &pkt->addrs, ADDR_DST, pkt->dport);
		evict_for(s, hash);
		metrics_add(&s->metrics->flows, 1);
		slot = sight_flow_add(&s->table, pkt, hash, from_client);
		if (s->macs)
			s->macs[slot] = from_client ? pkt->macs : mac_reverse(&pkt->macs);
		f = sight_flow_at(&s->table, slot);
	}
	f->last_ns = pkt->clock_ns;
	if (f->list == SIGHT_REPORTED)
		sight_flow_move(&s->table, slot, SIGHT_REPORTED);
	else if (pkt->proto == PACKET_TCP)
		process_segment(s, slot, pkt, from_client);
	else
		process_datagram(s, slot, pkt, from_client);
}

/* Returns the oldest pending connection if no ClientHello can come any more, or 0. */
static uint32_t due_pending(const struct sight *s, int64_t clock_ns)
{
	uint32_t slot = s->table.list[SIGHT_PENDING].oldest;
	if (slot && when_since(clock_ns, sight_flow_at(&s->table, slot)->began_ns) > SIGHT_WAIT_NS)
		return slot;
	return 0;
}

/* Returns the reported connection that was idle longest if that is long enough, or 0. */
static uint32_t due_reported(const struct sight *s, int64_t clock_ns)
{
	uint32_t slot = s->table.list[SIGHT_REPORTED].oldest;
	if (slot && when_since(clock_ns, sight_flow_at(&s->table, slot)->last_ns) > s->idle_ns)
		return slot;
	return 0;
}

bool sight_is_due(const struct sight *s, int64_t clock_ns)
{
	return due_pending(s, clock_ns) || due_reported(s, clock_ns);
}

void sight_expire(struct sight *s, int64_t clock_ns, unsigned max)
{
	for (unsigned i = 0; i < max; i++) {
		uint32_t pending = due_pending(s, clock_ns);
		uint32_t reported = pending ? 0 : due_reported(s, clock_ns);
		if (pending)
			report_incomplete(s, pending, SIGHT_silent);
		else if (reported)
			sight_flow_remove(&s->table, reported);
		else
			return;
	}
}

void sight_finish(struct sight *s)
{
	while (s->table.list[SIGHT_PENDING].oldest)
		report_incomplete(s, s->table.list[SIGHT_PENDING].oldest, SIGHT_silent);
}
