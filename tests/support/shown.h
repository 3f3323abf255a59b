/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of every text that the decoder writes, whatever the octets: it is printable, and inside a
 * JSON string it is the same text. For fuzz targets and property tests; a failure aborts.
 */
#ifndef SUPPORT_SHOWN_H
#define SUPPORT_SHOWN_H

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

static inline void shown_demand(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

static inline void shown_ascii(const struct text *t)
{
	for (const char *p = t->start; p < t->at; p++)
		shown_demand(*p >= ' ' && *p < 0x7f, "text that is not printable ASCII");
}

static inline int shown_hex(const char *p, const char *end)
{
	int v = 0;
	shown_demand(end - p >= 4, "a truncated \\u escape");
	for (int i = 0; i < 4; i++) {
		bool digit = p[i] >= '0' && p[i] <= '9', letter = p[i] >= 'a' && p[i] <= 'f';
		shown_demand(digit || letter, "a \\u escape with other than hexadecimal digits");
		v = v << 4 | (digit ? p[i] - '0' : p[i] - 'a' + 10);
	}
	return v;
}

/* Checks that the inside of a JSON string, read by RFC 8259 section 7, is `plain`. */
static inline void shown_same(const struct text *plain, const struct text *quoted)
{
	const char *q = quoted->start, *p = plain->start;
	while (q < quoted->at) {
		unsigned char c = (unsigned char)*q++;
		shown_demand(c >= ' ' && c != '"', "a raw control character or quote in JSON");
		int point = c;
		if (c == '\\') {
			shown_demand(q < quoted->at, "a JSON string that ends in an escape");
			char e = *q++;
			shown_demand(e == '"' || e == '\\' || e == 'u', "an unknown JSON escape");
			point = e;
			if (e == 'u') {
				point = shown_hex(q, quoted->at);
				q += 4;
			}
		}
		if (c == '\\' && point >= 0x80) {
			shown_demand(point < 0x800 && p < plain->at, "JSON longer than the text");
			shown_demand(
				(unsigned char)*p++ == (0xc0 | point >> 6), "JSON that differs");
			point = 0x80 | (point & 0x3f);
		}
		shown_demand(p < plain->at, "JSON longer than the text");
		shown_demand((unsigned char)*p++ == point, "JSON that differs from the text");
	}
	shown_demand(p == plain->at, "JSON shorter than the text");
}

#endif
