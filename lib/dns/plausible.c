/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/plausible.h"

#include "dns/msg.h"
#include "dns/rrtype.h"

enum {
	OPCODE_QUERY = 0,
	OPCODE_NOTIFY = 4,
	OPCODE_UPDATE = 5,
	RCODE_MAX = 11, /* assigned, of those that fit the header */
	TYPE_PRIVATE_FIRST = 65280, /* RFC 6895 section 3.1 */
	TYPE_PRIVATE_LAST = 65534,
	MDNS_BIT = 0x8000, /* of a class */
	QUESTION_MIN = 5,
	RECORD_LEAST = 11,
};

/* True for opcode, flags and rcode as programs set them: a query has no bits of a reply. */
static bool flags_plausible(uint16_t flags)
{
	const unsigned opcode = dns_opcode(flags);
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE)
		return false;
	if (flags & DNS_Z)
		return false;
	if (flags & DNS_QR)
		return dns_rcode(flags) <= RCODE_MAX;
	return !(flags & DNS_RA) && dns_rcode(flags) == 0;
}

/* True if there is a question or a reply's answer, and all announced entries fit. */
static bool counts_plausible(const uint8_t *data, uint32_t wire_len)
{
	const bool reply = bits_be16(data + 2) & DNS_QR;
	const uint32_t questions = bits_be16(data + 4), answers = bits_be16(data + 6);
	const uint32_t records = answers + bits_be16(data + 8) + bits_be16(data + 10);
	if (questions == 0 && (answers == 0 || !reply))
		return false;
	return DNS_HEADER_LEN + QUESTION_MIN * questions + RECORD_LEAST * records <= wire_len;
}

static bool class_plausible(uint16_t rrclass)
{
	switch (rrclass & ~MDNS_BIT) {
	case DNS_CLASS_IN:
	case 3: /* CH */
	case DNS_CLASS_HS:
	case DNS_CLASS_NONE:
	case DNS_CLASS_ANY: return true;
	default: return false;
	}
}

static bool type_plausible(uint16_t type)
{
	return rrtype_find(type) || (type >= TYPE_PRIVATE_FIRST && type <= TYPE_PRIVATE_LAST);
}

/* True if the name has no control characters. UTF-8 and the octets of tunnels are allowed. */
static bool name_plausible(const uint8_t *data, uint32_t at)
{
	for (; data[at]; at += data[at] + 1u)
		for (unsigned i = 1; i <= data[at]; i++)
			if (data[at + i] < ' ' || data[at + i] == 0x7f)
				return false;
	return true;
}

static bool rdata_plausible(const struct rr *rr)
{
	switch (rr->type) {
	case RRTYPE_A: return rr->rdlen == 4 || rr->rdlen == 0; /* none: UPDATE's */
	case RRTYPE_AAAA: return rr->rdlen == 16 || rr->rdlen == 0;
	default: return true;
	}
}

static bool record_plausible(const struct rr *rr, const uint8_t *data)
{
	if (rr->type == RRTYPE_OPT)
		return rr->section == DNS_ADDITIONAL && data[rr->name] == 0;
	return class_plausible(rr->rrclass) && type_plausible(rr->type) && rdata_plausible(rr);
}

/*
 * A question for the root is five octets, which prove little: a query must have more, as EDNS in a
 * priming query (RFC 8109 section 3.1). The same holds without a question.
 */
static bool root_plausible(const struct dns_msg *msg)
{
	return msg->flags & DNS_QR || msg->count[DNS_ADDITIONAL];
}

/* True if the records behind the question are plausible, to the last octet. */
static bool records_plausible(
	const struct dns_msg *msg, const uint8_t *data, uint32_t len, bool cut)
{
	struct rr_iter it = rr_iter_after_question(msg, data, len);
	struct rr rr;

	while (rr_next(&it, &rr))
		if (!record_plausible(&rr, data))
			return false;
	return it.error == DNS_OK || (cut && (it.error == DNS_SHORT || it.error == DNS_COUNT));
}

bool dns_plausible(const uint8_t *data, uint32_t len, uint32_t wire_len)
{
	const bool cut = len < wire_len;
	struct dns_msg msg;

	if (len < DNS_HEADER_LEN + QUESTION_MIN || wire_len > UINT16_MAX)
		return false;
	if (!flags_plausible(bits_be16(data + 2)) || !counts_plausible(data, wire_len))
		return false;
	if (dns_msg_read(&msg, data, len) != DNS_OK)
		return false;
	if (msg.name_len <= 1 && (cut || !root_plausible(&msg)))
		return false;
	if (msg.name_len && (!class_plausible(msg.qclass) || !type_plausible(msg.qtype) ||
				    !name_plausible(data, DNS_HEADER_LEN)))
		return false;
	return records_plausible(&msg, data, len, cut);
}

bool dns_plausible_stream(const uint8_t *data, uint32_t len)
{
	uint32_t at = 0;

	while (len - at >= 2) {
		const uint32_t one = bits_be16(data + at), left = len - at - 2;
		if (one > left)
			return at || dns_plausible(data + 2, left, one);
		if (!dns_plausible(data + at + 2, one, one))
			return false;
		at += 2 + one;
	}
	return at > 0;
}
