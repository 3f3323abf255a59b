/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DNS message as offsets into its wire form, so that the struct serves for a packet as well as
 * for a record. dns_msg_read() reads header and first question; an iterator walks the resource
 * records, any number of them.
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
 * Reads header and first question, whose name cannot be compressed, as no name precedes it. Returns
 * DNS_OK; or DNS_SHORT or DNS_NAME, with what could be read in *msg and zeros elsewhere: id and
 * flags are valid if len >= 4.
 */
enum dns_error dns_msg_read(struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * Reads a message again in which dns_msg_read() found a first name of name_len octets, without
 * walking the name. With name_len 0 it reads as dns_msg_read() does.
 */
enum dns_error dns_msg_reread(
	struct dns_msg *msg, const uint8_t *data, uint32_t len, uint16_t name_len);

/* Returns the octets of the first question in wire form: name, type, class; 0: there is none. */
static inline uint32_t dns_question_len(const struct dns_msg *msg)
{
	return msg->name_len ? msg->name_len + 4u : 0;
}

/* True for a message of DNS Stateful Operations (dns/dso.h): its opcode, and all counts zero. */
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
	uint16_t known[RR_KNOWN]; /* offsets of names that are valid; 0: none yet */
	uint16_t left[DNS_SECTIONS];
	uint8_t section;
	bool tlvs; /* a DSO message (dso.h): the octets behind the header are not trailing */
	enum dns_error error; /* why it ended; DNS_OK: all entries that the header counts */
};

/*
 * Starts an iterator over all questions and resource records of a message that dns_msg_read()
 * accepted. It fills *it in place: copying a struct that was just written would stall on the
 * stores.
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

/* Starts an iterator behind the first question, which *msg has. */
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

/* Skips the owner, as name_skip() does. Most owners are the root, or a pointer to where an earlier
 * one pointed. */
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
 * Reads the next entry. Returns false at the end, with it->error: DNS_OK, DNS_SHORT (the message
 * ends within an entry), DNS_COUNT (it ends before an entry that the header counts), DNS_NAME, or
 * DNS_TRAILING (octets follow the last entry).
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
 * Clears the top bit of rr->rrclass and returns it. In multicast DNS (port 5353) it asks for a
 * unicast response in a question (RFC 6762 section 5.4), and for a cache flush in a record
 * (section 10.2). The class field of OPT is no class and stays as it is.
 */
static inline bool rr_clear_mdns_bit(struct rr *rr)
{
	bool bit = rr->rrclass >> 15 && rr->type != 41;
	if (bit)
		rr->rrclass &= 0x7fff;
	return bit;
}

/* Clears and returns the bit of the first question, as dns_msg_read() found it. */
static inline bool dns_clear_mdns_bit(struct dns_msg *msg)
{
	bool bit = msg->qclass >> 15;
	msg->qclass &= 0x7fff;
	return bit;
}

#endif
