/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface between the framework and the kinds of sink (file, syslog, ...). A sink sends
 * documents to one receiver: it has a thread of its own, a bounded queue of blocks in front of it
 * and, if configured, a bounded spool on disk behind the queue. sinks.h is the program's side.
 *
 *   record --(filter)--> schema writes JSON --> block --> [queue] --> sink's thread: [encoding] -->
 *   ops->deliver()
 *
 * The contract of a kind:
 * - check() runs before anything is opened. open() and close() run in the starting thread, before
 *   the sink's thread begins and after it has ended. All other ops run in the sink's thread, one
 *   call at a time. They may lock, allocate and make system calls, but return at their deadline.
 * - The framework counts records (taken, filtered, written, spooled, dropped_*) by the documents
 *   that deliver() settled. The kind counts `octets` and `writes` in s->metrics.
 * - A running kind logs nothing. It sets s->error_text (sink_set_error()) before it returns 0 or
 *   -errno; the framework reports once that the sink is away and once that it is back.
 * - After deliver() returned 0 the framework backs off before it tries again: 100 ms, doubled after
 *   each failure up to 2 s, reset by success. A kind need not delay its reconnects itself.
 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "base/text.h"
#include "config/conf.h"
#include "encode/encode.h"
#include "metrics/metrics.h"

/* One document of a block. */
struct sink_doc {
	int64_t ts_ns; /* event time: packet time since the epoch */
	uint32_t end; /* offset of its end in the block's data; it starts at the end of the one
			 before */
	uint16_t key_len; /* length of the key at its start, which is not part of the document */
	uint8_t tag; /* index into s->tags */
	uint8_t last : 1; /* the last document of its record; records are counted by it */
	uint8_t rejected : 1; /* by sink_reject() */
};

/*
 * What a logger enqueues for a sink's thread. Every document is one line of JSON with its newline.
 * For a sink without keys the data is a sequence of lines that can be written as it is.
 */
struct sink_block {
	char *data;
	size_t len, size; /* octets in use; capacity */
	struct sink_doc *docs;
	uint32_t n_docs, max_docs;
	uint32_t records; /* documents with `last` */
	uint64_t seq; /* rises by one with each block that a sink is given; 0: not given yet */
};

struct sink_ops;

struct sink {
	const struct conf_sink *conf; /* its keys (config/sink.def) */
	const struct sink_ops *ops;
	const struct encode_kind *encoding;
	const char *const *tags; /* of its schema, tags[doc->tag]; NULL if it has none */
	const char *sensor; /* this appliance's name */
	const char *name; /* conf->name, or its type if that is empty */
	struct metrics_sink *metrics; /* written by the sink's thread */
	void *state; /* the kind's own, from open() to close() */
	bool live; /* live capture: a failed output (disk full) is retried; reading files it is
		      final */
	char error_text[200]; /* why it is away or failed, by sink_set_error() */
	/* Set by the kind: it is away but holds the documents that it was given, and will deliver
	 * exactly these when it is back (librdkafka's queue). Their blocks stay in memory for it.
	 */
	bool held;
	struct sink_thread *thread; /* the framework's */
};

struct sink_ops {
	const char *name; /* the word of `type` */
	const char *missing_library; /* "librdkafka", if this build lacks it; NULL: the kind is
					usable */
	bool stream; /* its octets have no message boundaries: the encoding must frame documents */
	bool keyed; /* each document begins with its record's key, as the key `key` says */
	/* Octets of a block if the kind needs other than the usual 256 KiB; 0: the usual. A single
	 * larger document still arrives, alone in its block. */
	uint32_t block_bytes;
	/* Checks rules that the rows of config/sink.def cannot state; NULL: none. Returns 0, or
	 * -EINVAL and the error, which begins with the key's path inside the object. */
	int (*check)(const struct conf_sink *conf, struct conf_error *err);
	/* Opens files and prepares sockets, before privileges are dropped. An unreachable receiver
	 * is no failure. Returns 0, or -errno with s->error_text and nothing left behind. */
	int (*open)(struct sink *s);
	/*
	 * Delivers documents from number `from` on; the block has at least one of them. Returns the
	 * number delivered for good (acknowledged, if the protocol has acknowledgements). Returns 0
	 * if none could be delivered: with s->error_text the sink is away and the framework backs
	 * off, spools or drops; without, the receiver is slow and is tried again at once. Returns
	 * -errno for a fault that ends the sink. Blocks for at most deadline_ms. Documents returned
	 * as delivered never come again; the others do, or are counted as dropped. sink_reject()
	 * removes a document that can never be sent.
	 */
	int (*deliver)(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms);
	/* Runs about once a second while nothing is pending: heartbeats, reconnects, rotation by
	 * time. Returns 0, or -errno for a fault that ends the sink. NULL: nothing to do. */
	int (*idle)(struct sink *s, int deadline_ms);
	/* Reopens the output on USR1 (logrotate). Returns 0, or -errno for a fault that ends the
	 * sink. NULL: nothing to do. */
	int (*reopen)(struct sink *s);
	/* Completes long work (compression) once every document is settled. Returns 1 while it is
	 * busy, to be called again unless the run is stopped; 0: done; -errno: failed. NULL: none.
	 */
	int (*finish)(struct sink *s);
	/* Frees. Returns -errno with s->error_text if something could not be completed (fsync,
	 * rename). */
	int (*close)(struct sink *s);
};

/* Returns the ops of a choice CONF_SINK_*; NULL: none. */
const struct sink_ops *sink_ops_of(enum conf_choice type);

/* For the kinds. */

/* Sets s->error_text. Returns rc. */
int sink_set_error(struct sink *s, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns where document i begins in the block's data, its key included. */
static inline uint32_t sink_doc_start(const struct sink_block *b, uint32_t i)
{
	return i ? b->docs[i - 1].end : 0;
}

/* Returns the key of document i: *len octets, maybe 0. */
static inline const char *sink_doc_key(const struct sink_block *b, uint32_t i, size_t *len)
{
	*len = b->docs[i].key_len;
	return b->data + sink_doc_start(b, i);
}

/* Returns the JSON text of document i, without its newline. */
static inline const char *sink_doc_json(const struct sink_block *b, uint32_t i, size_t *len)
{
	uint32_t start = sink_doc_start(b, i) + b->docs[i].key_len;
	*len = b->docs[i].end - start - 1;
	return b->data + start;
}

/* Returns the tag of document i, "" if the schema has none. */
static inline const char *sink_doc_tag(const struct sink *s, const struct sink_block *b, uint32_t i)
{
	return s->tags ? s->tags[b->docs[i].tag] : "";
}

/* Returns the records that end among documents `from` to `to` (not included). */
uint32_t sink_records(const struct sink_block *b, uint32_t from, uint32_t to);

/* True if the run is being stopped by a signal: no wait may last beyond drain_ms. */
bool sink_is_stopped(const struct sink *s);

/* True if the encoded documents are the block's data as it is: JSON lines without keys. */
static inline bool sink_is_plain(const struct sink *s)
{
	return !s->encoding->encode && !s->ops->keyed;
}

/*
 * Appends document i in the sink's encoding; JSON with its newline. Returns 0; -EINVAL if the
 * document cannot be encoded (then sink_reject() it); -ENOSPC if `out` is too small. On failure
 * `out` is as before.
 */
int sink_encode(const struct sink *s, const struct sink_block *b, uint32_t i, struct text *out);

/*
 * Marks document i of the block being delivered as one that can never be sent (too large, refused
 * for good): its record counts as dropped_refused instead of written. The kind then returns it
 * among those delivered.
 */
void sink_reject(struct sink *s, const struct sink_block *b, uint32_t i);

/*
 * Returns the k-th block (from 1) that is enqueued behind the one being delivered, or NULL: for
 * protocols that send ahead before the first block is acknowledged. Live with a spool at most half
 * of the queue can be sent ahead. The kind keeps the seq of what it has sent, and deliver() waits
 * for the acknowledgement of its own block only. When deliver() returns 0 as away, everything that
 * was sent ahead counts as not sent, unless s->held.
 */
const struct sink_block *sink_peek_ahead(struct sink *s, unsigned k);

#endif
