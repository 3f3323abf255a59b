/* SPDX-License-Identifier: BSD-3-Clause */
/* The encodings that consist of a document and its tag. */
#include "encode/encode.h"

#include "base/when.h"
#include "encode/msgpack.h"
#include "encode/scan.h"

#include <errno.h>

static int write_msgpack(struct text *t, const struct encode_doc *d)
{
	return msgpack_json(t, d->json, d->len) ? 0 : -EINVAL;
}

/* Returns the whole seconds at or before ns. */
static int64_t second_of(int64_t ns)
{
	return ns / WHEN_NS_PER_S - (ns % WHEN_NS_PER_S < 0);
}

static int write_tagged(struct text *t, const struct encode_doc *d)
{
	msgpack_array(t, 3);
	msgpack_str(t, d->tag, strlen(d->tag));
	msgpack_int(t, second_of(d->ts_ns));
	return write_msgpack(t, d);
}

/* Appends 2015-10-11T02:40:12+00:00. */
static void put_second(struct text *t, int64_t ns)
{
	struct when w = {0};
	if (!text_reserve(t, WHEN_LEN))
		return;
	when_text(&w, t, ns);
	t->at -= WHEN_LEN - sizeof(w.text) + 1; /* removes the decimal point and all behind it */
	text_lit(t, "+00:00");
}

/* Appends JSON with a space behind each colon and comma, as dns-gazer writes it. */
static bool put_spaced(struct text *t, const char *json, size_t n)
{
	struct scan s = scan_of(json, n);
	const char *done = json; /* end of what was copied to t */
	enum scan_token token;
	while ((token = scan_next(&s)) != SCAN_END && token != SCAN_BAD) {
		bool comma = s.at < s.end && *s.at == ',';
		if (token == SCAN_OBJECT || token == SCAN_ARRAY || (token != SCAN_KEY && !comma))
			continue;
		/* A key includes its colon, a value not its comma. */
		const char *behind = s.at + (token != SCAN_KEY);
		text_put(t, done, (size_t)(behind - done));
		text_char(t, ' ');
		done = behind;
	}
	text_put(t, done, (size_t)(s.at - done));
	return token == SCAN_END;
}

static int write_text(struct text *t, const struct encode_doc *d)
{
	put_second(t, d->ts_ns);
	text_char(t, '\t');
	text_str(t, d->tag);
	text_char(t, '\t');
	bool good = put_spaced(t, d->json, d->len);
	text_char(t, '\n');
	return good ? 0 : -EINVAL;
}

const struct encode_kind encode_kind_msgpack = {"msgpack", ENCODE_SELF, write_msgpack};
const struct encode_kind encode_kind_tagged = {"msgpack-tagged", ENCODE_SELF, write_tagged};
const struct encode_kind encode_kind_text = {"text", ENCODE_LINES, write_text};
