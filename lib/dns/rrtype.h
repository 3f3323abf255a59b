/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of resource record types, of the rows of rrtype.def. */
#ifndef DNS_RRTYPE_H
#define DNS_RRTYPE_H

#include "base/text.h"

/* Kinds of field in RDATA. rdata_text.c has a case for each. */
enum rr_field {
	FIELD_END, /* ends a row; octets behind it are an error */
	FIELD_NONE, /* no defined format: \# form */
	FIELD_IN, /* no octets: the format is that of class IN; others have the \# form */
	FIELD_NAME, /* domain name, may be compressed, shown with its trailing dot */
	FIELD_NAME_PLAIN, /* domain name, must not be compressed (RFC 3597 section 4) */
	FIELD_U8, /* decimal */
	FIELD_U16, /* decimal */
	FIELD_U32, /* decimal */
	FIELD_U48, /* decimal */
	FIELD_U64, /* decimal */
	FIELD_A, /* IPv4 address */
	FIELD_AAAA, /* IPv6 address */
	FIELD_STRING, /* one <character-string>, quoted (RFC 1035 section 5.1) */
	FIELD_STRINGS, /* one or more <character-string>s to the end */
	FIELD_TEXT, /* octets to the end as one quoted string */
	FIELD_TAG, /* letters and digits after a length octet (RFC 8659 section 4.1) */
	FIELD_TYPE, /* an RR type */
	FIELD_COVERED, /* an RR type, unassigned ones as a bare number (RFC 2535 section 7.1) */
	FIELD_TIME, /* seconds as YYYYMMDDHHmmSS (RFC 4034 section 3.2) */
	FIELD_HEX, /* octets to the end, hexadecimal */
	FIELD_HEX_0X, /* the same after "0x" (RFC 1706 section 7) */
	FIELD_HEX8, /* octets after a length octet, hexadecimal, "-" where none */
	FIELD_BASE64, /* octets to the end, base64 */
	FIELD_BASE64_DASH, /* the same, "-" where none */
	FIELD_BASE64_16, /* a two-octet length in decimal, as many octets, base64 */
	FIELD_BASE32_8, /* octets after a length octet, base32hex */
	FIELD_EUI48, /* six octets, xx-xx-... (RFC 7043 section 3.2) */
	FIELD_EUI64, /* eight octets, xx-xx-... (RFC 7043 section 4.2) */
	FIELD_GROUPS, /* eight octets, xxxx:xxxx:xxxx:xxxx (RFC 6742 section 2.1.2) */
	FIELD_CERT, /* certificate type (RFC 4398 section 2.1) */
	FIELD_ALGORITHM, /* DNSSEC algorithm by mnemonic */
	FIELD_RCODE, /* extended rcode of TSIG and TKEY (RFC 8945 section 3) */
	FIELD_SCHEME, /* DSYNC scheme (RFC 9859 section 2.1) */
	FIELD_LOC, /* all of LOC (RFC 1876 section 3) */
	FIELD_A6, /* all of A6 (RFC 2874 section 3.1) */
	FIELD_APL, /* address prefix items to the end (RFC 3123 section 4) */
	FIELD_ATMA, /* ATM address (ATM Forum af-saa-0069.000) */
	FIELD_GATEWAY, /* gateway type, algorithm, gateway (RFC 4025 section 2) */
	FIELD_RELAY, /* discovery bit, relay type, relay (RFC 8777 section 4.2) */
	FIELD_HIP, /* lengths, algorithm, HIT, public key (RFC 8005 section 5) */
	/* These kinds append a space before each of their items, of which there may be none. */
	FIELD_BITMAP, /* type bit maps to the end (RFC 4034 section 4.1.2) */
	FIELD_NXT, /* NXT's type bit map to the end (RFC 2535 section 5.2) */
	FIELD_PORTS, /* bit map of ports to the end (RFC 1035 section 3.4.2) */
	FIELD_STRING_IF, /* one <character-string>, if octets are left */
	FIELD_NAMES, /* names to the end, never compressed */
	FIELD_SVCPARAMS, /* SvcParams to the end (RFC 9460 section 2.2) */
};

struct rrtype {
	const char *name;
	const uint8_t *fields; /* enum rr_field without FIELD_IN, ended by FIELD_END */
	uint8_t len; /* characters of name */
	bool in_only; /* the row had FIELD_IN */
};

enum {
#define RRTYPE(number, symbol, name, ...) RRTYPE_##symbol = number,
#include "dns/rrtype.def"
#undef RRTYPE
};

/* Returns the row of a type, or NULL. */
const struct rrtype *rrtype_find(uint16_t type);

/* Appends the mnemonic, or TYPE65280 (RFC 3597 section 5). */
void rrtype_text(struct text *t, uint16_t type);

#endif
