/* SPDX-License-Identifier: BSD-3-Clause */
/* A record as the forerunners' schemas see it: both messages at hand before anything is written. */
#ifndef SCHEMA_PAIR_H
#define SCHEMA_PAIR_H

#include "schema/kind.h"
#include "schema/message.h"

struct pair {
	const struct record *r;
	struct message query, reply;
	struct message *asked; /* whose question is shown: the query, the reply where there is none;
				  NULL: no message at all */
	int64_t query_ns, reply_ns; /* of those that are present */
	int64_t last_ns; /* when the record ended, as far as packets say: the event's time */
	unsigned rcode; /* of the reply, with the bits of its OPT record */
	size_t budget; /* octets that entries may still take */
};

void pair_open(struct pair *p, const struct schema *s, const struct record *r);

/* Counts what was found wrong with the record's messages, when all documents are written. */
void pair_count(const struct schema *s, const struct pair *p, bool full);

/* All entries of a message that can be read, questions too; nothing where not even its question
 * can. */
struct rr_iter pair_entries(const struct message *m);

/*
 * Is the entry that `it` has just given listed? s->max_records bounds each section. Under overload
 * the sections that are left out are noted in s->left_out; of the answers the first stays: these
 * schemas have no word for what is left out, and without any answer they would say that there is
 * none.
 */
bool pair_lists(
	struct schema *s, const struct message *m, const struct rr_iter *it, const struct rr *rr);

/*
 * Between these two one entry is written. pair_end_entry() is false if the documents of the record
 * would become too large: the entry is removed, noted in s->omitted, and so is each one after it.
 */
struct text_clamp pair_begin_entry(const struct pair *p, struct text *t);
bool pair_end_entry(struct schema *s, struct pair *p, struct text *t,
	const struct text_clamp *clamp, const struct rr *rr);

/* What was wrong with the entries just walked, or with the RDATA of one, stays in the message. */
void pair_fault(struct message *m, enum dns_error error);

/* Appends a name as a value: with its trailing dot if `dot`; in the NetBIOS name service without.
 */
void pair_name(struct text *t, const struct message *m, uint32_t at, bool dot);

/* Appends a type as a value: its mnemonic, or, where there is none, the bare number. */
void pair_type(struct text *t, const struct message *m, uint16_t type);

/* Appends RDATA as a value, in presentation form; `bare` leaves the trailing dot of names away in
 * NS, CNAME, SOA, PTR, MX and SRV. */
void pair_data(struct text *t, struct message *m, struct rr *rr, bool bare);

#endif
