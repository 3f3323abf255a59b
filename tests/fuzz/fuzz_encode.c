/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the filter of members and every encoding with any octets as a document: nothing is read or
 * written outside the buffers, a buffer that is too small changes nothing, and valid JSON is
 * accepted by all encodings but Avro and is still valid behind the filter.
 *
 * The input: an octet that chooses buffer and filter, the document.
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

/* True if it has what the scanner refuses: an exponent, too many digits, too deep brackets. */
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
	size_t size = 2 * n + 100;
	char *to = malloc(size);
	struct text t = text_of(to, size);
	int rc = kind->encode(&t, &d);
	demand(!t.full, "an encoding of more than twice the size", json, n);
	demand(rc == 0 || !valid || kind == &encode_kind_avro, "a document refused", json, n);
	size_t need = text_len(&t);
	free(to);
	for (size_t less = 1; rc == 0 && less <= need; less += 1 + need / 8) {
		to = malloc(need - less + 1);
		t = text_of(to, need - less);
		kind->encode(&t, &d);
		demand(t.full, "an encoding that does not fit, but is not full", json, n);
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
