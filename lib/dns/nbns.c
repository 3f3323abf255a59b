/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/nbns.h"

#include "base/addr.h"
#include "base/cursor.h"

enum { ENCODED_LEN = 32, NAME_LEN = 15 };

/* Appends fifteen octets and the suffix, which is the type of the node's service. */
static void put_netbios(struct text *t, const uint8_t *p)
{
	size_t n = NAME_LEN;
	while (n && (p[n - 1] == ' ' || p[n - 1] == 0))
		n--;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];
		/* Escaped as in any name, and so are angle brackets, which enclose the suffix. */
		if (c <= ' ' || c >= 0x7f || c == '<' || c == '>') {
			text_graph(t, '\\');
			text_padded(t, c, 3);
			continue;
		}
		if (c == '.' || c == '\\')
			text_graph(t, '\\');
		text_graph(t, (char)c);
	}
	text_char(t, '<');
	text_hex(t, p + NAME_LEN, 1);
	text_char(t, '>');
}

/* Decodes thirty-two letters A to P to sixteen octets. Returns false if there are others. */
static bool decode(uint8_t *to, const uint8_t *p)
{
	for (int i = 0; i < ENCODED_LEN; i += 2) {
		uint8_t high = (uint8_t)(p[i] - 'A'), low = (uint8_t)(p[i + 1] - 'A');
		if (high > 15 || low > 15)
			return false;
		to[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Returns the offset of the first label of the name at `at`: `at`, or where a leading pointer
 * leads. */
static uint32_t first_label(const struct name_space *space, uint32_t at)
{
	uint32_t limit = at;
	for (int jumps = 0; jumps < NAME_JUMPS && space->data[at] >= 0xc0; jumps++) {
		at = bits_be16(space->data + at) & 0x3fffu;
		if (at >= limit)
			break;
		limit = at;
	}
	return at;
}

uint32_t nbns_name_text(
	struct text *t, const struct name_space *space, uint32_t at, enum dns_error *error)
{
	uint8_t name[NAME_LEN + 1];
	/* From here on the name is known to be valid, with all that it points to. */
	uint32_t after = name_skip(space, at, error);
	if (after == 0)
		return 0;
	uint32_t label = first_label(space, at);
	if (space->data[label] != ENCODED_LEN || !decode(name, space->data + label + 1))
		return name_text(t, space, at, false, NULL, error);
	put_netbios(t, name);
	uint32_t scope = label + 1 + ENCODED_LEN;
	if (space->data[scope] != 0) {
		text_char(t, '.');
		name_text(t, space, scope, false, NULL, error);
	}
	return after;
}

void nbns_type_text(struct text *t, uint16_t type)
{
	if (type == NBNS_TYPE_NB)
		text_lit(t, "NB");
	else if (type == NBNS_TYPE_NBSTAT)
		text_lit(t, "NBSTAT");
	else
		rrtype_text(t, type);
}

void nbns_opcode_text(struct text *t, unsigned opcode)
{
	switch (opcode) {
	case 5: text_lit(t, "REGISTRATION"); break;
	case 6: text_lit(t, "RELEASE"); break;
	case 7: text_lit(t, "WACK"); break;
	case 8:
	case 9: text_lit(t, "REFRESH"); break;
	case 15: text_lit(t, "MULTIHOMED"); break;
	default: dns_opcode_text(t, opcode);
	}
}

static void put_node(struct text *t, uint16_t flags)
{
	text_char(t, "BPMH"[flags >> 13 & 3]);
	if (flags & 0x8000)
		text_lit(t, " group");
}

static void put_nb(struct text *t, struct cursor *c)
{
	do {
		uint16_t flags = cursor_u16(c);
		const uint8_t *address = cursor_read(c, 4);
		if (!address)
			return;
		put_node(t, flags);
		text_char(t, ' ');
		addr_text_v4(t, address);
		if (cursor_remaining(c))
			text_lit(t, ", ");
	} while (cursor_remaining(c));
}

/* Appends the names of a node (RFC 1002 section 4.2.18), and of its statistics the unit's address.
 */
static void put_nbstat(struct text *t, struct cursor *c)
{
	for (unsigned n = cursor_u8(c); n; n--) {
		const uint8_t *name = cursor_read(c, NAME_LEN + 1);
		uint16_t flags = cursor_u16(c);
		if (c->bad)
			return;
		put_netbios(t, name);
		text_char(t, ' ');
		put_node(t, flags);
		if (flags & 0x1000)
			text_lit(t, " deregistering");
		if (flags & 0x0800)
			text_lit(t, " conflict");
		if (flags & 0x0400)
			text_lit(t, " active");
		if (flags & 0x0200)
			text_lit(t, " permanent");
		text_lit(t, ", ");
	}
	const uint8_t *unit = cursor_read(c, 6);
	for (int i = 0; unit && i < 6; i++) {
		if (i)
			text_char(t, '-');
		text_hex(t, unit + i, 1);
	}
	cursor_read(c, cursor_remaining(c));
}

enum dns_error nbns_rdata_text(struct text *t, const struct name_space *space, const struct rr *rr)
{
	const uint8_t *data = space->data + rr->rdata;
	struct cursor c = cursor_of(data, rr->rdlen);
	char *start = t->at;
	if (rr->type == NBNS_TYPE_NB)
		put_nb(t, &c);
	else if (rr->type == NBNS_TYPE_NBSTAT)
		put_nbstat(t, &c);
	else
		return rdata_text(t, space, rr, NULL);
	if (!c.bad)
		return DNS_OK;
	if (!t->full)
		t->at = start;
	rdata_text_generic(t, data, rr->rdlen);
	/* A negative reply has no RDATA (RFC 1002 section 4.2.6). */
	return rr->rdlen ? DNS_RDATA : DNS_OK;
}
