/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/mix.h"

#include "base/bits.h"
#include "bench/mix_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct mix_options mix_standard = {.seed = 1,
	.transactions = 50000,
	.clients = 640,
	.names = 18000,
	.unanswered = 35,
	.dnssec = 60};

#define IN_FLIGHT 64 /* queries between a query and its reply */
#define QUERIES 8 /* of a connection */

/* One client's. */
struct connection {
	uint32_t seq[2]; /* of the client, of the server */
	uint16_t port;
	unsigned queries, open; /* sent on this connection; of them without a reply yet */
};

struct maker {
	struct mix *mix;
	const struct mix_options *options;
	struct connection *connections; /* by client */
	uint64_t state;
	int64_t now_ns;
};

/* A transaction, from which both messages are made. */
struct plan {
	unsigned client, name, type;
	uint16_t port, id;
	bool v6, edns, dnssec, nxdomain, answered, tcp, tunnel;
};

static uint32_t draw(struct maker *m, uint32_t below)
{
	m->state += 0x9e3779b97f4a7c15u;
	uint64_t z = m->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(((z ^ z >> 31) >> 32) * below >> 32);
}

static bool is_v6(unsigned client)
{
	return client % 5 == 0;
}

static bool chance(struct maker *m, unsigned of_1000)
{
	return draw(m, 1000) < of_1000;
}

static void label(struct writer *w, const char *s)
{
	size_t n = strlen(s);
	u8(w, (unsigned)n);
	memcpy(w->at, s, n);
	w->at += n;
}

static void put_name(struct writer *w, unsigned name)
{
	static const char *const hosts[] = {"www", "mail", "api", "cdn-edge", "static", "ns1",
		"e12476-g", "telemetry", "img", "_autodiscover"};
	static const char *const tops[] = {"com", "net", "org", "de", "example", "co"};
	char middle[32];
	snprintf(middle, sizeof(middle), "site%u%s", name / 10, name % 3 ? "" : "-longer");
	label(w, hosts[name % 10]);
	label(w, middle);
	label(w, tops[name % 6]);
	u8(w, 0);
}

static void rr_head(struct writer *w, unsigned owner, unsigned type, uint32_t ttl, unsigned len)
{
	u16(w, 0xc000 | owner);
	u16(w, type);
	u16(w, 1);
	u32(w, ttl);
	u16(w, len);
}

static void put_opt(struct writer *w, bool dnssec)
{
	u8(w, 0);
	u16(w, 41);
	u16(w, 1232);
	u32(w, dnssec ? 0x8000 : 0);
	u16(w, 0);
}

static void put_signature(struct maker *m, struct writer *w, unsigned type)
{
	rr_head(w, 12, 46, 300, 18 + 6 + 64);
	u16(w, type);
	u8(w, 13);
	u8(w, 3);
	u32(w, 300);
	u32(w, 1760000000);
	u32(w, 1759000000);
	u16(w, 34567);
	label(w, "sign");
	u8(w, 0);
	for (int i = 0; i < 64; i++)
		u8(w, draw(m, 256));
}

static void put_soa(struct writer *w, unsigned zone)
{
	rr_head(w, zone, 6, 900, 2 + 4 + 2 + 6 + 20 - 4);
	label(w, "ns1");
	u16(w, 0xc000 | zone);
	label(w, "a");
	u16(w, 0xc000 | zone);
	for (int i = 0; i < 5; i++)
		u32(w, 2026010100u + (unsigned)i);
}

static unsigned put_addresses(struct maker *m, struct writer *w, unsigned type)
{
	unsigned n = 1 + draw(m, 4), size = type == 28 ? 16 : 4;
	for (unsigned i = 0; i < n; i++) {
		rr_head(w, 12, type, 60 + draw(m, 3600), size);
		for (unsigned k = 0; k < size; k++)
			u8(w, k == 0 && size == 16 ? 0x20 : draw(m, 256));
	}
	return n;
}

static unsigned put_answers(struct maker *m, struct writer *w, const struct plan *p)
{
	switch (p->type) {
	case 1:
	case 28: return put_addresses(m, w, p->type);
	case 12:
		rr_head(w, 12, 12, 3600, 10);
		label(w, "host-123");
		u8(w, 0);
		return 1;
	case 65:
		rr_head(w, 12, 65, 300, 10);
		u16(w, 1);
		u8(w, 0);
		u16(w, 1);
		u16(w, 3);
		memcpy(w->at, "\2h2", 3);
		w->at += 3;
		return 1;
	default:
		rr_head(w, 12, 16, 300, 25);
		label(w, "v=spf1 include:a.b -all?");
		return 1;
	}
}

static void put_message(struct maker *m, struct writer *w, const struct plan *p, bool reply)
{
	uint8_t *start = w->at;
	unsigned answers = 0, authority = 0, zone;

	u16(w, p->id);
	u16(w, reply ? (p->nxdomain ? 0x8183 : 0x8180) : 0x0100);
	u16(w, 1);
	u16(w, 0);
	u16(w, 0);
	u16(w, p->edns);
	put_name(w, p->name);
	zone = 12 + 1u + start[12];
	u16(w, p->type);
	u16(w, 1);
	if (reply && p->nxdomain) {
		put_soa(w, zone);
		authority = 1;
	} else if (reply) {
		answers = put_answers(m, w, p);
		if (p->dnssec) {
			put_signature(m, w, p->type);
			answers++;
		}
		for (; authority < 2 && draw(m, 3) == 0; authority++) {
			rr_head(w, zone, 2, 86400, 6);
			label(w, authority ? "ns2" : "ns1");
			u16(w, 0xc000 | zone);
		}
	}
	if (p->edns)
		put_opt(w, p->dnssec);
	start[7] = (uint8_t)answers;
	start[9] = (uint8_t)authority;
}

/* Appends a frame; `message` may be NULL. */
static void put_frame(
	struct maker *m, const struct wire *wire, const uint8_t *message, unsigned len)
{
	struct mix *mix = m->mix;

	if (mix->size - mix->used < 2048 || mix->count == mix->max_frames) {
		fprintf(stderr, "mix: the frames take more memory than was reserved\n");
		exit(2);
	}
	uint8_t *start = mix->octets + mix->used;
	struct writer w = {start};
	wire_headers(&w, wire, len + (wire->tcp && len ? 2 : 0));
	uint8_t *ip = w.at - (wire->tcp ? 20 : 8) - (wire->v6 ? 40 : 20);
	if (wire->tcp && len)
		u16(&w, len);
	if (len)
		memcpy(w.at, message, len);
	w.at += len;
	wire_checksum(ip);
	m->now_ns += 400 + draw(m, 200);
	uint32_t total = (uint32_t)(w.at - start);
	mix->frames[mix->count++] = (struct frame){.data = start,
		.len = total,
		.wire_len = total,
		.ts_ns = m->now_ns,
		.clock_ns = m->now_ns,
		.link_type = FRAME_LINK_ETHERNET};
	mix->used += (total + 63) & ~63u; /* each begins on a cache line, as buffers of a pool do */
}

/* Appends a segment of a client's connection, and advances its sequence number. */
static void put_segment(struct maker *m, struct connection *c, struct wire *wire, unsigned flags,
	const uint8_t *message, unsigned len)
{
	wire->flags = (uint8_t)flags;
	wire->seq = c->seq[wire->reply];
	wire->ack = flags & WIRE_ACK ? c->seq[!wire->reply] : 0;
	put_frame(m, wire, message, len);
	c->seq[wire->reply] += (len ? len + 2 : 0) + (flags & (WIRE_SYN | WIRE_FIN) ? 1 : 0);
}

/* Appends the three segments that open or close a connection. */
static void put_handshake(struct maker *m, struct connection *c, struct wire wire, unsigned flag)
{
	wire.reply = false;
	put_segment(m, c, &wire, flag == WIRE_SYN ? WIRE_SYN : flag | WIRE_ACK, NULL, 0);
	wire.reply = true;
	put_segment(m, c, &wire, flag | WIRE_ACK, NULL, 0);
	wire.reply = false;
	put_segment(m, c, &wire, WIRE_ACK, NULL, 0);
}

static void close_connection(struct maker *m, unsigned client)
{
	struct connection *c = &m->connections[client];
	struct wire wire = {.client = client, .port = c->port, .v6 = is_v6(client), .tcp = true};
	if (c->queries)
		put_handshake(m, c, wire, WIRE_FIN);
	c->queries = 0;
}

/* Appends a message over TCP: QUERIES a connection, and a bare acknowledgement of each reply. */
static void put_stream(struct maker *m, struct wire *wire, const struct plan *p,
	const uint8_t *message, unsigned len)
{
	struct connection *c = &m->connections[wire->client];
	if (!wire->reply && c->queries == 0) {
		c->port = p->port;
		c->seq[0] = draw(m, UINT32_MAX);
		c->seq[1] = draw(m, UINT32_MAX);
	}
	wire->port = c->port;
	if (!wire->reply && c->queries++ == 0)
		put_handshake(m, c, *wire, WIRE_SYN);
	put_segment(m, c, wire, WIRE_PSH | WIRE_ACK, message, len);
	if (!wire->reply) {
		c->open += p->answered;
		return;
	}
	wire->reply = false;
	put_segment(m, c, wire, WIRE_ACK, NULL, 0);
	if (--c->open == 0 && c->queries >= QUERIES)
		close_connection(m, wire->client);
}

static void put_packet(struct maker *m, const struct plan *p, bool reply)
{
	struct wire wire = {.client = p->client,
		.port = p->port,
		.v6 = p->v6,
		.reply = reply,
		.tcp = p->tcp,
		.tunnel = p->tunnel};
	uint8_t message[1024];
	struct writer body = {message};

	put_message(m, &body, p, reply);
	unsigned len = (unsigned)(body.at - message);
	if (p->tcp)
		put_stream(m, &wire, p, message, len);
	else
		put_frame(m, &wire, message, len);
}

static void draw_plan(struct maker *m, struct plan *p)
{
	const struct mix_options *o = m->options;
	uint32_t kind = draw(m, 100), popular = draw(m, o->names);

	p->client = draw(m, o->clients);
	/* the square makes some names much more popular than others */
	p->name = (unsigned)((uint64_t)popular * popular / o->names);
	p->type = kind < 60 ? 1 : kind < 81 ? 28 : kind < 89 ? 65 : kind < 94 ? 12 : 16;
	p->port = (uint16_t)(1024 + draw(m, 64000));
	p->id = (uint16_t)draw(m, 65536);
	p->v6 = is_v6(p->client);
	p->edns = chance(m, 780);
	p->dnssec = p->edns && chance(m, o->dnssec);
	p->nxdomain = chance(m, 170);
	p->answered = !chance(m, o->unanswered);
	p->tcp = o->tcp && chance(m, o->tcp);
	p->tunnel = o->tunnelled && chance(m, o->tunnelled);
}

void mix_make(struct mix *mix, const struct mix_options *options)
{
	struct plan flight[IN_FLIGHT];
	struct maker m = {.mix = mix, .options = options, .state = options->seed};

	memset(flight, 0, sizeof(flight));
	memset(mix, 0, sizeof(*mix));
	mix->size = (size_t)options->transactions * 1536 + 4096;
	mix->max_frames = options->tcp
				  ? (size_t)options->transactions * 9 + (size_t)options->clients * 3
				  : (size_t)options->transactions * 2;
	mix->octets = aligned_alloc(64, (mix->size + 63) & ~(size_t)63);
	mix->frames = calloc(mix->max_frames, sizeof(*mix->frames));
	m.connections = calloc(options->clients, sizeof(*m.connections));
	if (!mix->octets || !mix->frames || !m.connections) {
		fprintf(stderr, "mix: no memory\n");
		exit(2);
	}
	m.now_ns = 1700000000 * (int64_t)1000000000;
	for (unsigned i = 0; i < options->transactions + IN_FLIGHT; i++) {
		struct plan *p = &flight[i % IN_FLIGHT];
		if (i >= IN_FLIGHT && p->answered)
			put_packet(&m, p, true);
		if (i < options->transactions) {
			draw_plan(&m, p);
			put_packet(&m, p, false);
		} else {
			p->answered = false;
		}
	}
	for (unsigned i = 0; options->tcp && i < options->clients; i++)
		close_connection(&m, i);
	free(m.connections);
}

static void add_u32(uint8_t *at, uint32_t n)
{
	struct writer w = {at};
	u32(&w, bits_be32(at) + n);
}

void mix_renumber(struct mix *mix)
{
	for (size_t i = 0; i < mix->count; i++) {
		uint8_t *ip = mix->octets + (mix->frames[i].data - mix->octets) + 14;
		bool v6 = *ip >> 4 == 6;
		if (ip[v6 ? 6 : 9] != 6)
			continue;
		uint8_t *tcp = ip + (v6 ? 40 : 20);
		add_u32(tcp + 4, 0x10000000);
		if (tcp[13] & WIRE_ACK)
			add_u32(tcp + 8, 0x10000000);
		wire_checksum(ip);
	}
}

void mix_free(struct mix *mix)
{
	free(mix->octets);
	free(mix->frames);
}
