/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/split.h"

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

static bool flags_plausible(uint16_t flags, enum split_side side)
{
	if (side != SPLIT_EITHER && !(flags & FLAG_QR) != (side == SPLIT_QUERIES))
		return false;
	if (!(flags & FLAG_QR) && (flags & 15))
		return false;
	return opcode_known(flags) && !(flags & FLAG_Z) && (flags & 15) <= 11;
}

/* Passes a name. The first of a message has nothing before it that it could point to. */
static bool name_passes(struct cursor *c)
{
	for (unsigned octets = 0; octets < 255;) {
		uint8_t label = cursor_u8(c);
		if (label == 0) /* also where no octet is left: the cursor knows */
			return true;
		if (label > 63)
			return false;
		octets += label + 1u;
		if (octets > 254) /* and the root's one */
			return false;
		cursor_read(c, label);
	}
	return false;
}

static bool class_plausible(uint16_t class)
{
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* What stands first behind the header: a question, or where there is none, a resource record. */
static enum look look_entry(struct cursor *c, uint32_t len, bool question, bool only)
{
	const uint8_t *start = c->at;
	if (!name_passes(c))
		return LOOK_NO;
	uint16_t type = cursor_u16(c), class = cursor_u16(c);
	uint32_t fixed = 0;
	if (!question) {
		cursor_u32(c);
		fixed = cursor_u16(c);
	}
	if (c->bad)
		return LOOK_MORE;
	fixed += (uint32_t)(c->at - start) + SPLIT_HEADER;
	if (type == 0 || fixed > len || (only && fixed != len))
		return LOOK_NO;
	if (!question && type == TYPE_OPT)
		return *start == 0 ? LOOK_YES : LOOK_NO;
	return class_plausible(class) ? LOOK_YES : LOOK_NO;
}

/* Do n octets look like a length and a message behind it? */
static enum look look_message(const uint8_t *data, uint32_t n, enum split_side side)
{
	struct cursor c = cursor_of(data, n < SPLIT_LOOK ? n : SPLIT_LOOK);
	uint16_t len = cursor_u16(&c);
	if (c.bad)
		return LOOK_MORE;
	if (len < SPLIT_HEADER)
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
	if (SPLIT_HEADER + 5u * questions + 11u * records > len)
		return LOOK_NO;
	if (questions + records == 0)
		return len == SPLIT_HEADER ? LOOK_YES : LOOK_NO;
	return look_entry(&c, len, questions == 1, questions + records == 1);
}

/* The weaker look at the message behind one that was found. */
static enum look look_header(const uint8_t *data, uint32_t n, enum split_side side)
{
	if (n < 6)
		return LOOK_MORE;
	bool good = bits_be16(data) >= SPLIT_HEADER && flags_plausible(bits_be16(data + 4), side);
	return good ? LOOK_YES : LOOK_NO;
}

/* What a header must look like in one load, from its flags on: flags, questions, answers. */
struct pattern {
	uint64_t mask, value;
};

static struct pattern pattern_of(enum split_side side)
{
	struct pattern p = {.mask = (uint64_t)(FLAG_OPCODE_TOP | FLAG_Z) << 48 |
				    (uint64_t)0xfffe << 32}; /* at most one question */
	if (side != SPLIT_EITHER)
		p.mask |= (uint64_t)FLAG_QR << 48;
	if (side == SPLIT_REPLIES)
		p.value = (uint64_t)FLAG_QR << 48;
	if (side == SPLIT_QUERIES)
		p.mask |= (uint64_t)FLAG_RCODE << 48;
	return p;
}

/*
 * Passes what look_message() would refuse by the header alone: most octets, in one step each.
 * Returns where it stopped; at the latest so that a header would not fit.
 */
static uint32_t pass_implausible(const uint8_t *data, uint32_t n, const struct pattern *p)
{
	uint32_t at = 0;
	while (n - at >= 2 + SPLIT_HEADER && ((bits_be64(data + at + 4) & p->mask) != p->value ||
						     bits_be16(data + at) < SPLIT_HEADER))
		at++;
	return at;
}

/* Moves to where a message may stand. Returns the octets passed. */
static uint32_t search(struct split *s, const uint8_t *data, uint32_t n, enum split_side side,
	bool last, struct split_piece *piece)
{
	struct pattern pattern = pattern_of(side);
	uint32_t at = 0;
	for (; at < n; at++) {
		at += pass_implausible(data + at, n - at, &pattern);
		enum look look = look_message(data + at, n - at, side);
		if (look == LOOK_YES) {
			*s = (struct split){.mode = SPLIT_FRAME, .found = 1};
			piece->resync = true;
			break;
		}
		if (look == LOOK_MORE && !last)
			break;
	}
	piece->skipped += at;
	return at;
}

/* Reads the length. Returns the octets used; 0: more are needed. */
static uint32_t read_length(struct split *s, const uint8_t *data, uint32_t n, enum split_side side,
	bool last, struct split_piece *piece)
{
	if (s->found && s->have == 0) {
		enum look look = look_header(data, n, side);
		if (look == LOOK_MORE && !last)
			return 0;
		if (look != LOOK_YES) {
			*s = (struct split){.mode = SPLIT_SEARCH};
			return 0;
		}
	}
	uint32_t at = 0;
	for (; s->have < 2 && at < n; at++, s->have++)
		s->len = (uint16_t)(s->have ? s->len | data[at] : data[at] << 8);
	if (s->have == 2 && s->len < SPLIT_HEADER) {
		s->mode = s->len ? SPLIT_DISCARD : SPLIT_FRAME;
		s->have = 0;
		piece->skipped += 2;
		piece->runts++;
	}
	return at;
}

uint32_t split_take(struct split *s, const uint8_t *data, uint32_t n, enum split_side side,
	bool last, struct split_piece *piece)
{
	uint32_t at = 0;
	*piece = (struct split_piece){.data = NULL};
	while (at < n) {
		const uint8_t *here = data + at;
		uint32_t left = n - at, used = 0;
		uint8_t mode = s->mode;
		if (mode == SPLIT_DISCARD) {
			used = left < s->len ? left : s->len;
			piece->skipped += used;
			s->len = (uint16_t)(s->len - used);
			if (s->len == 0)
				*s = (struct split){.mode = SPLIT_FRAME, .found = s->found};
		} else if (mode == SPLIT_SEARCH) {
			used = search(s, here, left, side, last, piece);
		} else if (s->have < 2) {
			used = read_length(s, here, left, side, last, piece);
		} else if (left >= s->len) {
			piece->data = here;
			piece->len = s->len;
			*s = (struct split){.mode = SPLIT_FRAME, .found = s->found};
			return at + piece->len;
		}
		at += used;
		if (used == 0 && mode == s->mode)
			break;
	}
	return at;
}

bool split_gap(struct split *s, uint32_t read, uint32_t gone)
{
	bool whole = s->mode == SPLIT_SEARCH || (s->mode == SPLIT_FRAME && s->have < 2);
	if (whole) {
		bool begun = s->mode == SPLIT_FRAME && s->have == 1;
		*s = (struct split){.mode = SPLIT_SEARCH};
		return begun;
	}
	bool begun = s->mode == SPLIT_FRAME;
	uint32_t left = s->len - read;
	if (gone > left)
		*s = (struct split){.mode = SPLIT_SEARCH};
	else if (gone == left)
		*s = (struct split){.mode = SPLIT_FRAME, .found = s->found};
	else
		*s = (struct split){
			.len = (uint16_t)(left - gone), .mode = SPLIT_DISCARD, .found = s->found};
	return begun;
}
