/* SPDX-License-Identifier: BSD-3-Clause */
/* A message of a record, and its parts as members of the native schema. */
#ifndef SCHEMA_MESSAGE_H
#define SCHEMA_MESSAGE_H

#include "dns/edns.h"
#include "dns/rdata.h"
#include "encode/json.h"
#include "schema/schema.h"

/* Protocols in the format of DNS, by port: multicast DNS (RFC 6762) and the NetBIOS name service.
 */
enum message_dialect { MESSAGE_DNS, MESSAGE_MDNS, MESSAGE_NBNS };

struct message {
	struct dns_msg msg;
	struct name_space space;
	enum dns_error error; /* the first one found */
	enum message_dialect dialect;
	bool present;
	bool cut; /* truncated by the capture */
	bool unicast; /* multicast DNS: the question asks for a unicast reply */
	uint8_t left_out; /* bit n: overload removed section n */
	uint16_t omitted[DNS_SECTIONS]; /* entries that exceeded the limits */
	const char *limit; /* the end of questions and sections in the document at the latest */
	bool compressed; /* a name is compressed where RFC 3597 section 4 forbids it */
	struct edns edns;
};

/* Read header and question of a record's query, of its reply, if there is one. */
void message_open_query(struct message *m, const struct record *r);
void message_open_reply(struct message *m, const struct record *r);

/* True if the first questions of both are the same octets, case included. */
bool message_same_question(const struct message *a, const struct message *b);

/* Append opcode; qname, qtype and qclass; all questions if there are several, within m->limit and
 * s->max_records. */
void message_opcode(const struct schema *s, struct text *t, const struct message *m);
void message_question(
	const struct schema *s, struct text *t, const struct message *m, struct name_memo *memo);
void message_questions(const struct schema *s, struct text *t, struct message *m);

/* Append a name without its final dot, a type, a class as a value; `memo` may be NULL. */
void message_name(struct text *t, const struct message *m, uint32_t at, struct name_memo *memo);
void message_type(struct text *t, const struct message *m, uint16_t type);
void message_class(struct text *t, uint16_t rrclass);

/* Limits the text to m->limit until message_is_beyond() or text_unclamp(). */
static inline struct text_clamp message_clamp(struct text *t, const struct message *m)
{
	return text_clamp(t, m->limit > t->at ? (size_t)(m->limit - t->at) : 0);
}

/* True if the entry that begins at `start` exceeded the limit: it is removed, and the limit is
 * lifted so that the document can be closed. */
static inline bool message_is_beyond(struct text *t, struct text_clamp *clamp, char *start)
{
	if (bits_likely(!t->full || !clamp->tighter))
		return false;
	clamp->start = start;
	text_unclamp(t, clamp);
	clamp->tighter = false;
	return true;
}

/*
 * Walks the sections, appends them if `show` within m->limit and s->max_records, and stores the OPT
 * record. Sets m->error, and counts entries that were left out in m->omitted.
 */
void message_sections(const struct schema *s, struct text *t, struct message *m,
	struct name_memo *memo, bool show);

/* Returns what is wrong with the message; DNS_OK: nothing, or there is none. DNS_SNAP takes the
 * place of the errors that a capture causes by truncation. */
enum dns_error message_verdict(const struct message *m);

/* Counts an error; m NULL: another writer of the same record counts it. */
void message_count_error(struct metrics_dns *m, enum dns_error error);

#endif
