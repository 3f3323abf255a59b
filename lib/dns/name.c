/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/name.h"

/* Octets of a label that stand for themselves wherever a name is shown: 0. */
enum {
	ODD_ALWAYS = 1, /* escaped in presentation form, or inside a JSON string */
	ODD_ZONE = 2, /* escaped where a zone file would take it for something else */
};
#define PLAIN_ROW(first)                                                                           \
	PLAIN(first), PLAIN(first + 1), PLAIN(first + 2), PLAIN(first + 3), PLAIN(first + 4),      \
		PLAIN(first + 5), PLAIN(first + 6), PLAIN(first + 7), PLAIN(first + 8),            \
		PLAIN(first + 9), PLAIN(first + 10), PLAIN(first + 11), PLAIN(first + 12),         \
		PLAIN(first + 13), PLAIN(first + 14), PLAIN(first + 15)
#define PLAIN(c)                                                                                   \
	(((c) <= ' ' || (c) >= 0x7f || (c) == '.' || (c) == '\\' || (c) == '"' ? ODD_ALWAYS : 0) | \
		((c) == '"' || (c) == '(' || (c) == ')' || (c) == ';' || (c) == '@' || (c) == '$'  \
				? ODD_ZONE                                                         \
				: 0))
static const uint8_t odd_octet[256] = {PLAIN_ROW(0), PLAIN_ROW(16), PLAIN_ROW(32), PLAIN_ROW(48),
	PLAIN_ROW(64), PLAIN_ROW(80), PLAIN_ROW(96), PLAIN_ROW(112), PLAIN_ROW(128), PLAIN_ROW(144),
	PLAIN_ROW(160), PLAIN_ROW(176), PLAIN_ROW(192), PLAIN_ROW(208), PLAIN_ROW(224),
	PLAIN_ROW(240)};
#undef PLAIN
#undef PLAIN_ROW

/* One step of a walk over labels and pointers. */
struct steps {
	uint32_t at; /* next length octet */
	uint32_t limit; /* a pointer must point before this */
	uint32_t after; /* offset behind the name in place; 0 until the first pointer or the root */
	uint32_t wire; /* octets of the name so far */
	uint32_t jumps;
};

/* Moves to the next label: returns its length with s->at behind its length octet, 0 at the root,
 * or -1 with *error set. */
static inline int next_label(const struct name_space *space, struct steps *s, enum dns_error *error)
{
	for (;;) {
		if (bits_unlikely(s->at >= space->len)) {
			*error = DNS_SHORT;
			return -1;
		}
		uint8_t n = space->data[s->at];
		if (bits_likely(n < 0x40)) {
			s->wire += n + 1u;
			s->at++;
			if (bits_unlikely(s->wire > NAME_WIRE_MAX)) {
				*error = DNS_NAME;
				return -1;
			}
			if (bits_unlikely(space->len - s->at < n)) {
				*error = DNS_SHORT;
				return -1;
			}
			if (n == 0 && s->after == 0)
				s->after = s->at;
			return n;
		}
		if (n >= 0xc0 && space->len - s->at < 2) {
			*error = DNS_SHORT;
			return -1;
		}
		uint32_t target = n >= 0xc0 ? (bits_be16(space->data + s->at) & 0x3fffu) : 0;
		/* Label types 01 and 10 are unassigned (RFC 6891 section 5); 12 is the header. */
		if (target < 12 || target >= s->limit || ++s->jumps > NAME_JUMPS) {
			*error = DNS_NAME;
			return -1;
		}
		if (s->after == 0)
			s->after = s->at + 2;
		s->at = target;
		s->limit = target;
	}
}

uint32_t name_skip(const struct name_space *space, uint32_t at, enum dns_error *error)
{
	struct steps s = {.at = at, .limit = at};
	int n;
	while ((n = next_label(space, &s, error)) > 0)
		s.at += (uint32_t)n;
	return n < 0 ? 0 : s.after;
}

static char *odd_label(char *at, const uint8_t *p, int n, bool quoted, bool zone)
{
	for (int i = 0; i < n; i++) {
		uint8_t c = p[i];
		bool decimal = c <= ' ' || c >= 0x7f;
		bool escape = decimal || c == '.' || c == '\\' || (zone && odd_octet[c] & ODD_ZONE);
		if (escape) {
			*at++ = '\\';
			if (quoted)
				*at++ = '\\';
		}
		if (quoted && (c == '"' || c == '\\'))
			*at++ = '\\';
		if (decimal) {
			text_digits_at(at, c, 3);
			at += 3;
		} else {
			*at++ = (char)c;
		}
	}
	return at;
}

/* Sixteen octets at once, in what the compiler makes of it. */
typedef uint8_t octets16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* Copies sixteen octets. Are the first n (at most 16) all letters, digits, - and _? */
static inline bool put_ordinary(char *at, const uint8_t *p, int n)
{
	static const octets16 place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	octets16 v, others;
	memcpy(&v, p, sizeof(v));
	memcpy(at, &v, sizeof(v));
	others = (octets16)(((v | 0x20) - 'a' > 25) & (v - '0' > 9) & (v != '-') & (v != '_') &
			    (place < (uint8_t)n));
	words2 any = (words2)others;
	return (any[0] | any[1]) == 0;
}

/* *odd gathers the ODD_ bits of all labels; `left` octets from p on may be read. */
static inline char *put_label(
	char *at, const uint8_t *p, int n, uint32_t left, bool quoted, bool zone, uint8_t *odd)
{
	if (bits_likely(n <= 16 && left >= 16 && put_ordinary(at, p, n)))
		return at + n;
	uint8_t seen = 0;
	for (int i = 0; i < n; i++) {
		seen |= odd_octet[p[i]];
		at[i] = (char)p[i];
	}
	if (bits_likely(seen == 0))
		return at + n;
	*odd |= seen;
	return odd_label(at, p, n, quoted, zone);
}

/* Where the labels of the name at `at` begin, if it is a bare pointer to labels; else `at`. */
static inline uint32_t labels_of(const struct name_space *space, uint32_t at)
{
	if (at + 2 > space->len || space->data[at] < 0xc0)
		return at;
	uint32_t target = bits_be16(space->data + at) & 0x3fffu;
	return target >= 12 && target < at ? target : at;
}

static bool recall(struct text *t, const struct name_memo *memo, uint32_t labels)
{
	unsigned slot = labels % NAME_MEMO;
	if (memo->at[slot] != labels)
		return false;
	/* Blocks of sixteen: what is too much lies behind the name and will be written over. */
	if (text_room(t, NAME_TEXT_MAX)) {
		for (unsigned i = 0; i < memo->len[slot]; i += 16) {
			octets16 v; /* the block may reach into where it goes */
			memcpy(&v, memo->text[slot] + i, sizeof(v));
			memcpy(t->at + i, &v, sizeof(v));
		}
		t->at += memo->len[slot];
	}
	return true;
}

static void remember(struct name_memo *memo, uint32_t labels, const char *text, const char *end)
{
	unsigned slot = labels % NAME_MEMO;
	memo->at[slot] = (uint16_t)labels;
	memo->len[slot] = (uint16_t)(end - text);
	memo->text[slot] = text;
}

uint32_t name_text(struct text *t, const struct name_space *space, uint32_t at, bool dot,
	struct name_memo *memo, enum dns_error *error)
{
	uint32_t labels = labels_of(space, at);
	if (memo && labels != at && recall(t, memo, labels)) {
		if (dot)
			text_char(t, '.');
		return at + 2;
	}

	struct steps s = {.at = at, .limit = at};
	if (!text_room(t, NAME_TEXT_MAX))
		return name_skip(space, at, error);
	char *out = t->at;
	uint8_t odd = 0;
	int n;
	while ((n = next_label(space, &s, error)) > 0) {
		out = put_label(
			out, space->data + s.at, n, space->len - s.at, t->quoted, dot, &odd);
		*out++ = '.';
		s.at += (uint32_t)n;
	}
	if (n < 0)
		return 0;
	if (out == t->at) {
		*out++ = '.';
	} else {
		/* What depends on `dot` is not worth remembering: such names are rare. */
		if (memo && !(odd & ODD_ZONE))
			remember(memo, labels, t->at, out - 1);
		if (!dot)
			out--;
	}
	t->at = out;
	return s.after;
}

bool name_is_compressed(const struct name_space *space, uint32_t at, uint32_t after)
{
	/* A pointer's first octet stands two before the end; so may an octet of the last label. */
	if (bits_likely(after < at + 2 || space->data[after - 2] < 0xc0))
		return false;
	while (at < after && space->data[at] != 0 && space->data[at] < 0x40)
		at += space->data[at] + 1u;
	return at < after && space->data[at] >= 0xc0;
}

static inline uint8_t fold(uint8_t c)
{
	return (uint8_t)(c - 'A') < 26 ? c | 0x20 : c;
}

bool name_equal_fold(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (bits_likely(memcmp(a, b, n) == 0))
		return true;
	for (size_t i = 0; i < n; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

void name_fold(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = fold(from[i]);
}
