/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/mix.h"

#include "base/bits.h"

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

struct maker {
	struct mix *mix;
	const struct mix_options *options;
	uint64_t state;
	int64_t now_ns;
};

/* One transaction to be: enough to make both messages the same way. */
struct plan {
	unsigned client, name, type;
	uint16_t port, id;
	bool v6, edns, dnssec, nxdomain, answered;
};

static uint32_t draw(struct maker *m, uint32_t below)
{
	m->state += 0x9e3779b97f4a7c15u;
	uint64_t z = m->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(((z ^ z >> 31) >> 32) * below >> 32);
}

static bool chance(struct maker *m, unsigned of_1000)
{
	return draw(m, 1000) < of_1000;
}

struct writer {
	uint8_t *at;
};

static void u8(struct writer *w, unsigned v)
{
	*w->at++ = (uint8_t)v;
}

static void u16(struct writer *w, unsigned v)
{
	u8(w, v >> 8);
	u8(w, v & 255);
}

static void u32(struct writer *w, uint32_t v)
{
	u16(w, v >> 16);
	u16(w, v & 0xffff);
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

static void put_ip(struct writer *w, const struct plan *p, bool reply, unsigned udp_len)
{
	uint8_t client[16] = {0x20, 1, 0xd, 0xb8, 0, 1}, server[16] = {0x20, 1, 0xd, 0xb8, 0, 2};
	client[14] = (uint8_t)(p->client >> 8);
	client[15] = (uint8_t)p->client;
	server[15] = 53;
	if (p->v6) {
		u32(w, 0x60000000);
		u16(w, udp_len);
		u16(w, 0x1140);
		memcpy(w->at, reply ? server : client, 16);
		memcpy(w->at + 16, reply ? client : server, 16);
		w->at += 32;
		return;
	}
	u16(w, 0x4500);
	u16(w, 20 + udp_len);
	u32(w, 0);
	u32(w, 0x40110000);
	u32(w, reply ? 0xcb007135 : 0xc6330000 + p->client);
	u32(w, reply ? 0xc6330000 + p->client : 0xcb007135);
}

static void put_frame(struct maker *m, const struct plan *p, bool reply)
{
	struct mix *mix = m->mix;
	uint8_t message[1024];
	struct writer body = {message};

	if (mix->room - mix->used < 2048) {
		fprintf(stderr, "mix: the frames take more room than foreseen\n");
		exit(2);
	}
	put_message(m, &body, p, reply);
	unsigned len = (unsigned)(body.at - message);
	uint8_t *start = mix->octets + mix->used;
	struct writer w = {start};
	memset(w.at, 2, 12);
	w.at += 12;
	u16(&w, p->v6 ? 0x86dd : 0x0800);
	put_ip(&w, p, reply, 8 + len);
	u16(&w, reply ? 53 : p->port);
	u16(&w, reply ? p->port : 53);
	u16(&w, 8 + len);
	u16(&w, 0);
	memcpy(w.at, message, len);
	w.at += len;
	m->now_ns += 400 + draw(m, 200);
	uint32_t total = (uint32_t)(w.at - start);
	mix->frames[mix->count++] = (struct frame){.data = start,
		.len = total,
		.wire_len = total,
		.ts_ns = m->now_ns,
		.clock_ns = m->now_ns,
		.link_type = FRAME_LINK_ETHERNET};
	mix->used += (total + 63) & ~63u; /* as buffers of a pool: each begins on a cache line */
}

static void draw_plan(struct maker *m, struct plan *p)
{
	const struct mix_options *o = m->options;
	uint32_t kind = draw(m, 100), popular = draw(m, o->names);

	p->client = draw(m, o->clients);
	/* The square makes some names much more popular than others. */
	p->name = (unsigned)((uint64_t)popular * popular / o->names);
	p->type = kind < 60 ? 1 : kind < 81 ? 28 : kind < 89 ? 65 : kind < 94 ? 12 : 16;
	p->port = (uint16_t)(1024 + draw(m, 64000));
	p->id = (uint16_t)draw(m, 65536);
	p->v6 = p->client % 5 == 0;
	p->edns = chance(m, 780);
	p->dnssec = p->edns && chance(m, o->dnssec);
	p->nxdomain = chance(m, 170);
	p->answered = !chance(m, o->unanswered);
}

void mix_make(struct mix *mix, const struct mix_options *options)
{
	struct plan flight[IN_FLIGHT];
	struct maker m = {.mix = mix, .options = options, .state = options->seed};

	memset(flight, 0, sizeof(flight));
	mix->room = (size_t)options->transactions * 1024 + 4096;
	mix->used = 0;
	mix->count = 0;
	mix->octets = aligned_alloc(64, (mix->room + 63) & ~(size_t)63);
	mix->frames = calloc((size_t)options->transactions * 2, sizeof(*mix->frames));
	if (!mix->octets || !mix->frames) {
		fprintf(stderr, "mix: no memory\n");
		exit(2);
	}
	m.now_ns = 1700000000 * (int64_t)1000000000;
	for (unsigned i = 0; i < options->transactions + IN_FLIGHT; i++) {
		struct plan *p = &flight[i % IN_FLIGHT];
		if (i >= IN_FLIGHT && p->answered)
			put_frame(&m, p, true);
		if (i < options->transactions) {
			draw_plan(&m, p);
			put_frame(&m, p, false);
		} else {
			p->answered = false;
		}
	}
}

void mix_free(struct mix *mix)
{
	free(mix->octets);
	free(mix->frames);
}
