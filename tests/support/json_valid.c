/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/json_valid.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DEPTH 32
#define MEMBERS 64 /* of one object */

struct judge {
	const uint8_t *at, *end;
	const char *wrong; /* the first fault; NULL: none yet */
	int depth;
};

static void value(struct judge *j);

static bool fail(struct judge *j, const char *what)
{
	if (!j->wrong)
		j->wrong = what;
	return false;
}

static bool is(const struct judge *j, uint8_t c)
{
	return j->at < j->end && *j->at == c;
}

static bool between(const struct judge *j, uint8_t least, uint8_t most)
{
	return j->at < j->end && *j->at >= least && *j->at <= most;
}

static bool eat(struct judge *j, uint8_t c, const char *what)
{
	if (!is(j, c))
		return fail(j, what);
	j->at++;
	return true;
}

static bool word(struct judge *j, const char *letters)
{
	for (; *letters; letters++)
		if (!eat(j, (uint8_t)*letters, "an unknown word"))
			return false;
	return true;
}

/* Reads a code point of two to four octets; refuses one that has a shorter form. */
static bool utf8(struct judge *j)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c = *j->at, more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	if (c < 0xc0 || c >= 0xf8)
		return fail(j, "an octet that begins no UTF-8 sequence");
	c &= 0x3fu >> more;
	j->at++;
	for (uint32_t i = 0; i < more; i++) {
		if (!between(j, 0x80, 0xbf))
			return fail(j, "a broken UTF-8 sequence");
		c = c << 6 | (*j->at++ & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return fail(j, "UTF-8 that is overlong, a surrogate or too large");
	return true;
}

static uint32_t four_digits(struct judge *j)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		if (between(j, '0', '9'))
			v = v << 4 | (*j->at - '0');
		else if (between(j, 'a', 'f') || between(j, 'A', 'F'))
			v = v << 4 | ((*j->at | 0x20) - 'a' + 10u);
		else
			fail(j, "a broken \\u escape");
		j->at += j->at < j->end;
	}
	return v;
}

static bool escape(struct judge *j)
{
	j->at++;
	if (j->at >= j->end || !*j->at || !strchr("\"\\/bfnrtu", *j->at))
		return fail(j, "an unknown escape");
	if (*j->at++ != 'u')
		return true;
	uint32_t v = four_digits(j);
	if (v >= 0xdc00 && v <= 0xdfff)
		return fail(j, "a low surrogate alone");
	if (v < 0xd800 || v > 0xdbff)
		return !j->wrong;
	word(j, "\\u");
	v = four_digits(j);
	if (v < 0xdc00 || v > 0xdfff)
		return fail(j, "a high surrogate alone");
	return !j->wrong;
}

/* Reads a string. Returns the number of octets between the quotes. */
static size_t string(struct judge *j)
{
	const uint8_t *start = j->at + 1;
	if (!eat(j, '"', "no string where one belongs"))
		return 0;
	while (!is(j, '"')) {
		if (j->at >= j->end)
			fail(j, "a string without end");
		else if (*j->at < 0x20 || *j->at == 0x7f)
			fail(j, "a raw control octet");
		else if (*j->at == '\\')
			escape(j);
		else if (*j->at >= 0x80)
			utf8(j);
		else
			j->at++;
		if (j->wrong)
			return 0;
	}
	return (size_t)(j->at++ - start);
}

static bool digits(struct judge *j)
{
	if (!between(j, '0', '9'))
		return fail(j, "no digit where one belongs");
	while (between(j, '0', '9'))
		j->at++;
	return true;
}

static void number(struct judge *j)
{
	if (is(j, '-'))
		j->at++;
	if (is(j, '0'))
		j->at++;
	else
		digits(j);
	if (is(j, '.')) {
		j->at++;
		digits(j);
	}
	if (is(j, 'e') || is(j, 'E')) {
		j->at++;
		if (is(j, '+') || is(j, '-'))
			j->at++;
		digits(j);
	}
}

static void array(struct judge *j)
{
	j->at++;
	do {
		value(j);
		if (j->wrong)
			return;
	} while (is(j, ',') && j->at++);
	eat(j, ']', "an array without end");
}

static void object(struct judge *j)
{
	struct {
		const uint8_t *at;
		size_t len;
	} names[MEMBERS];
	int n = 0;

	j->at++;
	do {
		const uint8_t *name = j->at + 1;
		size_t len = string(j);
		for (int i = 0; i < n; i++)
			if (names[i].len == len && memcmp(names[i].at, name, len) == 0)
				fail(j, "two members of one name");
		if (n == MEMBERS)
			fail(j, "more members than this judge holds");
		if (!j->wrong && eat(j, ':', "no colon")) {
			names[n].at = name;
			names[n++].len = len;
			value(j);
		}
		if (j->wrong)
			return;
	} while (is(j, ',') && j->at++);
	eat(j, '}', "an object without end");
}

static void value(struct judge *j)
{
	if (j->at >= j->end || ++j->depth > DEPTH) {
		fail(j, "nothing where a value belongs, or too deep");
		return;
	}
	switch (*j->at) {
	case '{': object(j); break;
	case '[': array(j); break;
	case 't': word(j, "true"); break;
	case 'f': word(j, "false"); break;
	case '"':
		if (string(j) == 0)
			fail(j, "an empty string");
		break;
	default: number(j);
	}
	j->depth--;
}

const char *json_valid(const char *p, size_t n, size_t *at)
{
	struct judge j = {.at = (const uint8_t *)p, .end = (const uint8_t *)p + n};
	if (!is(&j, '{'))
		fail(&j, "no object");
	else
		value(&j);
	if (!j.wrong && j.at != j.end)
		fail(&j, "octets behind the object");
	*at = (size_t)(j.at - (const uint8_t *)p);
	return j.wrong;
}

const char *json_valid_line(const char *p, size_t n, size_t *at)
{
	*at = n;
	if (n == 0 || p[n - 1] != '\n')
		return "no line end";
	return json_valid(p, n - 1, at);
}
