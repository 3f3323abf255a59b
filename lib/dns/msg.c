/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/msg.h"

#include "dns/dso.h"

/* Reads the header and zeroes the rest. */
static inline void read_header(struct dns_msg *msg, const uint8_t *data)
{
	uint64_t counts;
	memcpy(&counts, data + 4, sizeof(counts));
	/* All four counts to host byte order by one store: one load follows soon. */
	counts = (counts & 0x00ff00ff00ff00ff) << 8 | (counts >> 8 & 0x00ff00ff00ff00ff);
	msg->id = bits_be16(data);
	msg->flags = bits_be16(data + 2);
	memcpy(msg->count, &counts, sizeof(counts));
	msg->name_len = msg->qtype = msg->qclass = 0;
	msg->body = DNS_HEADER_LEN;
}

/* Reads the first question, whose name ends at `at`. */
static inline void read_question(struct dns_msg *msg, const uint8_t *data, uint32_t at)
{
	msg->name_len = (uint16_t)(at - DNS_HEADER_LEN);
	msg->qtype = bits_be16(data + at);
	msg->qclass = bits_be16(data + at + 2);
	msg->body = at + 4;
}

static enum dns_error read_cut(struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	*msg = (struct dns_msg){0};
	if (len >= 4) {
		msg->id = bits_be16(data);
		msg->flags = bits_be16(data + 2);
	}
	return DNS_SHORT;
}

enum dns_error dns_msg_read(struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	const uint32_t longest = DNS_HEADER_LEN + NAME_WIRE_MAX;

	if (bits_unlikely(len < DNS_HEADER_LEN))
		return read_cut(msg, data, len);
	read_header(msg, data);
	if (bits_unlikely(msg->count[DNS_QUESTION] == 0))
		return DNS_OK;

	uint32_t at = DNS_HEADER_LEN, limit = len < longest ? len : longest;
	while (at < limit && (data[at] - 1u) < 0x3f)
		at += data[at] + 1u;
	if (bits_unlikely(at >= limit)) /* the name may end behind both */
		return at > longest || at < len ? DNS_NAME : DNS_SHORT;
	if (bits_unlikely(data[at]))
		return DNS_NAME;
	at++;
	if (bits_unlikely(len - at < 4))
		return DNS_SHORT;
	read_question(msg, data, at);
	return DNS_OK;
}

enum dns_error dns_msg_reread(
	struct dns_msg *msg, const uint8_t *data, uint32_t len, uint16_t name_len)
{
	if (bits_unlikely(name_len == 0 || len < DNS_HEADER_LEN + name_len + 4u))
		return dns_msg_read(msg, data, len);
	read_header(msg, data);
	read_question(msg, data, DNS_HEADER_LEN + name_len);
	return DNS_OK;
}
