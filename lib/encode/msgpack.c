/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/msgpack.h"

#include "encode/scan.h"

/* The markers of a kind of value that has a length: up to `max` within the marker, else in one, two
 * or four octets behind it; 0: there is no such form. */
struct marks {
	uint8_t fix, max, one, two, four;
};

static const struct marks marks_array = {0x90, 15, 0, 0xdc, 0xdd};
static const struct marks marks_map = {0x80, 15, 0, 0xde, 0xdf};
static const struct marks marks_str = {0xa0, 31, 0xd9, 0xda, 0xdb};
static const struct marks marks_bin = {0, 0, 0xc4, 0xc5, 0xc6};

/* Appends a marker and a number of 1, 2, 4 or 8 octets. */
static void put_number(struct text *t, uint8_t mark, uint64_t v, unsigned octets)
{
	char value[9] = {(char)mark};
	v = __builtin_bswap64(v << (64 - 8 * octets));
	memcpy(value + 1, &v, sizeof(v));
	text_put(t, value, 1 + octets);
}

/* How many octets of length stand behind the mark. */
static unsigned width_of(const struct marks *m, uint64_t n)
{
	if (m->fix && n <= m->max)
		return 0;
	if (m->one && n <= UINT8_MAX)
		return 1;
	return n <= UINT16_MAX ? 2 : 4;
}

static void put_head(struct text *t, const struct marks *m, uint32_t n)
{
	switch (width_of(m, n)) {
	case 0: text_char(t, (char)(m->fix | n)); break;
	case 1: put_number(t, m->one, n, 1); break;
	case 2: put_number(t, m->two, n, 2); break;
	default: put_number(t, m->four, n, 4);
	}
}

void msgpack_array(struct text *t, uint32_t n)
{
	put_head(t, &marks_array, n);
}

void msgpack_map(struct text *t, uint32_t n)
{
	put_head(t, &marks_map, n);
}

void msgpack_str(struct text *t, const char *s, size_t n)
{
	put_head(t, &marks_str, (uint32_t)n);
	text_put(t, s, n);
}

void msgpack_bin_head(struct text *t, uint32_t n)
{
	put_head(t, &marks_bin, n);
}

void msgpack_bin(struct text *t, const void *p, size_t n)
{
	msgpack_bin_head(t, (uint32_t)n);
	text_put(t, p, n);
}

void msgpack_uint(struct text *t, uint64_t v)
{
	if (v < 0x80)
		text_char(t, (char)v);
	else if (v <= UINT8_MAX)
		put_number(t, 0xcc, v, 1);
	else if (v <= UINT16_MAX)
		put_number(t, 0xcd, v, 2);
	else if (v <= UINT32_MAX)
		put_number(t, 0xce, v, 4);
	else
		put_number(t, 0xcf, v, 8);
}

void msgpack_int(struct text *t, int64_t v)
{
	if (v >= 0)
		msgpack_uint(t, (uint64_t)v);
	else if (v >= -32)
		text_char(t, (char)v);
	else if (v >= INT8_MIN)
		put_number(t, 0xd0, (uint64_t)v, 1);
	else if (v >= INT16_MIN)
		put_number(t, 0xd1, (uint64_t)v, 2);
	else if (v >= INT32_MIN)
		put_number(t, 0xd2, (uint64_t)v, 4);
	else
		put_number(t, 0xd3, (uint64_t)v, 8);
}

void msgpack_double(struct text *t, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	put_number(t, 0xcb, bits, 8);
}

void msgpack_bool(struct text *t, bool v)
{
	text_char(t, v ? (char)0xc3 : (char)0xc2);
}

void msgpack_event_time(struct text *t, int64_t ns)
{
	const int64_t max = (int64_t)UINT32_MAX * 1000000000 + 999999999;
	uint64_t v = (uint64_t)(ns < 0 ? 0 : ns > max ? max : ns);
	text_put(t, "\xd7\x00", 2);
	uint64_t octets = __builtin_bswap64(v / 1000000000 << 32 | v % 1000000000);
	text_put(t, &octets, sizeof(octets));
}

static bool put_json_number(struct text *t, const struct scan *s)
{
	struct scan_number n;
	if (!scan_number(s, &n))
		return false;
	if (n.fraction || (n.negative && n.digits > 1ull << 63))
		msgpack_double(t, scan_double(&n));
	else if (n.negative)
		msgpack_int(t, (int64_t)(0 - n.digits));
	else
		msgpack_uint(t, n.digits);
	return true;
}

/* A bracket whose number of members is known only when it closes. */
struct open {
	size_t at; /* offset of its mark */
	uint32_t n;
	bool map;
};

static void open_bracket(struct text *t, struct open *o, bool map)
{
	*o = (struct open){.at = text_len(t), .map = map};
	text_char(t, 0); /* the mark's place, if it is short */
}

/* Puts the mark where one octet was left for it, moving what follows if it is longer. */
static void close_bracket(struct text *t, const struct open *o)
{
	const struct marks *m = o->map ? &marks_map : &marks_array;
	unsigned more = width_of(m, o->n);
	if (t->full || !text_reserve(t, more))
		return;
	char *mark = t->start + o->at;
	memmove(mark + 1 + more, mark + 1, (size_t)(t->at - mark - 1));
	struct text head = text_of(mark, 1 + more);
	put_head(&head, m, o->n);
	t->at += more;
}

static void put_json_str(struct text *t, const struct scan *s)
{
	if (bits_likely(!s->escaped)) {
		msgpack_str(t, s->text, s->len);
		return;
	}
	/* Unescaped it is shorter, by how much shows when it stands there. */
	unsigned head = 1 + width_of(&marks_str, s->len);
	if (!text_reserve(t, head + s->len))
		return;
	struct text inside = text_of(t->at + head, s->len);
	scan_unescape(&inside, s);
	size_t n = text_len(&inside);
	put_head(t, &marks_str, (uint32_t)n);
	memmove(t->at, inside.start, n);
	t->at += n;
}

static bool put_json(struct text *t, struct scan *s)
{
	struct open open[SCAN_DEPTH + 1] = {{0}};
	for (;;) {
		enum scan_token token = scan_next(s);
		struct open *o = &open[s->depth]; /* the bracket around what follows a value */
		if (token == SCAN_OBJECT || token == SCAN_ARRAY) {
			open[s->depth - 1].n += !open[s->depth - 1].map;
			open_bracket(t, o, token == SCAN_OBJECT);
			continue;
		}
		if (token == SCAN_CLOSE) {
			close_bracket(t, o + 1);
			continue;
		}
		o->n += token == SCAN_KEY || !o->map;
		switch (token) {
		case SCAN_KEY:
		case SCAN_STRING: put_json_str(t, s); break;
		case SCAN_NUMBER:
			if (!put_json_number(t, s))
				return false;
			break;
		case SCAN_TRUE:
		case SCAN_FALSE: msgpack_bool(t, token == SCAN_TRUE); break;
		case SCAN_NULL: text_char(t, (char)0xc0); break;
		default: return token == SCAN_END;
		}
	}
}

bool msgpack_json(struct text *t, const char *json, size_t n)
{
	struct scan s = scan_of(json, n);
	return put_json(t, &s);
}
