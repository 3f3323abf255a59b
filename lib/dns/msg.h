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

/* The first question in wire form: name, type, class. Octets; 0 where there is none. */
static inline uint32_t dns_question_len(const struct dns_msg *msg)
{
	return msg->name_len ? msg->name_len + 4u : 0;
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

struct rr_iter {
	struct name_space space;
	uint32_t at; /* next entry */
	uint16_t known; /* offset of a name that was found right; 0: none yet */
	uint16_t left[DNS_SECTIONS];
	uint8_t section;
	bool tlvs; /* a DSO message (dso.h): what follows the header is no trailing octets */
	enum dns_error error; /* why it ended; DNS_OK: all that was counted was there */
};

/* Over all questions and resource records of a message that dns_msg_read() took. */
struct rr_iter rr_iter_of(const struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * The same, but without the first question (which stands in *msg already).
 */
struct rr_iter rr_iter_after_question(const struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * Takes the next entry. false: no more; it->error then says DNS_OK, DNS_SHORT (an entry does not
 * fit), DNS_COUNT (the message ends where an entry should begin), DNS_NAME, or DNS_TRAILING (octets
 * left behind the last).
 */
bool rr_next(struct rr_iter *it, struct rr *rr);

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
