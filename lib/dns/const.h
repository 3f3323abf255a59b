/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and mnemonics of DNS, from the lists const.def and rrtype.def. */
#ifndef DNS_CONST_H
#define DNS_CONST_H

#include "base/text.h"

/* What is wrong with a message; the names are the values of the member `error`. */
enum dns_error {
	DNS_OK,
#define DNS_ERROR(symbol, name) symbol,
#include "dns/const.def"
#undef DNS_ERROR
};

/* Returns the name of an error other than DNS_OK. */
const char *dns_error_name(enum dns_error error);

/* Bits of the header's second word (RFC 1035 section 4.1.1, RFC 2535 section 6.1). */
enum {
	DNS_QR = 0x8000,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_Z = 0x0040,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010,
};

static inline unsigned dns_opcode(uint16_t flags)
{
	return flags >> 11 & 15;
}

static inline unsigned dns_rcode(uint16_t flags)
{
	return flags & 15;
}

enum { DNS_CLASS_IN = 1, DNS_CLASS_HS = 4, DNS_CLASS_NONE = 254, DNS_CLASS_ANY = 255 };
enum { DNS_OPCODE_DSO = 6 };
enum { DNS_PORT = 53 };
enum { DNS_PORT_NBNS = 137, DNS_PORT_MDNS = 5353, DNS_PORT_LLMNR = 5355 };

/* True for the UDP ports of link-local names, whose queries go to a group. */
static inline bool dns_port_is_local(uint16_t port)
{
	return (port | 2) == DNS_PORT_LLMNR || port == DNS_PORT_NBNS;
}

enum { DNS_HEADER_LEN = 12 };
enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

/* Append a mnemonic, or the generic form of an unassigned number: OPCODE7, RCODE3841, CLASS99. */
void dns_opcode_text(struct text *t, unsigned opcode);
void dns_rcode_text(struct text *t, unsigned rcode);
void dns_class_text(struct text *t, uint16_t rrclass);
void dns_dso_text(struct text *t, unsigned type);

/*
 * Append a mnemonic of a field of RDATA, or an unassigned number in decimal. In TSIG and TKEY rcode
 * 16 is BADSIG (RFC 8945 section 3).
 */
void dns_tsig_error_text(struct text *t, unsigned error);
void dns_cert_text(struct text *t, unsigned type);
void dns_algorithm_text(struct text *t, unsigned algorithm);

#endif
