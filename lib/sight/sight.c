/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/sight.h"

#include "base/when.h"

_Static_assert(RECORD_VLANS == PACKET_VLANS, "one VLAN stack");

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 }; /* pkt.tcp_flags */

/* How a connection came to its record: an index into struct metrics_sight. */
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
	flow_init(&s->table, memory, conf->max_flows);
	s->idle_ns = conf->idle_ns;
	s->packets = packets;
	s->secret = *secret;
	s->out = out;
	s->metrics = metrics;
	if (conf->macs && conf->max_flows) {
		s->macs = (struct mac_pair *)((uint8_t *)memory + flow_bytes(conf->max_flows));
		record_arena_want_macs(out);
	}
}

/* What is spoken in TLS or QUIC, and on that port. */
static enum record_transport transport_of(const struct flow *f)
{
	if (f->proto == PACKET_TCP)
		return f->server_port == PACKET_HTTPS ? RECORD_TRANSPORT_doh : RECORD_TRANSPORT_dot;
	return f->server_port == PACKET_HTTPS ? RECORD_TRANSPORT_doh3 : RECORD_TRANSPORT_doq;
}

/* Makes the record of a connection, which is known from now on. hello: SIGHT_sni only. */
static void tell(struct sight *s, uint32_t slot, enum outcome outcome,
	enum record_transport transport, const struct hello *hello)
{
	const struct flow *f = flow_at(&s->table, slot);
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
	flow_buffer_drop(&s->table, slot);
	flow_move(&s->table, slot, FLOW_TOLD);
}

/* The same where no ClientHello was read. */
static void tell_without(struct sight *s, uint32_t slot, enum outcome outcome)
{
	const struct flow *f = flow_at(&s->table, slot);
	bool sure = f->proto == PACKET_TCP && outcome != SIGHT_strange;
	tell(s, slot, outcome, sure ? transport_of(f) : RECORD_TRANSPORT_none, NULL);
}

/* What comes of a ClientHello: a record, or (HELLO_MORE) nothing. */
static bool tell_hello(struct sight *s, uint32_t slot, enum hello_result result,
	enum record_transport transport, const struct hello *hello)
{
	bool joined = flow_at(&s->table, slot)->joined;
	switch (result) {
	case HELLO_NAME: tell(s, slot, SIGHT_sni, transport, hello); return true;
	case HELLO_NONE: tell(s, slot, SIGHT_unnamed, transport, NULL); return true;
	case HELLO_BAD: tell_without(s, slot, joined ? SIGHT_joined : SIGHT_strange); return true;
	case HELLO_MORE: break;
	}
	return false;
}

/* Octets of the client's stream that are due, n of them at hand, at least one. */
static void take_octets(struct sight *s, uint32_t slot, const uint8_t *data, uint32_t n)
{
	struct flow *f = flow_at(&s->table, slot);
	uint32_t room = HELLO_MAX - f->have;
	struct hello hello;

	if (n > room)
		n = room;
	if (f->buffer) {
		memcpy(flow_buffer(&s->table, f) + f->have, data, n);
		data = flow_buffer(&s->table, f);
	}
	f->have += n;
	if (tell_hello(s, slot, hello_tls(&hello, data, f->have), transport_of(f), &hello))
		return;
	if (f->have == HELLO_MAX) {
		tell_without(s, slot, SIGHT_large);
	} else if (!f->buffer) {
		uint32_t loser = flow_buffer_take(&s->table, slot);
		if (loser)
			tell_without(s, loser, SIGHT_displaced);
		memcpy(flow_buffer(&s->table, f), data, n);
	}
}

/* A segment of the client's with octets: those that are due are of use. */
static void take_payload(struct sight *s, uint32_t slot, const struct pkt *pkt, uint32_t seq)
{
	struct flow *f = flow_at(&s->table, slot);
	int32_t at = (int32_t)(seq - f->start);

	if (at > (int32_t)f->have) {
		metrics_add(&s->metrics->ahead, 1);
		return;
	}
	uint32_t old = f->have - (uint32_t)at;
	if (old < pkt->len)
		take_octets(s, slot, pkt->payload + old, pkt->len - old);
	if (pkt->cut && old < pkt->wire_len && f->list == FLOW_WAITING)
		tell_without(s, slot, SIGHT_cut);
}

static void take_segment(struct sight *s, uint32_t slot, const struct pkt *pkt, bool from_client)
{
	struct flow *f = flow_at(&s->table, slot);
	bool syn = pkt->tcp_flags & SYN;

	if (from_client) {
		if (!f->known && (syn || pkt->wire_len)) {
			f->start = pkt->seq + syn;
			f->known = 1;
			f->joined = !syn;
		}
		if (pkt->wire_len)
			take_payload(s, slot, pkt, pkt->seq + syn);
	} else if (!f->known && syn && pkt->tcp_flags & ACK) {
		f->start = pkt->ack;
		f->known = 1;
	}
	if (f->list == FLOW_WAITING && pkt->tcp_flags & (FIN | RST))
		tell_without(s, slot, SIGHT_ended);
}

/*
 * Long header of QUIC: version 1 (RFC 9000), version 2 (RFC 9369), a draft, one that nobody has
 * (RFC 9000 section 15), or the server's list of its versions (section 17.2.1). Of the short
 * header nothing can be told from other octets.
 */
static bool is_quic(const struct pkt *pkt)
{
	if (pkt->len < 7 || !(pkt->payload[0] & 0x80))
		return false;
	uint32_t version = bits_be32(pkt->payload + 1);
	return version <= 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
	       (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

static void take_datagram(struct sight *s, uint32_t slot, const struct pkt *pkt, bool from_client)
{
	struct flow *f = flow_at(&s->table, slot);
	struct hello hello;

	if (pkt->len == 0)
		return;
	if (is_quic(pkt)) {
		tell(s, slot, SIGHT_quic, transport_of(f), NULL);
		return;
	}
	if (!hello_is_dtls(pkt->payload, pkt->len)) {
		tell_without(s, slot, pkt->cut && pkt->len < 13 ? SIGHT_cut : SIGHT_strange);
		return;
	}
	enum hello_result result =
		from_client ? hello_dtls(&hello, pkt->payload, pkt->len) : HELLO_BAD;
	enum outcome outcome = SIGHT_large;
	if (result == HELLO_NAME || result == HELLO_NONE)
		outcome = result == HELLO_NAME ? SIGHT_sni : SIGHT_unnamed;
	else if (result == HELLO_BAD)
		outcome = SIGHT_joined;
	else if (pkt->cut)
		outcome = SIGHT_cut;
	tell(s, slot, outcome, RECORD_TRANSPORT_dodtls, outcome == SIGHT_sni ? &hello : NULL);
}

/* Is a packet the first of another connection with the same ends? */
static bool is_another(
	const struct sight *s, const struct flow *f, const struct pkt *pkt, bool from_client)
{
	if (f->list == FLOW_TOLD && when_since(pkt->clock_ns, f->last_ns) > s->idle_ns)
		return true;
	if (f->proto != PACKET_TCP || !from_client || (pkt->tcp_flags & (SYN | ACK)) != SYN)
		return false;
	/* A SYN that comes late, or again, begins what is known. */
	return f->known ? pkt->seq + 1 != f->start : f->list == FLOW_TOLD;
}

static uint32_t begin(struct sight *s, const struct pkt *pkt, uint32_t hash, bool *from_client)
{
	struct flow_table *t = &s->table;

	*from_client = packet_encrypted_end(s->packets, &pkt->addrs, ADDR_DST, pkt->dport);
	uint32_t old = flow_crowded(t, hash);
	if (!old && t->used == t->capacity)
		old = t->list[FLOW_TOLD].oldest ? t->list[FLOW_TOLD].oldest
						: t->list[FLOW_WAITING].oldest;
	if (old) {
		if (flow_at(t, old)->list == FLOW_TOLD)
			metrics_add(&s->metrics->forgotten, 1);
		else
			tell_without(s, old, SIGHT_evicted);
		flow_remove(t, old);
	}
	metrics_add(&s->metrics->flows, 1);
	uint32_t slot = flow_add(t, pkt, hash, *from_client);
	if (s->macs)
		s->macs[slot] = *from_client ? pkt->macs : mac_reverse(&pkt->macs);
	return slot;
}

void sight_take(struct sight *s, const struct pkt *pkt, uint32_t hash)
{
	bool from_client = false;
	uint32_t slot = flow_find(&s->table, pkt, hash, &from_client);
	struct flow *f = flow_at(&s->table, slot);

	/* as sight_expire() would have done, whenever it ran last */
	if (slot && f->list == FLOW_WAITING &&
		when_since(pkt->clock_ns, f->began_ns) > SIGHT_WAIT_NS)
		tell_without(s, slot, SIGHT_silent);
	if (slot && is_another(s, f, pkt, from_client)) {
		if (f->list == FLOW_WAITING)
			tell_without(s, slot, SIGHT_ended);
		flow_remove(&s->table, slot);
		slot = 0;
	}
	if (slot == 0) {
		slot = begin(s, pkt, hash, &from_client);
		f = flow_at(&s->table, slot);
	}
	f->last_ns = pkt->clock_ns;
	if (f->list == FLOW_TOLD)
		flow_move(&s->table, slot, FLOW_TOLD);
	else if (pkt->proto == PACKET_TCP)
		take_segment(s, slot, pkt, from_client);
	else
		take_datagram(s, slot, pkt, from_client);
}

bool sight_is_due(const struct sight *s, int64_t clock_ns)
{
	const struct flow_table *t = &s->table;
	uint32_t waits = t->list[FLOW_WAITING].oldest, told = t->list[FLOW_TOLD].oldest;
	return (waits && when_since(clock_ns, flow_at(t, waits)->began_ns) > SIGHT_WAIT_NS) ||
	       (told && when_since(clock_ns, flow_at(t, told)->last_ns) > s->idle_ns);
}

void sight_expire(struct sight *s, int64_t clock_ns, unsigned most)
{
	struct flow_table *t = &s->table;
	for (unsigned i = 0; i < most; i++) {
		uint32_t waits = t->list[FLOW_WAITING].oldest, told = t->list[FLOW_TOLD].oldest;
		if (waits && when_since(clock_ns, flow_at(t, waits)->began_ns) > SIGHT_WAIT_NS)
			tell_without(s, waits, SIGHT_silent);
		else if (told && when_since(clock_ns, flow_at(t, told)->last_ns) > s->idle_ns)
			flow_remove(t, told);
		else
			return;
	}
}

void sight_finish(struct sight *s)
{
	while (s->table.list[FLOW_WAITING].oldest)
		tell_without(s, s->table.list[FLOW_WAITING].oldest, SIGHT_silent);
}
