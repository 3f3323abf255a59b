/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes RDATA of any type: two octets of type, one of choices, one for the number of octets of the
 * message before the RDATA, then those and the RDATA.
 */
#include "dns/nbns.h"
#include "dns/rdata.h"
#include "support/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char plain_text[1 << 21], quoted_text[1 << 21];

/* Checks that nothing is written behind a buffer that is too small, and that the text is full. */
static void show_cramped(
	const struct name_space *space, const struct rr *rr, size_t need, size_t size)
{
	char *small = malloc(size + 1);
	struct text t = text_of(small, size);
	rdata_text(&t, space, rr, NULL);
	shown_demand(text_len(&t) <= size, "a text longer than its buffer");
	shown_demand(need <= size || t.full, "a text that does not fit, but is not full");
	free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4 || size > 65535)
		return 0;
	struct name_space space = {data + 4, (uint32_t)size - 4};
	struct rr rr = {
		.type = bits_be16(data), .rrclass = data[2] & 1 ? 3 : 1, .section = DNS_ANSWER};
	if (data[3] > space.len)
		return 0;
	rr.rdata = data[3];
	rr.rdlen = (uint16_t)(space.len - rr.rdata);

	struct text plain = text_of(plain_text, sizeof(plain_text));
	struct text quoted = text_of(quoted_text, sizeof(quoted_text));
	struct name_memo memo = {0};
	quoted.quoted = true;
	bool netbios = data[2] & 2;
	enum dns_error error = netbios ? nbns_rdata_text(&plain, &space, &rr)
				       : rdata_text(&plain, &space, &rr, &memo);
	enum dns_error again = netbios ? nbns_rdata_text(&quoted, &space, &rr)
				       : rdata_text(&quoted, &space, &rr, NULL);
	shown_demand(error == again, "another error inside JSON");
	shown_demand(error == DNS_OK || error == DNS_RDATA, "an error of another kind");
	shown_demand(!plain.full && !quoted.full, "a text that is too long");
	shown_demand(text_len(&plain) > 0 || netbios, "an empty text");
	shown_ascii(&plain);
	shown_ascii(&quoted);
	shown_same(&plain, &quoted);
	if (!netbios)
		show_cramped(&space, &rr, text_len(&plain), data[2] >> 2);
	return 0;
}
