/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/transfer.h"

void transfer_json(struct text *t, const struct record *r, const struct dns_msg *reply)
{
	struct record_sum sum = {
		.messages = 1, .records = reply->count[DNS_ANSWER], .octets = r->reply_wire};

	if (r->transfer == RECORD_TRANSFER_SUM)
		sum = record_sum(r);
	text_lit(t, "\"transfer\":{\"messages\":");
	json_u64(t, sum.messages);
	JSON_KEY(t, "records");
	json_u64(t, sum.records);
	JSON_KEY(t, "octets");
	json_u64(t, sum.octets);
	if (r->transfer == RECORD_TRANSFER_SUM) {
		JSON_KEY(t, "serial");
		json_u64(t, sum.serial);
		JSON_KEY(t, "duration_us");
		json_milli(t, sum.duration_ns);
		if (sum.incomplete)
			text_lit(t, "\"incomplete\":true,");
	}
	json_close(t, '}');
}
