/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/msg.h"

#include "base/cursor.h"
#include "dns/dso.h"

enum dns_error dns_msg_read(struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	*msg = (struct dns_msg){0};
	if (len >= 4) {
		msg->id = bits_be16(data);
		msg->flags = bits_be16(data + 2);
	}
	if (len < DNS_HEADER_LEN)
		return DNS_SHORT;
	for (int i = 0; i < DNS_SECTIONS; i++)
		msg->count[i] = bits_be16(data + 4 + 2 * i);
	msg->body = DNS_HEADER_LEN;
	if (msg->count[DNS_QUESTION] == 0)
		return DNS_OK;

	uint32_t at = DNS_HEADER_LEN;
	for (;;) {
		if (at >= len)
			return DNS_SHORT;
		uint32_t n = data[at];
		if (n >= 0x40)
			return DNS_NAME;
		at += n + 1;
		if (at > DNS_HEADER_LEN + NAME_WIRE_MAX)
			return DNS_NAME;
		if (n == 0)
			break;
	}
	if (len - at < 4)
		return DNS_SHORT;
	msg->name_len = (uint16_t)(at - DNS_HEADER_LEN);
	msg->qtype = bits_be16(data + at);
	msg->qclass = bits_be16(data + at + 2);
	msg->body = at + 4;
	return DNS_OK;
}

struct rr_iter rr_iter_of(const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it = {.space = {data, len}, .at = DNS_HEADER_LEN, .tlvs = dso_is(msg)};
	memcpy(it.left, msg->count, sizeof(it.left));
	return it;
}

struct rr_iter rr_iter_after_question(const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it = rr_iter_of(msg, data, len);
	it.at = msg->body;
	it.known = msg->name_len ? DNS_HEADER_LEN : 0;
	if (it.left[DNS_QUESTION])
		it.left[DNS_QUESTION]--;
	return it;
}

static bool end(struct rr_iter *it, enum dns_error error)
{
	it->error = error;
	it->section = DNS_SECTIONS;
	return false;
}

/* name_skip() of an owner, which most often is a pointer to where the one before it pointed. */
static inline uint32_t skip_owner(struct rr_iter *it, enum dns_error *error)
{
	uint32_t target = 0;
	if (it->space.len - it->at >= 2 && it->space.data[it->at] >= 0xc0) {
		target = bits_be16(it->space.data + it->at) & 0x3fffu;
		if (target == it->known && target)
			return it->at + 2;
	}
	uint32_t after = name_skip(&it->space, it->at, error);
	if (after && target)
		it->known = (uint16_t)target;
	return after;
}

bool rr_next(struct rr_iter *it, struct rr *rr)
{
	while (it->section < DNS_SECTIONS && it->left[it->section] == 0)
		it->section++;
	if (it->section >= DNS_SECTIONS) {
		if (it->error == DNS_OK && it->at < it->space.len && !it->tlvs)
			it->error = DNS_TRAILING;
		return false;
	}
	if (it->at >= it->space.len)
		return end(it, DNS_COUNT);
	enum dns_error error;
	uint32_t at = skip_owner(it, &error);
	if (at == 0)
		return end(it, error);
	struct cursor c = cursor_of(it->space.data + at, it->space.len - at);
	rr->name = it->at;
	rr->section = it->section;
	rr->type = cursor_u16(&c);
	rr->rrclass = cursor_u16(&c);
	rr->ttl = 0;
	rr->rdlen = 0;
	if (it->section != DNS_QUESTION) {
		rr->ttl = cursor_u32(&c);
		rr->rdlen = cursor_u16(&c);
	}
	const uint8_t *rdata = cursor_take(&c, rr->rdlen);
	if (!rdata)
		return end(it, DNS_SHORT);
	rr->rdata = (uint32_t)(rdata - it->space.data);
	it->at = rr->rdata + rr->rdlen;
	it->left[it->section]--;
	return true;
}
