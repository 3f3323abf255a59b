/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/edns.h"

enum dns_error edns_json(struct text *t, const struct name_space *space, const struct rr *opt)
{
	(void)space;
	json_open(t, '{');
	unsigned version = opt->ttl >> 16 & 0xff;
	if (version) {
		JSON_KEY(t, "version");
		json_u64(t, version);
	}
	JSON_KEY(t, "udp");
	json_u64(t, opt->rrclass);
	if (opt->ttl & 0x8000)
		text_lit(t, "\"do\":true,");
	json_close(t, '}');
	return DNS_OK;
}
