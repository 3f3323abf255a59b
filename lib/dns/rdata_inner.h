/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of field that need more than a line. Each reads its octets from r->c and appends their
 * text to r->t; octets that do not fit the kind set r->c.bad, and the caller removes the text.
 */
#ifndef DNS_RDATA_INNER_H
#define DNS_RDATA_INNER_H

#include "base/cursor.h"
#include "dns/rdata.h"

struct rdata {
	struct cursor c; /* the rest of the RDATA */
	struct text *t;
	const struct name_space *space;
	struct name_memo *memo;
	bool generic; /* valid, but of a variant without a presentation form */
	bool compressed; /* a name is compressed that must not be */
	bool empty; /* an empty field left a space before it, or no text at all */
};

/* Appends n octets as the content of a quoted <character-string>. */
void kind_octets(struct text *t, const uint8_t *p, size_t n);

/* Returns the rest of the octets and sets *n to their number, or returns NULL with r->c.bad set. */
const uint8_t *kind_rest(struct rdata *r, size_t *n);

/* Appends a name. Returns its offset and sets *after to its end, or returns 0 with r->c.bad set. */
static inline uint32_t kind_name(struct rdata *r, uint32_t *after)
{
	uint32_t at = (uint32_t)(r->c.at - r->space->data);
	enum dns_error error;
	/* The name must end within the RDATA; only its pointers may lead out of it. */
	*after = name_text(r->t, r->space, at, true, r->memo, &error);
	if (bits_unlikely(*after == 0 || *after > at + cursor_remaining(&r->c))) {
		r->c.bad = true;
		return 0;
	}
	r->c.at = r->space->data + *after;
	return at;
}

/* rdata_kinds.c: strings, binary data, types */
void kind_string(struct rdata *r);
void kind_strings(struct rdata *r);
void kind_string_if(struct rdata *r);
void kind_text(struct rdata *r);
void kind_tag(struct rdata *r);
void kind_covered(struct rdata *r);
void kind_time(struct rdata *r);
void kind_hex(struct rdata *r);
void kind_hex_0x(struct rdata *r);
void kind_hex8(struct rdata *r);
void kind_base64(struct rdata *r);
void kind_base64_dash(struct rdata *r);
void kind_base64_16(struct rdata *r);
void kind_base32_8(struct rdata *r);
void kind_scheme(struct rdata *r);
void kind_bitmap(struct rdata *r);
void kind_nxt(struct rdata *r);

/* rdata_kinds_addr.c: names, addresses, locations */
void kind_name_plain(struct rdata *r);
void kind_names(struct rdata *r);
void kind_eui(struct rdata *r, size_t octets);
void kind_groups(struct rdata *r);
void kind_a6(struct rdata *r);
void kind_apl(struct rdata *r);
void kind_atma(struct rdata *r);
void kind_ports(struct rdata *r);
void kind_gateway(struct rdata *r);
void kind_relay(struct rdata *r);
void kind_hip(struct rdata *r);
void kind_loc(struct rdata *r);

/* rdata_svcb.c */
void kind_svcparams(struct rdata *r);

#endif
