/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/encode.h"

#include "encode/scan.h"

#include <errno.h>

enum avro_type { AVRO_int, AVRO_long, AVRO_string, AVRO_boolean };

static const struct {
	const char *name;
	enum avro_type type;
} members[] = {
#define AVRO(name, type, more) {name, AVRO_##type},
#include "encode/gopassivedns.def"
#undef AVRO
};

const char encode_avro_schema[] = "{\"name\":\"DnsLogEntry\",\"type\":\"record\",\"fields\":["
#define AVRO(name, type, more) "{\"name\":\"" name "\",\"type\":\"" #type "\"}" more
#include "encode/gopassivedns.def"
#undef AVRO
				  "]}";

/* Avro 1.11, "Single-object encoding": the marker, and the CRC-64-AVRO of encode_avro_schema, low
 * octet first, which a test verifies. */
static const char head[] = "\xc3\x01\x71\x60\xbe\x31\x1c\xda\xcc\xcc";

/* Appends a zigzag integer, seven bits an octet, low ones first. */
static void put_long(struct text *t, int64_t v)
{
	char buffer[10];
	unsigned n = 0;
	uint64_t z = (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
	for (; z >= 0x80; z >>= 7)
		buffer[n++] = (char)(z | 0x80);
	buffer[n++] = (char)z;
	text_put(t, buffer, n);
}

static bool put_number(struct text *t, const struct scan *s, enum avro_type type)
{
	struct scan_number n;
	uint64_t most = type == AVRO_int ? INT32_MAX : INT64_MAX;
	if (!scan_number(s, &n) || n.fraction || n.digits > most)
		return false;
	put_long(t, n.negative ? -(int64_t)n.digits : (int64_t)n.digits);
	return true;
}

static bool put_string(struct text *t, const struct scan *s)
{
	/* The length of the unescaped text is known afterwards: reserve space for it, then move the
	 * text. */
	char *at = t->at;
	if (!text_reserve(t, 10 + s->len))
		return true;
	struct text inside = text_of(at + 10, s->len);
	scan_unescape(&inside, s);
	size_t n = text_len(&inside);
	put_long(t, (int64_t)n);
	memmove(t->at, inside.start, n);
	t->at += n;
	return true;
}

static bool put_member(struct text *t, struct scan *s, size_t i)
{
	size_t len = strlen(members[i].name);
	if (scan_next(s) != SCAN_KEY || s->len != len || memcmp(s->text, members[i].name, len) != 0)
		return false;
	enum scan_token token = scan_next(s);
	switch (members[i].type) {
	case AVRO_string: return token == SCAN_STRING && put_string(t, s);
	case AVRO_boolean:
		text_char(t, token == SCAN_TRUE);
		return token == SCAN_TRUE || token == SCAN_FALSE;
	default: return token == SCAN_NUMBER && put_number(t, s, members[i].type);
	}
}

static int write_avro(struct text *t, const struct encode_doc *d)
{
	struct scan s = scan_of(d->json, d->len);
	bool good = scan_next(&s) == SCAN_OBJECT;
	text_put(t, head, sizeof(head) - 1);
	for (size_t i = 0; good && i < BITS_COUNT(members); i++)
		good = put_member(t, &s, i);
	return good && scan_next(&s) == SCAN_CLOSE && scan_next(&s) == SCAN_END ? 0 : -EINVAL;
}

const struct encode_kind encode_kind_avro = {"avro", ENCODE_MESSAGE, write_avro};
