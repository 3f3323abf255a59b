/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fluentd_reply.h"

#include "base/cursor.h"

#include <errno.h>

/* A reply has a dozen values. */
#define VALUES_MAX 256

enum type { TYPE_NIL, TYPE_BOOL, TYPE_OCTETS, TYPE_ARRAY, TYPE_MAP, TYPE_OTHER, TYPE_BAD };

struct value {
	enum type type;
	bool yes;
	uint32_t n; /* octets, or members of an array or map */
	const char *at;
};

static struct value octets_of(struct cursor *c, enum type type, uint32_t n)
{
	const uint8_t *p = cursor_read(c, n);
	return (struct value){.type = type, .n = p ? n : 0, .at = (const char *)p};
}

static struct value many(enum type type, uint32_t n)
{
	return (struct value){.type = type, .n = n};
}

/* Reads one value; of an array or map, its header only. Sets c->bad if the octets end within it. */
static struct value read_value(struct cursor *c)
{
	/* Octets of the types from 0xca on: floats, integers, fixed extensions. */
	static const uint8_t lengths[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17};
	uint8_t m = cursor_u8(c);
	if (m < 0x80 || m >= 0xe0)
		return many(TYPE_OTHER, 0);
	if (m < 0x90)
		return many(TYPE_MAP, m & 15);
	if (m < 0xa0)
		return many(TYPE_ARRAY, m & 15);
	if (m < 0xc0)
		return octets_of(c, TYPE_OCTETS, m & 31);
	switch (m) {
	case 0xc0: return many(TYPE_NIL, 0);
	case 0xc2:
	case 0xc3: return (struct value){.type = TYPE_BOOL, .yes = m == 0xc3};
	case 0xc4:
	case 0xd9: return octets_of(c, TYPE_OCTETS, cursor_u8(c));
	case 0xc5:
	case 0xda: return octets_of(c, TYPE_OCTETS, cursor_u16(c));
	case 0xc6:
	case 0xdb: return octets_of(c, TYPE_OCTETS, cursor_u32(c));
	case 0xc7: return octets_of(c, TYPE_OTHER, 1u + cursor_u8(c));
	case 0xc8: return octets_of(c, TYPE_OTHER, 1u + cursor_u16(c));
	case 0xdc: return many(TYPE_ARRAY, cursor_u16(c));
	case 0xdd: return many(TYPE_ARRAY, cursor_u32(c));
	case 0xde: return many(TYPE_MAP, cursor_u16(c));
	case 0xdf: return many(TYPE_MAP, cursor_u32(c));
	case 0xc1:
	case 0xc9: return many(TYPE_BAD, 0);
	default: return octets_of(c, TYPE_OTHER, lengths[m - 0xca]);
	}
}

/* Skips `left` values and all their members. */
static bool skip(struct cursor *c, uint64_t left)
{
	for (unsigned i = 0; left && !c->bad; i++, left--) {
		struct value v = read_value(c);
		if (i == VALUES_MAX || v.type == TYPE_BAD)
			return false;
		left += v.type == TYPE_ARRAY ? v.n : v.type == TYPE_MAP ? 2 * (uint64_t)v.n : 0;
	}
	return true;
}

static bool skip_value(struct cursor *c, const struct value *v)
{
	return v->type != TYPE_BAD && skip(c, v->type == TYPE_ARRAY ? v->n
					      : v->type == TYPE_MAP ? 2 * (uint64_t)v->n
								    : 0);
}

static bool is(const struct value *v, const char *word)
{
	size_t n = strlen(word);
	return v->type == TYPE_OCTETS && v->n == n && v->at && memcmp(v->at, word, n) == 0;
}

/* Reads the options of HELO, or the map of an acknowledgement; skips unknown members. */
static bool read_map(struct cursor *c, uint32_t n, struct fluentd_reply *r)
{
	if (n > VALUES_MAX)
		return false;
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		struct value key = read_value(c);
		if (!skip_value(c, &key))
			return false;
		struct value v = read_value(c);
		if (!skip_value(c, &v))
			return false;
		struct fluentd_octets got = {v.at, v.type == TYPE_OCTETS ? v.n : 0};
		if (is(&key, "ack"))
			r->ack = got;
		else if (is(&key, "nonce"))
			r->nonce = got;
		else if (is(&key, "auth"))
			r->auth = got;
		else if (is(&key, "keepalive"))
			r->keepalive = v.type != TYPE_BOOL || v.yes;
	}
	return true;
}

static bool read_helo(struct cursor *c, struct fluentd_reply *r)
{
	struct value v = read_value(c);
	r->kind = FLUENTD_HELO;
	r->keepalive = true;
	return c->bad || (v.type == TYPE_MAP && read_map(c, v.n, r));
}

static bool read_pong(struct cursor *c, struct fluentd_reply *r)
{
	struct fluentd_octets *to[] = {&r->reason, &r->hostname, &r->digest};
	struct value v = read_value(c);
	r->kind = FLUENTD_PONG;
	r->accepted = v.yes;
	if (v.type != TYPE_BOOL && !c->bad)
		return false;
	for (int i = 0; i < 3 && !c->bad; i++) {
		v = read_value(c);
		if (!skip_value(c, &v))
			return false;
		if (v.type == TYPE_OCTETS)
			*to[i] = (struct fluentd_octets){v.at, v.n};
	}
	return true;
}

static bool read_any(struct cursor *c, struct fluentd_reply *r)
{
	struct value v = read_value(c);
	if (v.type == TYPE_MAP) {
		r->kind = FLUENTD_ACK;
		return read_map(c, v.n, r) && (c->bad || r->ack.len);
	}
	if (v.type != TYPE_ARRAY || v.n == 0)
		return c->bad;
	uint32_t n = v.n;
	v = read_value(c);
	if (is(&v, "HELO") && n == 2)
		return read_helo(c, r);
	if (is(&v, "PONG") && n == 5)
		return read_pong(c, r);
	return c->bad;
}

int fluentd_reply_read(const char *octets, size_t len, struct fluentd_reply *r)
{
	struct cursor c = cursor_of((const uint8_t *)octets, len);
	*r = (struct fluentd_reply){0};
	if (!read_any(&c, r))
		return -EINVAL;
	return c.bad ? 0 : (int)(len - cursor_remaining(&c));
}
