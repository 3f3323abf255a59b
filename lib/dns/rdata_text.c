/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rdata.h"

#include "base/addr.h"
#include "base/cursor.h"
#include "dns/rdata_inner.h"

void rdata_text_generic(struct text *t, const uint8_t *p, size_t n)
{
	text_graph(t, '\\');
	text_lit(t, "# ");
	text_u64(t, n);
	if (n) {
		text_char(t, ' ');
		text_hex_upper(t, p, n);
	}
}

/* Appends a number of up to eight octets. */
static void number_text(struct text *t, struct cursor *c, unsigned octets)
{
	const uint8_t *p = cursor_read(c, octets);
	uint64_t v = 0;
	for (unsigned i = 0; p && i < octets; i++)
		v = v << 8 | p[i];
	text_u64(t, v);
}

static void field_text(struct rdata *r, enum rr_field field)
{
	struct cursor *c = &r->c;
	struct text *t = r->t;
	const uint8_t *p;

	switch (field) {
	case FIELD_NAME: kind_name(r, &(uint32_t){0}); break;
	case FIELD_NAME_PLAIN: kind_name_plain(r); break;
	case FIELD_U8: text_u64(t, cursor_u8(c)); break;
	case FIELD_U16: text_u64(t, cursor_u16(c)); break;
	case FIELD_U32: text_u64(t, cursor_u32(c)); break;
	case FIELD_U48: number_text(t, c, 6); break;
	case FIELD_U64: number_text(t, c, 8); break;
	case FIELD_A:
		if ((p = cursor_read(c, 4)))
			addr_text_v4(t, p);
		break;
	case FIELD_AAAA:
		if ((p = cursor_read(c, 16)))
			addr_text_v6(t, p);
		break;
	case FIELD_STRING: kind_string(r); break;
	case FIELD_STRINGS: kind_strings(r); break;
	case FIELD_TEXT: kind_text(r); break;
	case FIELD_TAG: kind_tag(r); break;
	case FIELD_TYPE: rrtype_text(t, cursor_u16(c)); break;
	case FIELD_COVERED: kind_covered(r); break;
	case FIELD_TIME: kind_time(r); break;
	case FIELD_HEX: kind_hex(r); break;
	case FIELD_HEX_0X: kind_hex_0x(r); break;
	case FIELD_HEX8: kind_hex8(r); break;
	case FIELD_BASE64: kind_base64(r); break;
	case FIELD_BASE64_DASH: kind_base64_dash(r); break;
	case FIELD_BASE64_16: kind_base64_16(r); break;
	case FIELD_BASE32_8: kind_base32_8(r); break;
	case FIELD_EUI48: kind_eui(r, 6); break;
	case FIELD_EUI64: kind_eui(r, 8); break;
	case FIELD_GROUPS: kind_groups(r); break;
	case FIELD_CERT: dns_cert_text(t, cursor_u16(c)); break;
	case FIELD_ALGORITHM: dns_algorithm_text(t, cursor_u8(c)); break;
	case FIELD_RCODE: dns_tsig_error_text(t, cursor_u16(c)); break;
	case FIELD_SCHEME: kind_scheme(r); break;
	case FIELD_LOC: kind_loc(r); break;
	case FIELD_A6: kind_a6(r); break;
	case FIELD_APL: kind_apl(r); break;
	case FIELD_ATMA: kind_atma(r); break;
	case FIELD_GATEWAY: kind_gateway(r); break;
	case FIELD_RELAY: kind_relay(r); break;
	case FIELD_HIP: kind_hip(r); break;
	case FIELD_BITMAP: kind_bitmap(r); break;
	case FIELD_NXT: kind_nxt(r); break;
	case FIELD_PORTS: kind_ports(r); break;
	case FIELD_STRING_IF: kind_string_if(r); break;
	case FIELD_NAMES: kind_names(r); break;
	case FIELD_SVCPARAMS: kind_svcparams(r); break;
	case FIELD_NONE:
	case FIELD_IN:
	case FIELD_END: c->bad = true; break;
	}
}

/* True if the formats of class IN apply: in Hesiod too, and in class NONE, with which an UPDATE
 * deletes (RFC 2136 section 2.5.4). */
static bool like_in(uint16_t rrclass)
{
	return rrclass == DNS_CLASS_IN || rrclass == DNS_CLASS_NONE || rrclass == DNS_CLASS_HS;
}

/* Returns the fields of a type in a class; FIELD_NONE: it has no defined format. */
static inline const uint8_t *fields_of(uint16_t type, uint16_t rrclass)
{
	static const uint8_t none[] = {FIELD_NONE};
	const struct rrtype *row = rrtype_find(type);
	if (!row)
		return none;
	if (row->in_only && bits_unlikely(!like_in(rrclass)))
		return none;
	return row->fields;
}

/* Ends the text of RDATA that needs a correction; `start`: where it begins. */
static __attribute__((noinline)) enum dns_error finish(
	struct rdata *r, char *start, const uint8_t *data, const struct rr *rr)
{
	struct text *t = r->t;
	bool bad = r->c.bad || cursor_remaining(&r->c);
	/* The space before an empty last field. */
	if (t->at > start && t->at[-1] == ' ')
		t->at--;
	if (!bad && !r->generic && t->at > start) {
		if (r->compressed && r->memo)
			r->memo->compressed = true;
		return DNS_OK;
	}
	if (!t->full)
		t->at = start;
	if (r->memo)
		*r->memo = (struct name_memo){.compressed = r->memo->compressed};
	rdata_text_generic(t, data, rr->rdlen);
	/* An UPDATE's empty RDATA (RFC 2136 sections 2.4 and 2.5) is no error. */
	bool update = rr->rrclass == DNS_CLASS_NONE || rr->rrclass == DNS_CLASS_ANY;
	return bad && (rr->rdlen || !update) ? DNS_RDATA : DNS_OK;
}

/* Appends RDATA field by field. */
static __attribute__((noinline)) enum dns_error fields_text(
	struct text *t, const struct name_space *space, const struct rr *rr, struct name_memo *memo)
{
	const uint8_t *data = space->data + rr->rdata;
	const uint8_t *fields = fields_of(rr->type, rr->rrclass);

	if (fields[0] == FIELD_NONE) {
		rdata_text_generic(t, data, rr->rdlen);
		return DNS_OK;
	}
	struct rdata r = {.c = cursor_of(data, rr->rdlen), .t = t, .space = space, .memo = memo};
	char *start = t->at;
	for (const uint8_t *f = fields; *f != FIELD_END && !r.c.bad; f++) {
		if (f != fields && *f < FIELD_BITMAP)
			text_char(t, ' ');
		field_text(&r, *f);
	}
	if (bits_likely(!r.c.bad && r.c.at == r.c.end && !(r.generic | r.compressed | r.empty)))
		return DNS_OK;
	return finish(&r, start, data, rr);
}

enum dns_error rdata_text(
	struct text *t, const struct name_space *space, const struct rr *rr, struct name_memo *memo)
{
	const uint8_t *data = space->data + rr->rdata;

	/* Most records are addresses. */
	if (bits_likely(rr->rrclass == DNS_CLASS_IN)) {
		if (rr->type == RRTYPE_A && rr->rdlen == 4) {
			addr_text_v4(t, data);
			return DNS_OK;
		}
		if (rr->type == RRTYPE_AAAA && rr->rdlen == 16) {
			addr_text_v6(t, data);
			return DNS_OK;
		}
	}
	return fields_text(t, space, rr, memo);
}
