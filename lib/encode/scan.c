/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/scan.h"

#include <math.h>

enum state {
	ANY_FIRST, /* the document */
	FIRST_KEY, /* behind { */
	NEXT_KEY, /* behind a comma in an object */
	FIRST_VALUE, /* behind [ */
	NEXT_VALUE, /* behind a comma in an array, behind a colon */
	AFTER, /* behind a value */
	OVER,
	BROKEN,
};

struct scan scan_of(const char *json, size_t n)
{
	return (struct scan){.at = json, .end = json + n, .state = ANY_FIRST};
}

static enum scan_token bad(struct scan *s)
{
	s->state = BROKEN;
	s->at = s->end;
	return SCAN_BAD;
}

/* Sets bit 7 of each of eight octets that is a quote, a backslash or a control character. Only the
 * lowest bit that is set is exact. */
static inline uint64_t special_of(uint64_t v)
{
	const uint64_t ones = 0x0101010101010101u, highs = ones << 7;
	uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
	return (((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) &
	       highs;
}

/* Returns the next quote, backslash or control character at or behind p. */
static inline const char *next_special(const char *p, const char *end)
{
	uint64_t v;
	for (; end - p >= 8; p += 8) {
		memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = __builtin_bswap64(v);
#endif
		v = special_of(v);
		if (v)
			return p + (__builtin_ctzll(v) >> 3);
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the value of the four hexadecimal digits at p, or -1. */
static int unit_of(const char *p, const char *end)
{
	int v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_of(p[i]);
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* Skips the escape at p, which is a backslash. Returns NULL if it is invalid. */
static const char *skip_escape(const char *p, const char *end)
{
	if (end - p < 2)
		return NULL;
	if (p[1] == 'u')
		return unit_of(p + 2, end) < 0 ? NULL : p + 6;
	return p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : NULL;
}

/* Reads a string behind its opening quote. Returns false if it is malformed. */
static bool read_string(struct scan *s)
{
	const char *p = s->at;
	s->text = p;
	s->escaped = false;
	while ((p = next_special(p, s->end)) < s->end && *p == '\\') {
		s->escaped = true;
		p = skip_escape(p, s->end);
		if (!p)
			return false;
	}
	if (p == s->end || *p != '"')
		return false;
	s->len = (size_t)(p - s->text);
	s->at = p + 1;
	return true;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Reads a number behind its first octet. */
static bool read_number(struct scan *s)
{
	const char *p = s->text = s->at - 1, *digits;
	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p, s->end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < s->end && *p == '.') {
		const char *point = p++;
		p = skip_digits(p, s->end);
		if (p == point + 1)
			return false;
	}
	s->at = p;
	s->len = (size_t)(p - s->text);
	return true;
}

static bool read_word(struct scan *s, const char *rest, size_t n)
{
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, rest, n) != 0)
		return false;
	s->at += n;
	return true;
}

static enum scan_token open_bracket(struct scan *s, bool object)
{
	if (s->depth == SCAN_DEPTH)
		return bad(s);
	s->objects = (s->objects & ~(1u << s->depth)) | (uint32_t)object << s->depth;
	s->depth++;
	s->state = object ? FIRST_KEY : FIRST_VALUE;
	return object ? SCAN_OBJECT : SCAN_ARRAY;
}

static bool in_object(const struct scan *s)
{
	return s->objects >> (s->depth - 1) & 1;
}

static enum scan_token close_bracket(struct scan *s)
{
	s->depth--;
	s->state = AFTER;
	return SCAN_CLOSE;
}

static enum scan_token read_value(struct scan *s, char c)
{
	enum scan_token token = SCAN_BAD;
	switch (c) {
	case '{': return open_bracket(s, true);
	case '[': return open_bracket(s, false);
	case '"': token = read_string(s) ? SCAN_STRING : SCAN_BAD; break;
	case 't': token = read_word(s, "rue", 3) ? SCAN_TRUE : SCAN_BAD; break;
	case 'f': token = read_word(s, "alse", 4) ? SCAN_FALSE : SCAN_BAD; break;
	case 'n': token = read_word(s, "ull", 3) ? SCAN_NULL : SCAN_BAD; break;
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			token = read_number(s) ? SCAN_NUMBER : SCAN_BAD;
	}
	s->state = AFTER;
	return token == SCAN_BAD ? bad(s) : token;
}

static enum scan_token read_key(struct scan *s, char c)
{
	if (c != '"' || !read_string(s) || s->at == s->end || *s->at != ':')
		return bad(s);
	s->at++;
	s->state = NEXT_VALUE;
	return SCAN_KEY;
}

/* Accepts the end, or a newline, behind the last bracket. */
static enum scan_token read_end(struct scan *s)
{
	if (s->at != s->end && !(s->end - s->at == 1 && *s->at == '\n'))
		return bad(s);
	s->state = OVER;
	return SCAN_END;
}

enum scan_token scan_next(struct scan *s)
{
	if (s->state == OVER)
		return SCAN_END;
	if (s->state == AFTER && s->depth == 0)
		return read_end(s);
	if (s->at == s->end)
		return bad(s);
	char c = *s->at++;
	if (s->state == AFTER) {
		if (c == (in_object(s) ? '}' : ']'))
			return close_bracket(s);
		if (c != ',' || s->at == s->end)
			return bad(s);
		s->state = in_object(s) ? NEXT_KEY : NEXT_VALUE;
		c = *s->at++;
	}
	switch ((enum state)s->state) {
	case ANY_FIRST: return c == '{' ? open_bracket(s, true) : bad(s);
	case FIRST_KEY: return c == '}' ? close_bracket(s) : read_key(s, c);
	case NEXT_KEY: return read_key(s, c);
	case FIRST_VALUE: return c == ']' ? close_bracket(s) : read_value(s, c);
	case NEXT_VALUE: return read_value(s, c);
	default: return bad(s);
	}
}

void scan_skip(struct scan *s)
{
	unsigned depth = s->depth;
	enum scan_token token;
	do {
		token = scan_next(s);
	} while (s->depth > depth && token != SCAN_BAD);
}

bool scan_number(const struct scan *s, struct scan_number *n)
{
	const char *p = s->text, *end = p + s->len;
	*n = (struct scan_number){.negative = *p == '-'};
	for (p += n->negative; p < end; p++) {
		if (*p == '.') {
			n->fraction = true;
			continue;
		}
		if (__builtin_mul_overflow(n->digits, 10, &n->digits) ||
			__builtin_add_overflow(n->digits, (uint64_t)(*p - '0'), &n->digits))
			return false;
		n->decimals += n->fraction;
		if (n->decimals > 19)
			return false;
	}
	return true;
}

/* Returns digits / 10^decimals if one of them is no exact double: a quotient of integers with more
 * bits than a double has, whose last bit is set if there is a remainder, rounded once. */
static double quotient(uint64_t digits, unsigned decimals)
{
	unsigned shift = 63 + (unsigned)__builtin_clzll(digits);
	int exponent = -(int)shift;
	unsigned __int128 top = (unsigned __int128)digits << shift;
	unsigned __int128 q = top / text_tens[decimals];
	bool rest = top % text_tens[decimals] != 0;
	while (q >> 63) {
		rest |= (q & 1);
		q >>= 1;
		exponent++;
	}
	/* 63 bits and a sticky bit: one conversion, one rounding. */
	return ldexp((double)((uint64_t)q << 1 | rest), exponent - 1);
}

double scan_double(const struct scan_number *n)
{
	double v;
	if (n->decimals == 0)
		v = (double)n->digits;
	else if (n->digits >> 53)
		v = quotient(n->digits, n->decimals);
	else
		v = (double)n->digits / (double)text_tens[n->decimals];
	return n->negative ? -v : v;
}

/* Appends a code point in UTF-8. */
static void put_point(struct text *t, uint32_t c)
{
	char octets[4] = {(char)c};
	unsigned n = 1;
	if (c >= 0x10000) {
		n = 4;
		octets[0] = (char)(0xf0 | c >> 18);
	} else if (c >= 0x800) {
		n = 3;
		octets[0] = (char)(0xe0 | c >> 12);
	} else if (c >= 0x80) {
		n = 2;
		octets[0] = (char)(0xc0 | c >> 6);
	}
	for (unsigned i = 1; i < n; i++)
		octets[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
	text_put(t, octets, n);
}

/* Appends the character of the escape at p, which scan_next() validated. Returns its end. */
static const char *put_escape(struct text *t, const char *p, const char *end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	if (p[1] != 'u') {
		const char *letter = strchr(letters, p[1]);
		text_char(t, letter ? meant[letter - letters] : p[1]);
		return p + 2;
	}
	uint32_t c = (uint32_t)unit_of(p + 2, end);
	p += 6;
	if (c >> 11 == 0x1b) { /* a surrogate */
		int low = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? unit_of(p + 2, end) : -1;
		if (c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c & 0x3ff) << 10 | ((uint32_t)low & 0x3ff));
			p += 6;
		} else {
			c = 0xfffd;
		}
	}
	put_point(t, c);
	return p;
}

void scan_unescape(struct text *t, const struct scan *s)
{
	const char *p = s->text, *end = p + s->len;
	while (p < end) {
		const char *slash = s->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
		size_t n = (size_t)((slash ? slash : end) - p);
		text_put(t, p, n);
		p += n;
		if (slash)
			p = put_escape(t, p, end);
	}
}
