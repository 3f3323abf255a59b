/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The third currency: a DNS message as offsets into its wire form, so that it means the same over a
 * received packet and over a record. Header and first question are read at once; resource records
 * are walked by an iterator, as many as there are.
 */
#ifndef DNS_MSG_H
#define DNS_MSG_H

#include "dns/name.h"

struct dns_msg {
	uint16_t id;
	uint16_t flags;
	uint16_t count[DNS_SECTIONS]; /* as the header says */
	uint16_t name_len; /* octets of the first question's name; 0: no question */
	uint16_t qtype;
	uint16_t qclass;
	uint32_t body; /* offset behind the first question */
};

/*
 * Reads header and first question. The first question's name cannot be compressed: nothing stands
 * before it. DNS_OK; DNS_SHORT or DNS_NAME where they cannot be read, with *msg holding what could
 * (zeros elsewhere; id and flags are right if len >= 4).
 */
enum dns_error dns_msg_read(struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * Reads again what dns_msg_read() took before and found a first name of name_len octets in, without
 * another walk of the name; name_len 0: with it, as if for the first time.
 */
enum dns_error dns_msg_again(
	struct dns_msg *msg, const uint8_t *data, uint32_t len, uint16_t name_len);

/* The first question in wire form: name, type, class. Octets; 0 where there is none. */
static inline uint32_t dns_question_len(const struct dns_msg *msg)
{
	return msg->name_len ? msg->name_len + 4u : 0;
}

/* Is it a DNS Stateful Operations message (dns/dso.h): its opcode, and all four counts zero? */
static inline bool dns_msg_is_dso(const struct dns_msg *msg)
{
	return dns_opcode(msg->flags) == DNS_OPCODE_DSO && msg->body == DNS_HEADER_LEN &&
	       (msg->count[0] | msg->count[1] | msg->count[2] | msg->count[3]) == 0;
}

struct rr {
	uint32_t name; /* offset of the owner */
	uint32_t rdata; /* offset of the RDATA */
	uint32_t ttl;
	uint16_t type;
	uint16_t rrclass;
	uint16_t rdlen;
	uint8_t section; /* enum dns_section; a question has no ttl and no RDATA */
};

#define RR_KNOWN 4

struct rr_iter {
	struct name_space space;
	uint32_t at; /* next entry */
	uint16_t known[RR_KNOWN]; /* offsets of names that were found right; 0: none yet */
	uint16_t left[DNS_SECTIONS];
	uint8_t section;
	bool tlvs; /* a DSO message (dso.h): what follows the header is no trailing octets */
	enum dns_error error; /* why it ended; DNS_OK: all that was counted was there */
};

/*
 * Starts over all questions and resource records of a message that dns_msg_read() took. In place,
 * and field by field: a copy of what was just written waits for it.
 */
static inline void rr_iter_start(
	struct rr_iter *it, const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	uint64_t counts;
	memcpy(&counts, msg->count, sizeof(counts));
	it->space.data = data;
	it->space.len = len;
	it->at = DNS_HEADER_LEN;
	memset(it->known, 0, sizeof(it->known));
	memcpy(it->left, &counts, sizeof(it->left));
	it->section = DNS_QUESTION;
	it->tlvs = counts == 0 && dns_opcode(msg->flags) == DNS_OPCODE_DSO; /* dns_msg_is_dso() */
	it->error = DNS_OK;
}

/* The same, but without the first question (which stands in *msg already). */
static inline void rr_iter_start_after_question(
	struct rr_iter *it, const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	rr_iter_start(it, msg, data, len);
	it->at = msg->body;
	it->known[DNS_HEADER_LEN % RR_KNOWN] = msg->name_len ? DNS_HEADER_LEN : 0;
	it->section = it->left[DNS_QUESTION] <= 1;
	it->left[DNS_QUESTION] -= !!it->left[DNS_QUESTION];
}

static inline struct rr_iter rr_iter_of(
	const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it;
	rr_iter_start(&it, msg, data, len);
	return it;
}

static inline struct rr_iter rr_iter_after_question(
	const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it;
	rr_iter_start_after_question(&it, msg, data, len);
	return it;
}

static inline bool rr_end(struct rr_iter *it, enum dns_error error)
{
	it->error = error;
	it->section = DNS_SECTIONS;
	return false;
}

/* name_skip() of an owner, which most often is the root, or a pointer to where one before it
 * pointed.
 */
static inline uint32_t rr_skip_owner(struct rr_iter *it, enum dns_error *error)
{
	const uint8_t *p = it->space.data + it->at;
	if (*p == 0)
		return it->at + 1;
	if (bits_unlikely(*p < 0xc0 || it->space.len - it->at < 2))
		return name_skip(&it->space, it->at, error);
	uint16_t target = bits_be16(p) & 0x3fffu, *known = &it->known[target % RR_KNOWN];
	if (bits_likely(target == *known && target))
		return it->at + 2;
	uint32_t after = name_skip(&it->space, it->at, error);
	if (after)
		*known = target;
	return after;
}

/*
 * Takes the next entry. false: no more; it->error then says DNS_OK, DNS_SHORT (an entry does not
 * fit), DNS_COUNT (the message ends where an entry should begin), DNS_NAME, or DNS_TRAILING (octets
 * left behind the last).
 */
static inline bool rr_next(struct rr_iter *it, struct rr *rr)
{
	while (it->section < DNS_SECTIONS && it->left[it->section] == 0)
		it->section++;
	if (it->section >= DNS_SECTIONS) {
		if (it->error == DNS_OK && it->at < it->space.len && !it->tlvs)
			it->error = DNS_TRAILING;
		return false;
	}
	if (bits_unlikely(it->at >= it->space.len))
		return rr_end(it, DNS_COUNT);
	enum dns_error error;
	uint32_t at = rr_skip_owner(it, &error);
	if (bits_unlikely(at == 0))
		return rr_end(it, error);
	const uint8_t *p = it->space.data + at;
	uint32_t left = it->space.len - at, fixed = it->section == DNS_QUESTION ? 4 : 10;
	if (bits_unlikely(left < fixed))
		return rr_end(it, DNS_SHORT);
	rr->name = it->at;
	rr->section = it->section;
	rr->type = bits_be16(p);
	rr->rrclass = bits_be16(p + 2);
	rr->ttl = 0;
	rr->rdlen = 0;
	if (bits_likely(it->section != DNS_QUESTION)) {
		rr->ttl = bits_be32(p + 4);
		rr->rdlen = bits_be16(p + 8);
	}
	if (bits_unlikely(left - fixed < rr->rdlen))
		return rr_end(it, DNS_SHORT);
	rr->rdata = at + fixed;
	it->at = rr->rdata + rr->rdlen;
	it->left[it->section]--;
	return true;
}

/*
 * Multicast DNS (port 5353) uses the top bit of the class: in a question it asks for a unicast
 * answer (RFC 6762 section 5.4), in a record it says that older ones are void (section 10.2, cache
 * flush). Takes the bit out of rr->rrclass, so that class and RDATA show as what they are, and
 * returns it. OPT's class is no class and is left alone.
 */
static inline bool rr_take_mdns_bit(struct rr *rr)
{
	bool bit = rr->rrclass >> 15 && rr->type != 41;
	if (bit)
		rr->rrclass &= 0x7fff;
	return bit;
}

/* The same for the first question, as dns_msg_read() left it. */
static inline bool dns_take_mdns_bit(struct dns_msg *msg)
{
	bool bit = msg->qclass >> 15;
	msg->qclass &= 0x7fff;
	return bit;
}

#endif
