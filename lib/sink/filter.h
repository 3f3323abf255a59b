/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which records a sink wants: the rows filter.* of config/sink.def, made into tables. All of the
 * filters that are set must match, and none of those that exclude.
 */
#ifndef SINK_FILTER_H
#define SINK_FILTER_H

#include "base/prefix.h"
#include "config/conf.h"
#include "dns/msg.h"
#include "record/record.h"

#define FILTER_RCODES 4096

struct filter_domain {
	uint64_t hash;
	uint16_t len;
	uint8_t *wire; /* in lower case, with the root's octet */
};

/* Networks of one list. */
struct filter_nets {
	struct prefix *at;
	size_t count;
};

/* Names of one list, each with all below it. */
struct filter_domains {
	struct filter_domain *at; /* open addressing; len 0: free */
	size_t count, mask;
};

struct filter {
	bool any; /* no filter is set: every record matches */
	uint8_t statuses; /* bit enum record_status */
	bool has_types, has_rcodes, has_high_rcodes;
	uint8_t types[65536 / 8];
	uint8_t rcodes[FILTER_RCODES / 8];
	struct filter_nets clients, servers, not_clients, not_servers;
	struct filter_domains domains, not_domains;
	bool has_not_types;
	uint8_t not_types[65536 / 8];
};

/*
 * What filters look at in a record, read once for all of them. Set `read` to false for each record.
 */
struct filter_seen {
	bool read;
	bool has_reply;
	struct dns_msg asked; /* of the query, or of the reply where there is none */
	const uint8_t *name; /* its first question's, in wire form; NULL: none */
	struct dns_msg reply;
};

/*
 * 0; -EINVAL with the error, which begins with the key ("filter.qtypes: ..."); -ENOMEM. Nothing is
 * left behind on failure.
 */
int filter_init(struct filter *f, const struct conf_sink *conf, struct conf_error *err);
void filter_free(struct filter *f);

/* Does the sink want the record? */
bool filter_match(const struct filter *f, const struct record *r, struct filter_seen *seen);

/* Reads what filters look at, if that is not done yet. */
void filter_look(const struct record *r, struct filter_seen *seen);

#endif
