/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A logger's side of all sinks: each record passes every sink's filter, is formatted once for each
 * distinct format straight into a block of the first sink that takes it, and is copied to the other
 * sinks of that format.
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
	bool some_fields; /* `fields` removes members */
	enum conf_choice key; /* CONF_KEY_* */
	struct fanout_sink *sinks;
	unsigned count;
	/* of the current record */
	struct sink_block *block;
	const struct record *record;
	struct filter_view *view;
	uint32_t before, docs; /* documents of the block without it, and with it */
	uint32_t key_len; /* of the current document */
	bool docs_full;
};

struct fanout {
	struct fanout_format *formats;
	unsigned count;
	unsigned notices; /* sinks that get the lines about the log itself from this logger */
	bool live;
	struct filter_view view; /* of the current record */
	uint8_t left_out; /* sections of it left out under overload: bits DNS_ANSWER, ... */
	uint8_t omitted; /* sections omitted because its documents would be too large */
	struct metrics_dns *metrics;
	struct metrics_dns spare; /* takes what the formats behind the first count again */
};

/*
 * Prepares the fan-out of logger number `logger`. What conf says of `output` applies to all its
 * documents. Faults of messages are counted in `metrics`, once a record. Returns 0 or -ENOMEM. The
 * struct must not move afterwards.
 */
int fanout_init(struct fanout *f, const struct sinks *sinks, unsigned logger, const char *sensor,
	const struct conf *conf, struct metrics_dns *metrics);

/* Writes one record to every sink. Reading files it waits while a queue is full. */
void fanout_write(struct fanout *f, const struct record *r);

/* Counts n written records as `taken`. */
void fanout_count_taken(struct fanout *f, unsigned n);

/* Enqueues blocks that are not full for sinks that are idle; for a logger without records. */
void fanout_flush_idle(struct fanout *f);

/*
 * Writes a line about the log itself (JSON of the native schema, with its newline) to every sink of
 * that schema, whatever its filter; to a sink that several loggers feed, by the first of them only.
 * The line is no record. Returns the number of sinks that accepted it.
 */
unsigned fanout_write_notice(struct fanout *f, const char *line, size_t len, int64_t ts_ns);

/* Returns how full the fullest queue is, in 1/256. */
unsigned fanout_fill(const struct fanout *f);

/*
 * Leaves the last `sections` (0 to 3) of answers, authority, additional out of the documents that
 * would list them, from now on. Records that lack a section for this are counted (shed_*), each
 * once, whatever the number of sinks.
 */
void fanout_shed(struct fanout *f, unsigned sections);

/* Flushes all queues and closes them. */
void fanout_close(struct fanout *f);

void fanout_free(struct fanout *f);

/* Ends a document: the end() of a format's schema_out. */
void fanout_end_doc(struct schema_out *out, int64_t ts_ns, unsigned tag);

#endif
