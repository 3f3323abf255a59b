/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any octets as a document, through the field filter and every encoding: nothing is read or written
 * outside of the rooms, a room that is too small leaves all as it was, and what a strict judge
 * calls JSON is taken by all but Avro, and still JSON behind the filter.
 *
 * The input: an octet that chooses the rooms and the filter, the document.
 */
#include "encode/encode.h"
#include "encode/fields.h"

#include "support/json_valid.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok, const char *what, const char *p, size_t n)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %.*s\n", what, (int)n, p);
	abort();
}

/* Has it more than the scanner takes: an exponent, too many digits, too many brackets? */
static bool is_beyond(const char *json, size_t n)
{
	unsigned depth = 0, digits = 0;
	for (size_t i = 0; i < n; i++) {
		bool digit = (json[i] >= '0' && json[i] <= '9') || json[i] == '.';
		digits = digit ? digits + 1 : 0;
		depth += json[i] == '[' || json[i] == '{';
		if (digits > 19 || depth > 16 ||
			(i && (json[i] | 0x20) == 'e' && json[i - 1] >= '0' && json[i - 1] <= '9'))
			return true;
	}
	return false;
}

static void encode(const struct encode_kind *kind, const char *json, size_t n, bool valid)
{
	struct encode_doc d = {json, n, "tag", 1444531212643494000};
	size_t room = 2 * n + 100;
	char *to = malloc(room);
	struct text t = text_of(to, room);
	int rc = kind->encode(&t, &d);
	demand(!t.full, "twice the room is too little", json, n);
	demand(rc == 0 || !valid || kind == &encode_kind_avro, "a document refused", json, n);
	size_t need = text_len(&t);
	free(to);
	for (size_t less = 1; rc == 0 && less <= need; less += 1 + need / 8) {
		to = malloc(need - less + 1);
		t = text_of(to, need - less);
		kind->encode(&t, &d);
		demand(t.full, "it should not fit", json, n);
		free(to);
	}
}

static void filter(const char *json, size_t n, unsigned flags, bool valid)
{
	struct fields f = {.exclude = flags & 1};
	char *copy = malloc(n + 1);
	size_t at;
	memcpy(copy, json, n);
	struct text t = text_of(copy, n);
	t.at = t.end;
	fields_add(&f, flags & 2 ? "a" : "ts");
	fields_filter(&f, &t, 0);
	size_t left = text_len(&t);
	demand(left <= n, "the filter made it longer", json, n);
	if (valid && left > 2) {
		const char *wrong = json_valid(copy, left, &at);
		demand(!wrong, "no JSON behind the filter", copy, left);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct encode_kind *const kinds[] = {
		&encode_kind_msgpack, &encode_kind_tagged, &encode_kind_text, &encode_kind_avro};
	size_t at;
	if (size < 1 || size > 100000)
		return 0;
	size_t n = size - 1;
	char *json = malloc(n + 1);
	memcpy(json, data + 1, n);
	bool valid = !json_valid(json, n, &at) && !is_beyond(json, n);
	for (size_t i = 0; i < BITS_COUNT(kinds); i++)
		encode(kinds[i], json, n, valid);
	filter(json, n, data[0], valid);
	free(json);
	return 0;
}
