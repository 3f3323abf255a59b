/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A logger's side of all sinks: each record goes through every sink's filter, is written once per
 * distinct format straight into a block of the first sink that wants it, and is copied to the
 * others with the same format.
 */
#ifndef SINK_FANOUT_H
#define SINK_FANOUT_H

#include "schema/kind.h"
#include "sink/sinks.h"

/* One sink of a format. */
struct fanout_sink {
	struct sink_queue *queue;
	struct filter *filter;
	bool notices; /* this logger writes the lines about the log itself there */
};

/* Sinks whose documents are the same. */
struct fanout_format {
	struct schema_out out; /* first: the callback gets it */
	struct schema schema;
	struct schema_options options;
	struct fields fields;
	bool some_fields; /* not all members stay: `fields` says which */
	enum conf_choice key; /* CONF_KEY_* */
	struct fanout_sink *sinks;
	unsigned count;
	/* of the record at hand */
	struct sink_block *block;
	const struct record *record;
	struct filter_seen *seen;
	uint32_t before, docs; /* documents of the block before it, and with it */
	uint32_t key_len; /* of the document at hand */
	bool docs_full;
};

struct fanout {
	struct fanout_format *formats;
	unsigned count;
	unsigned notices; /* sinks that get the lines about the log itself from this logger */
	bool live;
	struct filter_seen seen; /* of the record at hand */
	uint8_t left_out; /* of the record at hand, under overload: bits DNS_ANSWER, ... */
	uint8_t omitted; /* the same, because its documents would be too large */
	struct metrics_dns *metrics;
	struct metrics_dns spare; /* what further formats count again */
};

/*
 * Prepares the fanout of logger number `logger`; what conf says of `output` holds for all its
 * documents. metrics: what is wrong with messages is counted there, once a record. 0 or -ENOMEM.
 * The fanout must stay where it is.
 */
int fanout_init(struct fanout *f, const struct sinks *sinks, unsigned logger, const char *sensor,
	const struct conf *conf, struct metrics_dns *metrics);

/* One record to every sink. Reading files it waits while a queue is full. */
void fanout_write(struct fanout *f, const struct record *r);

/* n records were put: counts them as taken. */
void fanout_count_taken(struct fanout *f, unsigned n);

/* The logger has nothing to do: what waits in part of a block goes to sinks that have nothing to do
 * either. */
void fanout_flush_idle(struct fanout *f);

/*
 * A line about the log itself (JSON of the native schema, with its newline) to every sink of that
 * schema, whatever its filter; to one that several loggers feed by the first of them only. It is no
 * record. How many sinks took it.
 */
unsigned fanout_write_notice(struct fanout *f, const char *line, size_t len, int64_t ts_ns);

/* How full the fullest queue is, in 1/256. */
unsigned fanout_fill(const struct fanout *f);

/*
 * From now on the last `sections` (0 to 3) of answers, authority, additional are left out of the
 * documents that would list them. Records that lack something by it are counted (shed_*), each
 * once, whatever the number of sinks.
 */
void fanout_shed(struct fanout *f, unsigned sections);

/* Nothing more will come. */
void fanout_close(struct fanout *f);

void fanout_free(struct fanout *f);

/* A schema has finished a document: the end() of a format's schema_out. */
void fanout_end_doc(struct schema_out *out, int64_t ts_ns, unsigned tag);

#endif
