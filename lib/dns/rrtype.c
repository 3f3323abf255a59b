/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rrtype.h"

#define RRTYPE(number, symbol, name, ...)                                                          \
	static const uint8_t fields_##symbol[] = {__VA_ARGS__, FIELD_END};
#include "dns/rrtype.def"
#undef RRTYPE

#define FIRST(first, ...) (first)
static const struct rrtype types[] = {
#define RRTYPE(number, symbol, name, ...)                                                          \
	[(number) < 32768 ? (number) : (number)-32768 + 512] = {name,                              \
		fields_##symbol + (FIRST(__VA_ARGS__, 0) == FIELD_IN), sizeof(name) - 1,           \
		FIRST(__VA_ARGS__, 0) == FIELD_IN},
#include "dns/rrtype.def"
#undef RRTYPE
#undef FIRST
};

/* Types from 32768 on (TA, DLV) follow those below 512 in the table. */
const struct rrtype *rrtype_find(uint16_t type)
{
	unsigned slot = type < 512 ? type : type >= 32768 ? type - 32768u + 512 : BITS_COUNT(types);
	if (slot >= BITS_COUNT(types) || !types[slot].name)
		return NULL;
	return &types[slot];
}

void rrtype_text(struct text *t, uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);
	if (row) {
		text_put(t, row->name, row->len);
	} else {
		text_lit(t, "TYPE");
		text_u64(t, type);
	}
}
