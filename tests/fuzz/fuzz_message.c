/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes messages: every resource record, in every dialect. */
#include "dns/dso.h"
#include "dns/edns.h"
#include "dns/nbns.h"
#include "dns/rdata.h"
#include "support/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUFFER_BYTES = 1 << 22 };
static char plain_text[BUFFER_BYTES], quoted_text[BUFFER_BYTES];

static void show_options(const struct edns *e, const struct name_space *space)
{
	struct edns_iter it = edns_iter_of(e, space);
	struct edns_option o;
	while (edns_next(&it, &o)) {
		struct text plain = text_of(plain_text, BUFFER_BYTES),
			    quoted = text_of(quoted_text, BUFFER_BYTES);
		quoted.quoted = true;
		edns_option_text(&plain, &o, NULL);
		edns_option_text(&quoted, &o, NULL);
		shown_same(&plain, &quoted);
	}
}

static void show_rr(const struct name_space *space, const struct rr *rr, struct text *plain,
	struct text *quoted, struct name_memo *memos)
{
	enum dns_error error;
	uint32_t after = name_text(plain, space, rr->name, false, &memos[0], &error);
	shown_demand(after != 0 || plain->full,
		"an owner that rr_next() accepted and name_text() refuses");
	name_text(quoted, space, rr->name, false, &memos[1], &error);
	dns_class_text(plain, rr->rrclass);
	dns_class_text(quoted, rr->rrclass);
	if (rr->section != DNS_QUESTION) {
		error = rdata_text(plain, space, rr, &memos[0]);
		shown_demand(error == rdata_text(quoted, space, rr, &memos[1]), "another error");
		shown_demand(memos[0].compressed == memos[1].compressed, "another flag");
	}
}

/* Checks all records; with the memo of names, text is the same as for each record alone. */
static enum dns_error walk(const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it = rr_iter_of(msg, data, len);
	struct text plain = text_of(plain_text, BUFFER_BYTES),
		    quoted = text_of(quoted_text, BUFFER_BYTES);
	struct name_memo memos[2] = {0};
	static char alone_text[2][1 << 20];
	struct rr rr;
	struct edns e = {0};
	uint32_t entries = 0;
	quoted.quoted = true;
	while (rr_next(&it, &rr)) {
		struct text alone[2] = {
			text_of(alone_text[0], 1 << 20), text_of(alone_text[1], 1 << 20)};
		char *start = plain.at;
		shown_demand(rr.rdata + rr.rdlen <= len, "RDATA behind the message");
		edns_read(&e, &it.space, &rr);
		alone[1].quoted = true;
		show_rr(&it.space, &rr, &plain, &quoted, memos);
		if (plain.full || quoted.full)
			break;
		show_rr(&it.space, &rr, &alone[0], &alone[1], (struct name_memo[2]){0});
		rr_clear_mdns_bit(&rr);
		nbns_rdata_text(&alone[1], &it.space, &rr);
		shown_demand(text_len(&alone[0]) == (size_t)(plain.at - start) &&
				     memcmp(start, alone_text[0], text_len(&alone[0])) == 0,
			"another text with names remembered");
		shown_demand(++entries <= len / 5, "more entries than octets can hold");
	}
	shown_ascii(&plain);
	shown_same(&plain, &quoted);
	shown_demand(it.at <= len, "an iterator behind the message");
	if (e.present && e.fault == EDNS_FINE)
		show_options(&e, &it.space);
	return it.error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_msg msg;
	uint32_t len = (uint32_t)size;
	if (size > 65535)
		return 0;
	enum dns_error error = dns_msg_read(&msg, data, len);
	shown_demand(msg.body <= len, "a body behind the message");
	if (error != DNS_OK)
		return 0;
	walk(&msg, data, len);
	if (msg.name_len) {
		struct text t = text_of(plain_text, BUFFER_BYTES);
		struct name_space space = {data, len};
		nbns_name_text(&t, &space, DNS_HEADER_LEN, &error);
		shown_ascii(&t);
	}
	if (dns_msg_is_dso(&msg)) {
		struct dso_iter it = dso_iter_of(data, len);
		struct dso_tlv tlv;
		while (dso_next(&it, &tlv))
			shown_demand(tlv.data + tlv.len <= data + len, "a TLV behind the message");
	}
	return 0;
}
