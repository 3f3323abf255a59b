/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/sighting.h"

#include "encode/json.h"

/* Appends a name as the client sent it, with \DDD for octets that are not printable, as in names of
 * DNS. */
static void put_name(struct text *t, const uint8_t *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (name[i] > ' ' && name[i] < 0x7f) {
			if (name[i] == '\\')
				text_graph(t, '\\');
			text_graph(t, (char)name[i]);
		} else {
			text_graph(t, '\\');
			text_padded(t, name[i], 3);
		}
	}
}

void sighting_end_line(struct text *t, const struct record *r)
{
	static const char *const names[RECORD_TRANSPORTS] = {
		"",
#define TRANSPORT(name, help) #name,
#include "record/transport.def"
#undef TRANSPORT
	};
	if (r->transport != RECORD_TRANSPORT_none) {
		text_lit(t, "\"transport\":\"");
		text_str(t, names[r->transport]);
		text_lit(t, "\",");
	}
	if (r->query_len) {
		JSON_KEY(t, "sni");
		json_begin_str(t);
		put_name(t, record_query(r), r->query_len);
		json_end_str(t);
	}
	json_end_line(t);
}
