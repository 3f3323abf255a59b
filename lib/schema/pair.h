/* SPDX-License-Identifier: BSD-3-Clause */
/* A record for the schemas of other programs, which need both messages before they write. */
#ifndef SCHEMA_PAIR_H
#define SCHEMA_PAIR_H

#include "schema/kind.h"
#include "schema/message.h"

struct pair {
	const struct record *r;
	struct message query, reply;
	struct message *asked; /* the message whose question is shown: the query, else the reply;
				* NULL: there is no message */
	int64_t query_ns, reply_ns; /* of the messages that are present */
	int64_t last_ns; /* of the record's last packet: the event's time */
	unsigned rcode; /* of the reply, with the bits of its OPT record */
	size_t budget; /* octets left for entries */
};

/* Reads the messages of a record, which must outlive *p. */
void pair_open(struct pair *p, const struct schema *s, const struct record *r);

/* Counts the errors of the record's messages, after all documents; `full`: they did not fit. */
void pair_count(const struct schema *s, const struct pair *p, bool full);

/* Starts an iterator over the entries of a message, questions too; over none if its question cannot
 * be read. */
struct rr_iter pair_entries(const struct message *m);

/*
 * True if the entry that `it` returned last is listed. s->max_records bounds each section. Sections
 * that overload removes are noted in s->left_out. Of the answers the first one stays: these schemas
 * have no member for what was removed, and no answer at all would mean that there is none.
 */
bool pair_lists(
	struct schema *s, const struct message *m, const struct rr_iter *it, const struct rr *rr);

/*
 * An entry is appended between these two. pair_end_entry() returns false if the documents of the
 * record would exceed their bound: the entry, and each one after it, is removed and noted in
 * s->omitted.
 */
struct text_clamp pair_begin_entry(const struct pair *p, struct text *t);
bool pair_end_entry(struct schema *s, struct pair *p, struct text *t,
	const struct text_clamp *clamp, const struct rr *rr);

/* Notes an error of the entries, or of the RDATA of one, in the message. */
void pair_fault(struct message *m, enum dns_error error);

/* Appends a name as a value, with its trailing dot if `dot`; without in the NetBIOS name service.
 */
void pair_name(struct text *t, const struct message *m, uint32_t at, bool dot);

/* Appends a type as a value: its mnemonic or else its bare number. */
void pair_type(struct text *t, const struct message *m, uint16_t type);

/* Appends RDATA as a value in presentation form; with `bare`, names in NS, CNAME, SOA, PTR, MX and
 * SRV have no trailing dot. */
void pair_data(struct text *t, struct message *m, struct rr *rr, bool bare);

#endif
