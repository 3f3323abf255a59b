/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS Stateful Operations (RFC 8490): a message of opcode DSO counts no records; TLVs follow its
 * header. rr_next() finds nothing in it, and nothing wrong with that.
 */
#ifndef DNS_DSO_H
#define DNS_DSO_H

#include "base/cursor.h"
#include "dns/const.h"

struct dso_tlv {
	uint16_t type; /* dns_dso_text() names it */
	uint16_t len;
	const uint8_t *data; /* in the message; its lifetime */
};

struct dso_iter {
	struct cursor c; /* bad: the message ends inside a TLV (DNS_SHORT) */
};

/* Over the TLVs of a message that dns_msg_is_dso(). */
static inline struct dso_iter dso_iter_of(const uint8_t *data, uint32_t len)
{
	return (struct dso_iter){cursor_of(data + DNS_HEADER_LEN, len - DNS_HEADER_LEN)};
}

/* Takes the next TLV; false: no more, or (it->c.bad) the rest is broken. */
static inline bool dso_next(struct dso_iter *it, struct dso_tlv *tlv)
{
	if (it->c.bad || cursor_left(&it->c) == 0)
		return false;
	tlv->type = cursor_u16(&it->c);
	tlv->len = cursor_u16(&it->c);
	tlv->data = cursor_take(&it->c, tlv->len);
	return tlv->data != NULL;
}

#endif
