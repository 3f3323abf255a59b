/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/json.h"

#include "base/utf8.h"

void json_str(struct text *t, const char *s, size_t n)
{
	json_begin_str(t);
	utf8_text(t, (const uint8_t *)s, n);
	json_end_str(t);
}

char *json_milli_at(char *at, int64_t thousandths)
{
	uint64_t v = thousandths < 0 ? 0 - (uint64_t)thousandths : (uint64_t)thousandths;
	if (bits_unlikely(thousandths < 0))
		*at++ = '-';
	unsigned rest = (unsigned)(v % 1000);
	at = text_u64_at(at, v / 1000);
	if (rest) {
		*at = '.';
		text_digits_at(at + 1, rest, 3);
		at += 4;
		while (at[-1] == '0')
			at--;
	}
	*at = ',';
	return at + 1;
}

void json_milli(struct text *t, int64_t thousandths)
{
	if (text_reserve(t, 32))
		t->at = json_milli_at(t->at, thousandths);
}

void json_seconds(struct text *t, int64_t ns)
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	if (!text_reserve(t, 32))
		return;
	if (ns < 0)
		text_char(t, '-');
	text_u64(t, v / 1000000000);
	text_char(t, '.');
	text_padded(t, v % 1000000000, 9);
	while (t->at[-1] == '0' && t->at[-2] != '.')
		t->at--;
	text_char(t, ',');
}
