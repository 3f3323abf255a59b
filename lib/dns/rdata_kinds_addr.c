/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"
#include "dns/rdata_inner.h"

void kind_name_plain(struct rdata *r)
{
	uint32_t after, at = kind_name(r, &after);
	if (at && bits_unlikely(name_is_compressed(r->space, at, after)))
		r->compressed = true;
}

void kind_names(struct rdata *r)
{
	while (!r->c.bad && cursor_remaining(&r->c)) {
		uint32_t after, at;
		text_char(r->t, ' ');
		at = kind_name(r, &after);
		/* Each pointer of a list would turn two octets into a kilobyte of text. */
		if (at && name_is_compressed(r->space, at, after))
			r->c.bad = true;
	}
}

void kind_eui(struct rdata *r, size_t octets)
{
	const uint8_t *p = cursor_read(&r->c, octets);
	for (size_t i = 0; p && i < octets; i++) {
		if (i)
			text_char(r->t, '-');
		text_hex(r->t, p + i, 1);
	}
}

void kind_groups(struct rdata *r)
{
	const uint8_t *p = cursor_read(&r->c, 8);
	for (size_t i = 0; p && i < 8; i += 2) {
		if (i)
			text_char(r->t, ':');
		text_hex(r->t, p + i, 2);
	}
}

void kind_a6(struct rdata *r)
{
	uint8_t prefix = cursor_u8(&r->c), octets[16] = {0};
	if (prefix > 128) {
		r->c.bad = true;
		return;
	}
	size_t skip = prefix / 8;
	const uint8_t *p = cursor_read(&r->c, 16 - skip);
	if (!p)
		return;
	text_u64(r->t, prefix);
	if (prefix < 128) {
		memcpy(octets + skip, p, 16 - skip);
		octets[skip] &= (uint8_t)(0xff >> prefix % 8);
		text_char(r->t, ' ');
		addr_text_v6(r->t, octets);
	}
	if (prefix) {
		text_char(r->t, ' ');
		kind_name_plain(r);
	}
}

static void apl_item(struct rdata *r)
{
	uint16_t family = cursor_u16(&r->c);
	uint8_t prefix = cursor_u8(&r->c), n = cursor_u8(&r->c), octets[16] = {0};
	bool negated = n & 0x80;
	n &= 0x7f;
	const uint8_t *p = cursor_read(&r->c, n);
	size_t size = family == 1 ? 4 : 16;
	if (!p)
		return;
	if (family != 1 && family != 2) {
		r->generic = true; /* RFC 3123 defines text for IPv4 and IPv6 only */
		return;
	}
	if (n > size || prefix > 8 * size) {
		r->c.bad = true;
		return;
	}
	memcpy(octets, p, n);
	if (negated)
		text_char(r->t, '!');
	text_u64(r->t, family);
	text_char(r->t, ':');
	if (family == 1)
		addr_text_v4(r->t, octets);
	else
		addr_text_v6(r->t, octets);
	text_char(r->t, '/');
	text_u64(r->t, prefix);
}

void kind_apl(struct rdata *r)
{
	apl_item(r);
	while (!r->c.bad && cursor_remaining(&r->c)) {
		text_char(r->t, ' ');
		apl_item(r);
	}
}

void kind_atma(struct rdata *r)
{
	enum { AESA, E164 };
	uint8_t format = cursor_u8(&r->c);
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (!p || n == 0) {
		r->c.bad = true;
		return;
	}
	if (format == AESA) {
		text_hex(r->t, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			r->generic = true;
	if (format != E164 || r->generic) {
		r->generic = true;
		return;
	}
	text_char(r->t, '+');
	text_put(r->t, p, n);
}

void kind_ports(struct rdata *r)
{
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (!p || n > 65536 / 8) {
		r->c.bad = true;
		return;
	}
	for (unsigned bit = 0; bit < n * 8; bit++) {
		if (!(p[bit / 8] & 0x80 >> bit % 8))
			continue;
		text_char(r->t, ' ');
		text_u64(r->t, bit);
	}
}

/* Appends the gateway of IPSECKEY and AMTRELAY: none, an address or a name (RFC 4025 section 2.3).
 */
static void gateway_of(struct rdata *r, unsigned type)
{
	const uint8_t *p;
	switch (type) {
	case 0: text_char(r->t, '.'); break;
	case 1:
		if ((p = cursor_read(&r->c, 4)))
			addr_text_v4(r->t, p);
		break;
	case 2:
		if ((p = cursor_read(&r->c, 16)))
			addr_text_v6(r->t, p);
		break;
	case 3: kind_name_plain(r); break;
	default:
		/* Unassigned: its length is unknown. */
		r->generic = true;
		r->c.at = r->c.end;
	}
}

void kind_gateway(struct rdata *r)
{
	uint8_t type = cursor_u8(&r->c), algorithm = cursor_u8(&r->c);
	text_u64(r->t, type);
	text_char(r->t, ' ');
	text_u64(r->t, algorithm);
	text_char(r->t, ' ');
	gateway_of(r, type);
}

void kind_relay(struct rdata *r)
{
	uint8_t type = cursor_u8(&r->c);
	text_u64(r->t, type >> 7);
	text_char(r->t, ' ');
	text_u64(r->t, type & 0x7f);
	text_char(r->t, ' ');
	gateway_of(r, type & 0x7f);
}

void kind_hip(struct rdata *r)
{
	uint8_t hit_len = cursor_u8(&r->c), algorithm = cursor_u8(&r->c);
	uint16_t key_len = cursor_u16(&r->c);
	const uint8_t *hit = cursor_read(&r->c, hit_len), *key = cursor_read(&r->c, key_len);
	if (!key || hit_len == 0 || key_len == 0) {
		r->c.bad = true;
		return;
	}
	text_u64(r->t, algorithm);
	text_char(r->t, ' ');
	text_hex_upper(r->t, hit, hit_len);
	text_char(r->t, ' ');
	text_base64(r->t, key, key_len);
}

/* Appends an angle, on the wire in thousandths of a second of arc: "51 30 12.748 N". */
static void loc_angle(struct rdata *r, uint32_t wire, unsigned degrees, const char *signs)
{
	const uint32_t zero = 0x80000000u;
	uint32_t v = wire >= zero ? wire - zero : zero - wire;
	if (v > degrees * 3600000u) {
		r->c.bad = true;
		return;
	}
	text_u64(r->t, v / 3600000);
	text_char(r->t, ' ');
	text_u64(r->t, v / 60000 % 60);
	text_char(r->t, ' ');
	text_u64(r->t, v / 1000 % 60);
	text_char(r->t, '.');
	text_padded(r->t, v % 1000, 3);
	text_char(r->t, ' ');
	text_char(r->t, signs[wire >= zero ? 0 : 1]);
	text_char(r->t, ' ');
}

/* Appends a size, on the wire a digit and a power of ten in centimetres; whole metres from 1 m up.
 */
static void loc_size(struct rdata *r, uint8_t wire)
{
	unsigned digit = wire >> 4, power = wire & 15;
	if (digit > 9 || power > 9) {
		r->c.bad = true;
		return;
	}
	text_char(r->t, ' ');
	if (power > 1) {
		text_u64(r->t, digit * text_tens[power - 2]);
	} else {
		text_lit(r->t, "0.");
		text_padded(r->t, digit * text_tens[power], 2);
	}
	text_char(r->t, 'm');
}

void kind_loc(struct rdata *r)
{
	const uint8_t *p = kind_rest(r, &(size_t){0});
	if (!p || r->c.end - p < 1) {
		r->c.bad = true;
		return;
	}
	if (p[0] != 0) {
		r->generic = true; /* of an undefined version */
		return;
	}
	if (r->c.end - p != 16) {
		r->c.bad = true;
		return;
	}
	loc_angle(r, bits_be32(p + 4), 90, "NS");
	loc_angle(r, bits_be32(p + 8), 180, "EW");
	/* Centimetres above a base 100 km below the spheroid (RFC 1876 section 2). */
	int64_t altitude = (int64_t)bits_be32(p + 12) - 10000000;
	if (altitude < 0)
		text_char(r->t, '-');
	uint64_t v = (uint64_t)(altitude < 0 ? -altitude : altitude);
	text_u64(r->t, v / 100);
	text_char(r->t, '.');
	text_padded(r->t, v % 100, 2);
	text_char(r->t, 'm');
	for (int i = 1; i <= 3; i++)
		loc_size(r, p[i]);
}
