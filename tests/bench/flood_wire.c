/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/flood.h"

#include "base/bits.h"
#include "base/when.h"
#include "bench/mix_wire.h"

#include <stdlib.h>

uint64_t flood_random(uint64_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; n -= 2, p += 2)
		s += bits_be16(p);
	return n ? s + (uint32_t)*p * 256 : s;
}

static uint16_t folded(uint32_t s)
{
	s = (s >> 16) + (s & 0xffff);
	return (uint16_t) ~((s >> 16) + s);
}

uint32_t flood_message(uint8_t *to, uint16_t id, uint16_t flags, const char *name, uint32_t address)
{
	struct writer w = {to};

	u16(&w, id);
	u16(&w, flags);
	u16(&w, 1);
	u16(&w, address != 0);
	u32(&w, 0);
	while (*name) {
		size_t n = strcspn(name, ".");
		u8(&w, (unsigned)n);
		memcpy(w.at, name, n);
		w.at += n;
		name += n + (name[n] == '.');
	}
	u8(&w, 0);
	u16(&w, 1);
	u16(&w, 1);
	if (address) {
		u16(&w, 0xc00c);
		u16(&w, 1);
		u16(&w, 1);
		u32(&w, 60);
		u16(&w, 4);
		u32(&w, address);
	}
	return (uint32_t)(w.at - to);
}

/* Starts a frame with an IP payload of n octets, which the caller writes before done(). */
static struct writer begin(struct flood *f, const struct flood_ends *e, unsigned proto,
	unsigned fragment, uint16_t id, uint32_t n)
{
	uint8_t *octets = f->burst.octets[f->burst.n];
	struct writer w = {octets};

	if (14 + 20 + n > FLOOD_FRAME)
		abort();
	u32(&w, 0x02000000);
	u32(&w, 0x00010200);
	u32(&w, 0x00000002);
	u16(&w, 0x0800);
	u16(&w, 0x4500);
	u16(&w, 20 + n);
	u16(&w, id);
	u16(&w, fragment);
	u16(&w, 64 << 8 | proto);
	u16(&w, 0);
	u32(&w, e->src);
	u32(&w, e->dst);
	struct writer check = {octets + 24};
	u16(&check, folded(sum(octets + 14, 20, 0)));
	return w;
}

static void done(struct flood *f, const struct writer *w)
{
	uint8_t *octets = f->burst.octets[f->burst.n];
	uint32_t n = (uint32_t)(w->at - octets);

	f->burst.frames[f->burst.n++] = (struct frame){.data = octets,
		.len = n,
		.wire_len = n,
		.ts_ns = (int64_t)WHEN_NS_PER_S + f->now_ns,
		.clock_ns = (int64_t)WHEN_NS_PER_S + f->now_ns,
		.link_type = FRAME_LINK_ETHERNET};
}

void flood_udp(struct flood *f, const struct flood_ends *e, const uint8_t *payload, uint32_t n)
{
	struct writer w = begin(f, e, 17, 0, 0, 8 + n);
	u16(&w, e->sport);
	u16(&w, e->dport);
	u16(&w, 8 + n);
	u16(&w, 0);
	memcpy(w.at, payload, n);
	w.at += n;
	done(f, &w);
}

void flood_tcp(struct flood *f, const struct flood_ends *e, unsigned flags, uint32_t seq,
	uint32_t ack, const uint8_t *payload, uint32_t n)
{
	struct writer w = begin(f, e, 6, 0, 0, 20 + n);
	uint8_t *header = w.at;
	u16(&w, e->sport);
	u16(&w, e->dport);
	u32(&w, seq);
	u32(&w, ack);
	u16(&w, 0x5000 | flags);
	u16(&w, 0xffff);
	u32(&w, 0);
	if (n)
		memcpy(w.at, payload, n);
	w.at += n;
	struct writer check = {header + 16};
	u16(&check, folded(sum(header, 20 + n, sum(header - 8, 8, 6 + 20 + n))));
	done(f, &w);
}

void flood_fragment(struct flood *f, const struct flood_ends *e, uint16_t id, uint32_t n)
{
	struct writer w = begin(f, e, 17, 0x2000, id, n);
	u16(&w, e->sport);
	u16(&w, e->dport);
	u16(&w, 2 * n);
	u16(&w, 0);
	memset(w.at, 0, n - 8);
	w.at += n - 8;
	done(f, &w);
}
