/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/foreign.h"

#include "dns/const.h"

#define ENTRY_MIN 11u /* octets of a resource record: root, type, class, TTL, length */
#define QUESTION_MIN 5u

enum {
	PORT_NTP = 123,
	PORT_HTTPS = 443,
	PORT_IKE = 500,
	PORT_TURN = 3478,
	PORT_IKE_NAT = 4500,
	PORT_TURN_TLS = 5349,
	PORT_EPHEMERAL = 1024,
};

static uint32_t count_of(const struct dns_foreign *d, unsigned section)
{
	return bits_be16(d->data + 4 + 2 * section);
}

/* True if as many entries as the header announces fit into the datagram. */
static bool counts_fit(const struct dns_foreign *d)
{
	uint32_t records =
		count_of(d, DNS_ANSWER) + count_of(d, DNS_AUTHORITY) + count_of(d, DNS_ADDITIONAL);
	return DNS_HEADER_LEN + QUESTION_MIN * count_of(d, DNS_QUESTION) + ENTRY_MIN * records <=
	       d->wire_len;
}

static bool count_alone_fits(const struct dns_foreign *d, unsigned section)
{
	return DNS_HEADER_LEN + ENTRY_MIN * count_of(d, section) <= d->wire_len;
}

/* RFC 8489 section 5: two zero bits, a length in words, the magic cookie. */
static bool is_stun(const struct dns_foreign *d)
{
	return !(d->data[0] & 0xc0) && !(d->data[3] & 3) && bits_be32(d->data + 4) == 0x2112a442;
}

/* RFC 6347 section 4.1, RFC 9146: content type, version, epoch, sequence number, length. */
static bool is_dtls(const struct dns_foreign *d)
{
	return d->data[0] >= 20 && d->data[0] <= 26 && d->data[1] == 0xfe &&
	       (d->data[2] == 0xff || d->data[2] == 0xfd);
}

/* RFC 9000 section 15 and 17, RFC 9369, drafts, and Google's versions before them. */
static bool quic_version_known(uint32_t version)
{
	return version == 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
	       (version & 0xff00f0f0) == 0x51003030 || (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/*
 * A long header has a version; a short one has the fixed bit only, so that port and size must
 * match, too (RFC 9000 section 17.2, 17.3 and 10.3).
 */
static bool is_quic(const struct dns_foreign *d)
{
	const uint8_t *p = d->data;
	const bool long_header = p[0] & 0x80, fixed = p[0] & 0x40;
	if (long_header && fixed && quic_version_known(bits_be32(p + 1)) && p[5] <= 20)
		return true;
	if (d->other_port != PORT_HTTPS || counts_fit(d))
		return false;
	if (long_header) /* version negotiation (0) has no fixed bit */
		return p[5] <= 20 && (fixed || bits_be32(p + 1) == 0);
	return fixed && d->wire_len >= 21;
}

/* RFC 3550 section 5.1: version 2, an assigned payload type, and, as two of the counts, a random
 * SSRC that no datagram of this size can satisfy. */
static bool is_rtp(const struct dns_foreign *d)
{
	const uint8_t type = d->data[1] & 0x7f;
	return d->other_port >= PORT_EPHEMERAL && d->data[0] >> 6 == 2 &&
	       (type <= 34 || type >= 96) && !count_alone_fits(d, DNS_AUTHORITY) &&
	       !count_alone_fits(d, DNS_ADDITIONAL);
}

/* RFC 3550 section 6.4: version 2, a packet type, a length in words that fits. */
static bool is_rtcp(const struct dns_foreign *d)
{
	return d->other_port >= PORT_EPHEMERAL && d->data[0] >> 6 == 2 && d->data[1] >= 200 &&
	       d->data[1] <= 207 && (bits_be16(d->data + 2) + 1u) * 4 <= d->wire_len &&
	       d->wire_len % 4 == 0 && !counts_fit(d);
}

/* Message type, three zero octets, and the size of that type (wireguard.com/protocol). */
static bool is_wireguard(const struct dns_foreign *d)
{
	if (counts_fit(d))
		return false;
	switch (bits_be32(d->data)) {
	case 0x01000000: return d->wire_len == 148;
	case 0x02000000: return d->wire_len == 92;
	case 0x03000000: return d->wire_len == 64;
	case 0x04000000: return d->wire_len >= 32 && d->wire_len % 16 == 0;
	default: return false;
	}
}

/* RFC 5905 section 7.3. A client's request may be all zeros: a DNS header without entries. */
static bool is_ntp(const struct dns_foreign *d)
{
	const unsigned version = d->data[0] >> 3 & 7, mode = d->data[0] & 7;
	bool none = true;
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		none &= count_of(d, i) == 0;
	return d->other_port == PORT_NTP && d->wire_len >= 48 && version >= 1 && version <= 4 &&
	       mode >= 1 && mode <= 5 && (none || !counts_fit(d));
}

/* SIP, SSDP, HTTP, BitTorrent: letters in the place of the counts. */
static bool is_text(const struct dns_foreign *d)
{
	for (unsigned i = 0; i < DNS_HEADER_LEN; i++) {
		const uint8_t c = d->data[i];
		if ((c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t')
			return false;
	}
	return !counts_fit(d);
}

/* TURN channels and IPsec are recognised by their port: their header proves nothing. */
static bool is_on_known_port(const struct dns_foreign *d)
{
	switch (d->other_port) {
	case PORT_IKE:
	case PORT_IKE_NAT:
	case PORT_TURN:
	case PORT_TURN_TLS: return !counts_fit(d);
	default: return false;
	}
}

const char *dns_foreign(const struct dns_foreign *d)
{
	static const struct {
		bool (*is)(const struct dns_foreign *d);
		const char *name;
	} kinds[] = {
#define FOREIGN(function, name) {function, name},
#include "dns/foreign.def"
#undef FOREIGN
	};

	if (d->len < DNS_HEADER_LEN)
		return NULL;
	for (size_t i = 0; i < BITS_COUNT(kinds); i++)
		if (kinds[i].is(d))
			return kinds[i].name;
	return NULL;
}
