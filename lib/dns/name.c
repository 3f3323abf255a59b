/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/name.h"

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

/* When an octet of a label is escaped; 0: never. */
enum {
	ESCAPE_ALWAYS = 1, /* in presentation form, or within a JSON string */
	ESCAPE_ZONE = 2, /* in the form of zone files, where it has a meaning of its own */
};
#define PLAIN_ROW(first)                                                                           \
	PLAIN(first), PLAIN(first + 1), PLAIN(first + 2), PLAIN(first + 3), PLAIN(first + 4),      \
		PLAIN(first + 5), PLAIN(first + 6), PLAIN(first + 7), PLAIN(first + 8),            \
		PLAIN(first + 9), PLAIN(first + 10), PLAIN(first + 11), PLAIN(first + 12),         \
		PLAIN(first + 13), PLAIN(first + 14), PLAIN(first + 15)
#define PLAIN(c)                                                                                   \
	(((c) <= ' ' || (c) >= 0x7f || (c) == '.' || (c) == '\\' || (c) == '"' ? ESCAPE_ALWAYS     \
									       : 0) |              \
		((c) == '"' || (c) == '(' || (c) == ')' || (c) == ';' || (c) == '@' || (c) == '$'  \
				? ESCAPE_ZONE                                                      \
				: 0))
static const uint8_t escape_of[256] = {PLAIN_ROW(0), PLAIN_ROW(16), PLAIN_ROW(32), PLAIN_ROW(48),
	PLAIN_ROW(64), PLAIN_ROW(80), PLAIN_ROW(96), PLAIN_ROW(112), PLAIN_ROW(128), PLAIN_ROW(144),
	PLAIN_ROW(160), PLAIN_ROW(176), PLAIN_ROW(192), PLAIN_ROW(208), PLAIN_ROW(224),
	PLAIN_ROW(240)};
#undef PLAIN
#undef PLAIN_ROW

/* A walk over the labels and pointers of a name. */
struct name_walk {
	uint32_t at; /* next length octet */
	uint32_t limit; /* a pointer must point before this */
	uint32_t after; /* offset behind the name in place; 0 until the first pointer or the root */
	uint32_t wire; /* octets of the name so far */
	uint32_t jumps;
};

/* Advances to the next label. Returns its length, with s->at behind its length octet; 0 at the
 * root; or -1 with *error set. */
static inline int walk_label(
	const struct name_space *space, struct name_walk *s, enum dns_error *error)
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
	struct name_walk s = {.at = at, .limit = at};
	int n;
	while ((n = walk_label(space, &s, error)) > 0)
		s.at += (uint32_t)n;
	return n < 0 ? 0 : s.after;
}

static char *put_escaped_label(char *at, const uint8_t *p, int n, bool quoted, bool zone)
{
	for (int i = 0; i < n; i++) {
		uint8_t c = p[i];
		bool decimal = c <= ' ' || c >= 0x7f;
		bool escape =
			decimal || c == '.' || c == '\\' || (zone && escape_of[c] & ESCAPE_ZONE);
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

/*
 * Copies sixteen octets, as '.' where `dots` has its bit set. Returns a bit for each octet that is
 * never escaped (escape_of[] is 0), found by two tables: of its high half (a bit each for 0x2_ to
 * 0x7_), and of its low half (the rows in which it is not escaped).
 */
static inline unsigned put_sixteen(char *at, const uint8_t *p, unsigned dots)
{
#ifdef __SSE4_1__
	const __m128i rows = _mm_setr_epi8(0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i low = _mm_setr_epi8(
		62 - 4, 63, 62, 63, 62, 63, 63, 63, 62, 62, 63, 63 - 2, 63 - 8, 63, 62, 63 - 32);
	const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201);
	const __m128i half = _mm_set1_epi8(15);
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i row = _mm_shuffle_epi8(rows, _mm_and_si128(_mm_srli_epi16(v, 4), half));
	__m128i odd =
		_mm_cmpeq_epi8(_mm_and_si128(row, _mm_shuffle_epi8(low, _mm_and_si128(v, half))),
			_mm_setzero_si128());
	__m128i two = _mm_shuffle_epi8(
		_mm_cvtsi32_si128((int)dots), _mm_set_epi64x(0x0101010101010101, 0));
	__m128i dot = _mm_cmpeq_epi8(_mm_and_si128(two, bit), bit);
	_mm_storeu_si128((__m128i *)at, _mm_blendv_epi8(v, _mm_set1_epi8('.'), dot));
	return ~(unsigned)_mm_movemask_epi8(odd) & 0xffff;
#else
	unsigned plain = 0;
	for (int i = 0; i < 16; i++) {
		plain |= (unsigned)(escape_of[p[i]] == 0) << i;
		at[i] = dots >> i & 1 ? '.' : (char)p[i];
	}
	return plain;
#endif
}

/* Appends a label. *odd collects the ESCAPE_ bits of all labels. */
static inline char *put_label(
	char *at, const uint8_t *p, int n, bool quoted, bool zone, uint8_t *odd)
{
	uint8_t seen = 0;
	for (int i = 0; i < n; i++) {
		seen |= escape_of[p[i]];
		at[i] = (char)p[i];
	}
	if (bits_likely(seen == 0))
		return at + n;
	*odd |= seen;
	return put_escaped_label(at, p, n, quoted, zone);
}

static inline bool memo_append(struct text *t, const struct name_memo *memo, uint32_t labels)
{
	unsigned slot = labels % NAME_MEMO;
	if (memo->at[slot] != labels)
		return false;
	/* Excess octets of the blocks lie behind the name and will be overwritten. */
	if (text_reserve(t, NAME_TEXT_MAX))
		t->at = text_blocks_at(t->at, memo->text[slot], memo->len[slot]);
	return true;
}

static void memo_store(struct name_memo *memo, uint32_t labels, const char *text, const char *end)
{
	unsigned slot = labels % NAME_MEMO;
	memo->at[slot] = (uint16_t)labels;
	memo->len[slot] = (uint16_t)(end - text);
	memo->text[slot] = text;
}

#define RUN_OCTETS 64 /* octets of labels in a row that are copied at once */
#define RUNS 8 /* runs of one name: four pointers, or the longest name */

/*
 * Returns the octets of the labels in a row at p, up to a pointer, the root or RUN_OCTETS, and sets
 * in *ends a bit for each octet after p[0] that is a length, the pointer's first or the root. 0:
 * there is no label, or the message ends within one.
 */
static inline unsigned label_run(const uint8_t *p, uint32_t left, uint64_t *ends)
{
	unsigned at = 0;
	uint64_t bits = 0;
	while (at < left) {
		unsigned n = p[at];
		if (n == 0 || n >= 0x40) {
			*ends = bits;
			return at;
		}
		if (bits_unlikely(at + n + 1 > RUN_OCTETS)) {
			*ends = bits;
			return at;
		}
		at += n + 1;
		bits |= (uint64_t)1 << (at - 1);
	}
	return 0;
}

/* Copies the labels in a row at p, each with a dot behind it. Returns false if an octet needs an
 * escape. */
static inline bool put_label_run(
	char *out, const uint8_t *p, uint32_t left, unsigned octets, uint64_t ends)
{
	uint64_t plain = 0;
	uint8_t copy[RUN_OCTETS];
	p++;
	if (bits_unlikely(left <= ((octets + 15) & ~15u))) { /* do not read past the message */
		memset(copy, 0, sizeof(copy));
		memcpy(copy, p, octets);
		p = copy;
	}
	for (unsigned i = 0; i < octets; i += 16)
		plain |= (uint64_t)put_sixteen(out + i, p + i, (unsigned)(ends >> i)) << i;
	return ((~(plain | ends)) << (64 - octets)) == 0;
}

/*
 * Appends a name as name_text() does, if no octet needs an escape, it has few pointers and it is
 * valid: nearly all are. Sets *end behind the last dot (to out: the root). Returns 0 if
 * put_any_name() must do it.
 */
static inline uint32_t put_plain_name(
	char *out, const struct name_space *space, uint32_t at, char **end)
{
	uint32_t limit = at, after = 0, wire = 0;
	for (int runs = 0; runs < RUNS; runs++) {
		if (bits_unlikely(at + 2 > space->len))
			return 0;
		const uint8_t *p = space->data + at;
		uint64_t ends;
		unsigned n = label_run(p, space->len - at, &ends);
		if (n) {
			if (!put_label_run(out, p, space->len - at, n, ends))
				return 0;
			out += n;
			at += n;
			p += n;
			wire += n;
		}
		if (*p == 0) {
			*end = out;
			return wire >= NAME_WIRE_MAX ? 0 : after ? after : at + 1;
		}
		if (*p < 0x40)
			continue;
		if (*p < 0xc0 || at + 2 > space->len)
			return 0;
		if (after == 0)
			after = at + 2;
		at = bits_be16(p) & 0x3fffu;
		if (at < 12 || at >= limit)
			return 0;
		limit = at;
	}
	return 0;
}

/* Appends any name label by label. *odd collects the ESCAPE_ bits of its labels. */
static __attribute__((noinline)) uint32_t put_any_name(const struct text *t,
	const struct name_space *space, uint32_t at, bool dot, char **end, uint8_t *odd,
	enum dns_error *error)
{
	struct name_walk s = {.at = at, .limit = at};
	char *out = t->at;
	int n;
	while ((n = walk_label(space, &s, error)) > 0) {
		out = put_label(out, space->data + s.at, n, t->quoted, dot, odd);
		*out++ = '.';
		s.at += (uint32_t)n;
	}
	*end = out;
	return n < 0 ? 0 : s.after;
}

/* Appends a name that the memo does not have. */
static __attribute__((noinline)) uint32_t append_name(struct text *t,
	const struct name_space *space, uint32_t at, bool dot, struct name_memo *memo,
	enum dns_error *error)
{
	if (!text_reserve(t, NAME_TEXT_MAX))
		return name_skip(space, at, error);
	char *out;
	uint8_t odd = 0;
	uint32_t after = put_plain_name(t->at, space, at, &out);
	if (bits_unlikely(after == 0)) {
		after = put_any_name(t, space, at, dot, &out, &odd, error);
		if (after == 0)
			return 0;
	}
	if (out == t->at) {
		*out++ = '.';
	} else {
		/* A text that depends on `dot` is not stored: such names are rare. */
		if (memo && !(odd & ESCAPE_ZONE))
			memo_store(memo, name_labels(space, at), t->at, out - 1);
		if (!dot)
			out--;
	}
	t->at = out;
	return after;
}

uint32_t name_text(struct text *t, const struct name_space *space, uint32_t at, bool dot,
	struct name_memo *memo, enum dns_error *error)
{
	uint32_t labels = name_labels(space, at);
	if (memo && labels != at && memo_append(t, memo, labels)) {
		if (dot)
			text_char(t, '.');
		return at + 2;
	}
	return append_name(t, space, at, dot, memo, error);
}

bool name_is_compressed(const struct name_space *space, uint32_t at, uint32_t after)
{
	/* Of a pointer and of a label, the octet two before the end may be 0xc0 or more. */
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
