/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/utf8.h"

/* Returns the length of the well-formed sequence at the start of p's n octets; 0: there is none. */
static size_t sequence_at(const uint8_t *p, size_t n, uint32_t *point)
{
	/* The least value of each length excludes overlong forms. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len == 0 || len > n || p[0] >= 0xf8)
		return 0;
	uint32_t v = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*point = v;
	return len;
}

static void escape(struct text *t, uint32_t point)
{
	uint8_t octets[2] = {(uint8_t)(point >> 8), (uint8_t)point};
	if (!text_reserve(t, 6))
		return;
	text_lit(t, "\\u");
	text_hex(t, octets, 2);
}

void utf8_text(struct text *t, const uint8_t *p, size_t n)
{
	while (n) {
		uint32_t point = 0;
		size_t len = sequence_at(p, n, &point);
		if (len == 0) {
			text_lit(t, "\xef\xbf\xbd");
			len = 1;
		} else if (t->quoted && (point < ' ' || (point >= 0x7f && point < 0xa0))) {
			escape(t, point);
		} else if (len == 1) {
			text_graph(t, (char)point);
		} else {
			text_put(t, p, len);
		}
		p += len;
		n -= len;
	}
}
