/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_split.h"

#include "base/cursor.h"

enum look { LOOK_NO, LOOK_MORE, LOOK_YES };

enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE_TOP = 0x4000,
	FLAG_Z = 0x0040,
	FLAG_RCODE = 15,
	TYPE_OPT = 41
};

/* QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO: the opcodes that are assigned. */
static bool opcode_known(uint16_t flags)
{
	return 0x77u >> (flags >> 11 & 15) & 1;
}

static bool flags_plausible(uint16_t flags, enum tcp_side side)
{
	if (side != TCP_SIDE_EITHER && !(flags & FLAG_QR) != (side == TCP_SIDE_QUERIES))
		return false;
	if (!(flags & FLAG_QR) && (flags & 15))
		return false;
	return opcode_known(flags) && !(flags & FLAG_Z) && (flags & 15) <= 11;
}

/* Skips a name. The first of a message has no other before it that it could point to. */
static bool skip_name(struct cursor *c)
{
	for (unsigned octets = 0; octets < 255;) {
		uint8_t label = cursor_u8(c);
		if (label == 0) /* or no octet is left: then the cursor is bad */
			return true;
		if (label > 63)
			return false;
		octets += label + 1u;
		if (octets > 254) /* the root label takes another one */
			return false;
		cursor_read(c, label);
	}
	return false;
}

static bool class_plausible(uint16_t class)
{
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* Judges what follows the header: a question, or without one a resource record. */
static enum look look_entry(struct cursor *c, uint32_t len, bool question, bool only)
{
	const uint8_t *start = c->at;
	if (!skip_name(c))
		return LOOK_NO;
	uint16_t type = cursor_u16(c), class = cursor_u16(c);
	uint32_t fixed = 0;
	if (!question) {
		cursor_u32(c);
		fixed = cursor_u16(c);
	}
	if (c->bad)
		return LOOK_MORE;
	fixed += (uint32_t)(c->at - start) + TCP_SPLIT_HEADER;
	if (type == 0 || fixed > len || (only && fixed != len))
		return LOOK_NO;
	if (!question && type == TYPE_OPT)
		return *start == 0 ? LOOK_YES : LOOK_NO;
	return class_plausible(class) ? LOOK_YES : LOOK_NO;
}

/* Judges whether n octets look like a length and a message. */
static enum look look_message(const uint8_t *data, uint32_t n, enum tcp_side side)
{
	struct cursor c = cursor_of(data, n < TCP_SPLIT_LOOK ? n : TCP_SPLIT_LOOK);
	uint16_t len = cursor_u16(&c);
	if (c.bad)
		return LOOK_MORE;
	if (len < TCP_SPLIT_HEADER)
		return LOOK_NO;
	cursor_u16(&c);
	uint16_t flags = cursor_u16(&c);
	if (c.bad)
		return LOOK_MORE;
	if (!flags_plausible(flags, side))
		return LOOK_NO;
	uint16_t questions = cursor_u16(&c);
	if (c.bad)
		return LOOK_MORE;
	if (questions > 1)
		return LOOK_NO;
	uint32_t records = cursor_u16(&c);
	records += cursor_u16(&c);
	records += cursor_u16(&c);
	if (c.bad)
		return LOOK_MORE;
	if (TCP_SPLIT_HEADER + 5u * questions + 11u * records > len)
		return LOOK_NO;
	if (questions + records == 0)
		return len == TCP_SPLIT_HEADER ? LOOK_YES : LOOK_NO;
	return look_entry(&c, len, questions == 1, questions + records == 1);
}

/* Judges the header alone, of a message that follows one that was found. */
static enum look look_header(const uint8_t *data, uint32_t n, enum tcp_side side)
{
	if (n < 6)
		return LOOK_MORE;
	bool good =
		bits_be16(data) >= TCP_SPLIT_HEADER && flags_plausible(bits_be16(data + 4), side);
	return good ? LOOK_YES : LOOK_NO;
}

/* What eight octets of a header must look like: flags, questions, answers, authority. */
struct pattern {
	uint64_t mask, value;
};

static struct pattern pattern_of(enum tcp_side side)
{
	struct pattern p = {.mask = (uint64_t)(FLAG_OPCODE_TOP | FLAG_Z) << 48 |
				    (uint64_t)0xfffe << 32}; /* at most one question */
	if (side != TCP_SIDE_EITHER)
		p.mask |= (uint64_t)FLAG_QR << 48;
	if (side == TCP_SIDE_REPLIES)
		p.value = (uint64_t)FLAG_QR << 48;
	if (side == TCP_SIDE_QUERIES)
		p.mask |= (uint64_t)FLAG_RCODE << 48;
	return p;
}

/*
 * Skips what look_message() would reject by the header alone: most octets, in one step each.
 * Returns where it stopped, at the latest where no header fits any more.
 */
static uint32_t skip_implausible(const uint8_t *data, uint32_t n, const struct pattern *p)
{
	uint32_t at = 0;
	while (n - at >= 2 + TCP_SPLIT_HEADER &&
		((bits_be64(data + at + 4) & p->mask) != p->value ||
			bits_be16(data + at) < TCP_SPLIT_HEADER))
		at++;
	return at;
}

/* Skips to where a message may begin. Returns the octets skipped. */
static uint32_t search(struct tcp_split *s, const uint8_t *data, uint32_t n, enum tcp_side side,
	bool last, struct tcp_split_result *result)
{
	struct pattern pattern = pattern_of(side);
	uint32_t at = 0;
	for (; at < n; at++) {
		at += skip_implausible(data + at, n - at, &pattern);
		enum look look = look_message(data + at, n - at, side);
		if (look == LOOK_YES) {
			*s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .found = 1};
			result->resync = true;
			break;
		}
		if (look == LOOK_MORE && !last)
			break;
	}
	result->skipped += at;
	return at;
}

/* Reads the length. Returns the octets consumed; 0 if more are needed. */
static uint32_t read_length(struct tcp_split *s, const uint8_t *data, uint32_t n,
	enum tcp_side side, bool last, struct tcp_split_result *result)
{
	if (s->found && s->have == 0) {
		enum look look = look_header(data, n, side);
		if (look == LOOK_MORE && !last)
			return 0;
		if (look != LOOK_YES) {
			*s = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
			return 0;
		}
	}
	uint32_t at = 0;
	for (; s->have < 2 && at < n; at++, s->have++)
		s->len = (uint16_t)(s->have ? s->len | data[at] : data[at] << 8);
	if (s->have == 2 && s->len < TCP_SPLIT_HEADER) {
		s->mode = s->len ? TCP_SPLIT_DISCARD : TCP_SPLIT_FRAME;
		s->have = 0;
		result->skipped += 2;
		result->runts++;
	}
	return at;
}

uint32_t tcp_split_parse(struct tcp_split *s, const uint8_t *data, uint32_t n, enum tcp_side side,
	bool last, struct tcp_split_result *result)
{
	uint32_t at = 0;
	*result = (struct tcp_split_result){.data = NULL};
	while (at < n) {
		const uint8_t *here = data + at;
		uint32_t left = n - at, used = 0;
		uint8_t mode = s->mode;
		if (mode == TCP_SPLIT_DISCARD) {
			used = left < s->len ? left : s->len;
			result->skipped += used;
			s->len = (uint16_t)(s->len - used);
			if (s->len == 0)
				*s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .found = s->found};
		} else if (mode == TCP_SPLIT_SEARCH) {
			used = search(s, here, left, side, last, result);
		} else if (s->have < 2) {
			used = read_length(s, here, left, side, last, result);
		} else if (left >= s->len) {
			result->data = here;
			result->len = s->len;
			*s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .found = s->found};
			return at + result->len;
		}
		at += used;
		if (used == 0 && mode == s->mode)
			break;
	}
	return at;
}

bool tcp_split_gap(struct tcp_split *s, uint32_t read, uint32_t lost)
{
	bool whole = s->mode == TCP_SPLIT_SEARCH || (s->mode == TCP_SPLIT_FRAME && s->have < 2);
	if (whole) {
		bool begun = s->mode == TCP_SPLIT_FRAME && s->have == 1;
		*s = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
		return begun;
	}
	bool begun = s->mode == TCP_SPLIT_FRAME;
	uint32_t left = s->len - read;
	if (lost > left)
		*s = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
	else if (lost == left)
		*s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .found = s->found};
	else
		*s = (struct tcp_split){.len = (uint16_t)(left - lost),
			.mode = TCP_SPLIT_DISCARD,
			.found = s->found};
	return begun;
}
