/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes names at any offset of the input: the text parses back to the octets of the name, with or
 * without the final dot, inside JSON or not.
 */
#include "dns/idna.h"
#include "dns/name.h"
#include "dns/nbns.h"
#include "support/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decompresses the name at `at` in the simplest way. Returns its length; 0: it is malformed. */
static size_t expand(uint8_t *to, const uint8_t *data, size_t len, size_t at)
{
	size_t n = 0, limit = at;
	while (at < len) {
		uint8_t c = data[at];
		if (c >= 0xc0) {
			if (at + 2 > len)
				return 0;
			at = (c & 0x3fu) << 8 | data[at + 1];
			if (at < 12 || at >= limit)
				return 0;
			limit = at;
			continue;
		}
		if (c > 63 || at + 1 + c > len || n + 1 + c > NAME_WIRE_MAX)
			return 0;
		memcpy(to + n, data + at, 1u + c);
		n += 1u + c;
		at += 1u + c;
		if (c == 0)
			return n;
	}
	return 0;
}

/* Parses a name in presentation form (RFC 1035 section 5.1). Returns its length. */
static size_t parse(uint8_t *to, const struct text *t)
{
	size_t label = 0, n = 1;
	const char *p = t->start;
	if (text_len(t) == 1 && *p == '.')
		p++;
	while (p < t->at) {
		int c = (unsigned char)*p++;
		if (c == '.') {
			to[label] = (uint8_t)(n - label - 1);
			label = n++;
			continue;
		}
		if (c == '\\' && *p >= '0' && *p <= '9') {
			c = (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0';
			p += 3;
		} else if (c == '\\') {
			c = (unsigned char)*p++;
		}
		to[n++] = (uint8_t)c;
	}
	to[label] = (uint8_t)(n - label - 1);
	if (n - label > 1)
		to[n++] = 0;
	return n;
}

static void show(const struct name_space *space, uint32_t at, const uint8_t *wire, size_t len)
{
	static char plain_text[NAME_TEXT_MAX], quoted_text[NAME_TEXT_MAX];
	for (int dot = 0; dot < 2; dot++) {
		struct text plain = text_of(plain_text, NAME_TEXT_MAX);
		struct text quoted = text_of(quoted_text, NAME_TEXT_MAX);
		enum dns_error error;
		uint8_t back[NAME_TEXT_MAX];
		quoted.quoted = true;
		shown_demand(name_text(&plain, space, at, dot, NULL, &error) != 0,
			"a valid name that was refused");
		shown_demand(name_text(&quoted, space, at, dot, NULL, &error) != 0,
			"a valid name that was refused");
		shown_ascii(&plain);
		shown_same(&plain, &quoted);
		shown_demand(parse(back, &plain) == len, "a name of another length");
		shown_demand(memcmp(back, wire, len) == 0, "a name that does not read back");
	}
}

static void check(const struct name_space *space, uint32_t at)
{
	uint8_t wire[NAME_WIRE_MAX];
	enum dns_error error = DNS_OK;
	char octets[2 * NAME_TEXT_MAX];
	struct text t = text_of(octets, sizeof(octets));
	uint32_t after = name_skip(space, at, &error);
	size_t n = expand(wire, space->data, space->len, at);
	/* only the decoder refuses 128 pointers in a row */
	if (after == 0 && n) {
		shown_demand(
			error == DNS_NAME && space->len > 2 * NAME_JUMPS, "a good name refused");
		return;
	}
	shown_demand((after != 0) == (n != 0), "a malformed name that was accepted");
	if (after == 0) {
		shown_demand(error == DNS_SHORT || error == DNS_NAME,
			"another error than that of a name");
		shown_demand(name_text(&t, space, at, true, NULL, &error) == 0 && t.at == octets,
			"text of a malformed name");
		return;
	}
	/* a name in place has its own length, or a pointer, by which it may have that length, too
	 */
	bool compressed = name_is_compressed(space, at, after);
	shown_demand(compressed || after - at == n, "a pointer that was missed");
	shown_demand(!compressed || memcmp(space->data + at, wire, after - at) != 0, "no pointer");
	show(space, at, wire, n);
	shown_demand(
		nbns_name_text(&t, space, at, &error) == after, "a NetBIOS name that was refused");
	shown_ascii(&t);
	idna_text(&t, space, at);
}

/* The first two octets are the offset of the name, the rest is the message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size > 1024)
		return 0;
	struct name_space space = {data + 2, (uint32_t)size - 2};
	check(&space, bits_be16(data) % space.len);
	return 0;
}
