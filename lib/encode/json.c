/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/json.h"

/* The length of the well-formed UTF-8 sequence at p (RFC 3629 section 4), or 0. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t lead_min, lead_max, second_min, second_max, len;
	} rows[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		if (p[0] < rows[i].lead_min || p[0] > rows[i].lead_max)
			continue;
		if (n < rows[i].len || p[1] < rows[i].second_min || p[1] > rows[i].second_max)
			return 0;
		for (size_t k = 2; k < rows[i].len; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return rows[i].len;
	}
	return 0;
}

static void control(struct text *t, uint8_t c)
{
	switch (c) {
	case '\n': text_lit(t, "\\n"); break;
	case '\r': text_lit(t, "\\r"); break;
	case '\t': text_lit(t, "\\t"); break;
	default: text_lit(t, "\\u00"); text_hex(t, &c, 1);
	}
}

void json_str(struct text *t, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + n;
	json_begin_str(t);
	while (p < end) {
		if (*p < 0x20 || *p == 0x7f) {
			control(t, *p++);
		} else if (*p < 0x80) {
			text_graph(t, (char)*p++);
		} else {
			size_t len = utf8_len(p, (size_t)(end - p));
			if (len)
				text_put(t, p, len);
			else
				text_lit(t, "\xef\xbf\xbd");
			p += len ? len : 1;
		}
	}
	json_end_str(t);
}

void json_milli(struct text *t, int64_t thousandths)
{
	uint64_t v = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
	if (!text_room(t, 32))
		return;
	if (thousandths < 0)
		text_char(t, '-');
	text_u64(t, v / 1000);
	unsigned rest = (unsigned)(v % 1000);
	if (rest) {
		text_char(t, '.');
		text_padded(t, rest, 3);
		while (t->at[-1] == '0')
			t->at--;
	}
	text_char(t, ',');
}
