/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter of a sink: the keys filter.* of config/sink.def, compiled into tables. A record
 * matches if every list that is set matches it, and no list of filter.exclude.
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
	uint8_t *wire; /* in lower case, with the root label */
};

/* The networks of one list. */
struct filter_nets {
	struct prefix *at;
	size_t count;
};

/* The names of one list, each with its subdomains. */
struct filter_domains {
	struct filter_domain *at; /* open addressing; len 0: free */
	size_t count, mask;
};

struct filter {
	bool any; /* no list is set: every record matches */
	uint8_t statuses; /* bits enum record_status */
	bool has_types, has_rcodes, has_high_rcodes;
	uint8_t types[65536 / 8];
	uint8_t rcodes[FILTER_RCODES / 8];
	struct filter_nets clients, servers, not_clients, not_servers;
	struct filter_domains domains, not_domains;
	bool has_not_types;
	uint8_t not_types[65536 / 8];
};

/* The parts of a record that filters need, parsed once for all sinks. The caller sets `parsed` to
 * false for each record. */
struct filter_view {
	bool parsed;
	bool has_reply;
	struct dns_msg asked; /* the query, or the reply if there is no query */
	const uint8_t *name; /* the name of its first question, in wire format; NULL: none */
	struct dns_msg reply;
};

/*
 * Compiles the filter. Returns 0; -EINVAL with the error, which begins with the key
 * ("filter.qtypes: ..."); -ENOMEM. On failure nothing is left behind.
 */
int filter_init(struct filter *f, const struct conf_sink *conf, struct conf_error *err);
void filter_free(struct filter *f);

/* True if the record matches the filter. */
bool filter_match(const struct filter *f, const struct record *r, struct filter_view *view);

/* Parses what filters need of the record, once. */
void filter_parse_record(const struct record *r, struct filter_view *view);

#endif
