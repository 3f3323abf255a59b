/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS Stateful Operations (RFC 8490): in a message of opcode DSO all counts are zero, and TLVs
 * follow the header. rr_next() finds no record in it, and no error.
 */
#ifndef DNS_DSO_H
#define DNS_DSO_H

#include "base/cursor.h"
#include "dns/const.h"

struct dso_tlv {
	uint16_t type; /* dns_dso_text() names it */
	uint16_t len;
	const uint8_t *data; /* borrowed from the message */
};

struct dso_iter {
	struct cursor c; /* bad: the message ends inside a TLV (DNS_SHORT) */
};

/* Starts an iterator over the TLVs of a message for which dns_msg_is_dso() is true. */
static inline struct dso_iter dso_iter_of(const uint8_t *data, uint32_t len)
{
	return (struct dso_iter){cursor_of(data + DNS_HEADER_LEN, len - DNS_HEADER_LEN)};
}

/* Reads the next TLV. Returns false at the end, or, with it->c.bad set, where the rest is
 * malformed. */
static inline bool dso_next(struct dso_iter *it, struct dso_tlv *tlv)
{
	if (it->c.bad || cursor_remaining(&it->c) == 0)
		return false;
	tlv->type = cursor_u16(&it->c);
	tlv->len = cursor_u16(&it->c);
	tlv->data = cursor_read(&it->c, tlv->len);
	return tlv->data != NULL;
}

#endif
