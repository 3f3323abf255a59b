/* SPDX-License-Identifier: BSD-3-Clause */
/* One message of a record, and its parts as members of the native schema's line. */
#ifndef SCHEMA_MESSAGE_H
#define SCHEMA_MESSAGE_H

#include "dns/edns.h"
#include "dns/rdata.h"
#include "encode/json.h"
#include "schema/schema.h"

/* What DNS's form carries: by port, multicast DNS (RFC 6762) and the NetBIOS name service differ.
 */
enum message_dialect { MESSAGE_DNS, MESSAGE_MDNS, MESSAGE_NBNS };

struct message {
	struct dns_msg msg;
	struct name_space space;
	enum dns_error error; /* the first that was found */
	enum message_dialect dialect;
	bool present;
	bool cut; /* by the capture */
	bool unicast; /* multicast DNS: the question asks for a unicast reply */
	uint8_t left_out; /* sections that message_sections() left out under overload, a bit each */
	uint16_t omitted[DNS_SECTIONS]; /* entries for which the document had no room left */
	const char *limit; /* where questions and sections of the document end at the latest */
	bool compressed; /* a name is compressed where RFC 3597 section 4 forbids it */
	struct edns edns;
};

/* Read header and question of a record's query or reply, if there is one. */
void message_open_query(struct message *m, const struct record *r);
void message_open_reply(struct message *m, const struct record *r);

/* Do the first questions of both stand in the same octets, case and all? */
bool message_same_question(const struct message *a, const struct message *b);

/* Appends opcode; qname, qtype and qclass; all questions, where there are several and as far as
 * m->limit and s->max_records allow. */
void message_opcode(const struct schema *s, struct text *t, const struct message *m);
void message_question(
	const struct schema *s, struct text *t, const struct message *m, struct name_memo *memo);
void message_questions(const struct schema *s, struct text *t, struct message *m);

/* Appends a name without its final dot, a type, a class as a value; `memo` may be NULL. */
void message_name(struct text *t, const struct message *m, uint32_t at, struct name_memo *memo);
void message_type(struct text *t, const struct message *m, uint16_t type);
void message_class(struct text *t, uint16_t rrclass);

/* Bounds what is appended by the document's limit, until message_is_beyond() or text_unclamp(). */
static inline struct text_clamp message_clamp(struct text *t, const struct message *m)
{
	return text_clamp(t, m->limit > t->at ? (size_t)(m->limit - t->at) : 0);
}

/* True if the entry that begins at `start` did not fit into the document's bound: it is removed and
 * the bound is lifted, for what closes the document. */
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
 * Walks the sections, appends them if `show`, as far as m->limit and s->max_records allow, and
 * keeps the OPT record. What is wrong stays in m->error, what was left out in m->omitted.
 */
void message_sections(const struct schema *s, struct text *t, struct message *m,
	struct name_memo *memo, bool show);

/* The name of what is wrong with the message, DNS_OK if nothing is or there is none. A message that
 * the capture cut is just that. */
enum dns_error message_verdict(const struct message *m);

/* Counts it; m NULL: another writer of the same record does. */
void message_count_error(struct metrics_dns *m, enum dns_error error);

#endif
