/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/json.h"

#include "base/utf8.h"

void json_str(struct text *t, const char *s, size_t n)
{
	json_begin_str(t);
	utf8_text(t, (const uint8_t *)s, n);
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
