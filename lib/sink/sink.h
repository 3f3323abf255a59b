/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where documents go. A sink is a receiver with its own thread, a bounded queue of blocks in front
 * of it and, where asked for, a bounded spool on disk behind the queue. This header is what the
 * kinds of sink (file, syslog, ...) are made of; sinks.h is what the program does with them.
 *
 *   record --(filter)--> schema writes JSON --> block --> [queue] --> sink's thread: [encoding] -->
 *   ops->deliver()
 *
 * What a kind must know:
 * - All of ops except check() runs in the sink's own thread, one call at a time, except open() and
 *   close(), which the starting thread calls before the thread begins and after it has ended.
 *   It may use locks, allocate and call the kernel, but return at its deadline.
 * - Records are counted by the framework (taken, filtered, written, spooled, dropped_*), by the
 *   documents that deliver() settled. The kind counts `octets` and `writes` in s->metrics.
 * - It says nothing itself while it runs: it sets s->why (sink_why()) before it returns 0 or
 *   -errno, and the framework says once that the sink is away, and once that it is back.
 * - After deliver() returned 0 the framework pauses before it asks again: 100 ms, doubling up to
 *   5 s, from anew after each success. A kind need not pace its reconnecting itself.
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
	uint32_t end; /* offset of its end in the block's data; it starts where the one before ends
		       */
	uint16_t key_len; /* so many octets at its start are its key and no document (ops->keyed) */
	uint8_t tag; /* index into s->tags */
	uint8_t last : 1; /* the last document of its record; records are counted by it */
	uint8_t rejected : 1; /* by sink_reject() */
};

/*
 * What goes from a logger to a sink's thread. Every document is one line of JSON with its newline.
 * Where the sink asks for no keys, data is a stream of lines, written as it stands.
 */
struct sink_block {
	char *data;
	size_t len, room;
	struct sink_doc *docs;
	uint32_t n_docs, max_docs;
	uint32_t records; /* documents with `last` */
	uint64_t seq; /* rises by one with each block that one sink is handed; 0: not handed yet */
};

struct sink_ops;

struct sink {
	const struct conf_sink *conf; /* its keys (config/sink.def) */
	const struct sink_ops *ops;
	const struct encode_kind *encoding;
	const char *const *tags; /* of its schema, tags[doc->tag]; NULL where it has none */
	const char *sensor; /* this appliance's name */
	const char *name; /* conf->name, or its type where that is empty */
	struct metrics_sink *metrics; /* written by the sink's thread */
	void *state; /* the kind's own, from open() to close() */
	bool patient; /* live: an output that may come back (disk full) is away, not at its end */
	char why[200]; /* why it is away or failed, by sink_why() */
	/* Set by the kind, false at first: it is away, but keeps what it was given and will deliver
	 * just that when it is back (librdkafka's queue): these blocks stay in memory for it. */
	bool held;
	struct sink_thread *thread; /* the framework's */
};

struct sink_ops {
	const char *name; /* as `type` says it */
	const char *absent; /* "librdkafka": what this build lacks for it; NULL: it is there */
	bool stream; /* its octets have no borders: encodings must bring their own */
	bool keyed; /* documents begin with a key: the record's, as `key` says */
	/*
	 * Octets of one block at most, where the kind gains by more or must have less than the
	 * usual 256 KiB; 0: the usual. A single larger document still comes, alone in its block.
	 */
	uint32_t block_bytes;
	/* Rules beyond the rows of config/sink.def; NULL: none. 0, or -EINVAL and the error, which
	 * begins with the key's path inside the object. */
	int (*check)(const struct conf_sink *conf, struct conf_error *err);
	/* Before privileges are given up: files, sockets that may fail at once; a receiver that is
	 * away is no failure. 0, or -errno with s->why, and nothing is left behind. */
	int (*open)(struct sink *s);
	/*
	 * Delivers documents from number `from` on, of a block that has more than `from`. Returns
	 * how many are delivered for good (acknowledged where the protocol has it); 0 when it could
	 * not now (receiver away; s->why says why): the framework waits, spools or drops; -errno
	 * for a fault that ends the sink. May block up to deadline_ms, no longer. Documents that it
	 * has returned as delivered never come again; those that it has not, come again, or are
	 * counted as dropped. sink_reject() takes out one that cannot be sent at all.
	 */
	int (*deliver)(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms);
	/* Nothing to deliver: heartbeats, flush, reconnect, rotation by time. Called about once a
	 * second. 0, or -errno for a fault that ends the sink. NULL: nothing to do. */
	int (*idle)(struct sink *s, int deadline_ms);
	/* USR1: logrotate. 0 or -errno for a fault that ends the sink. NULL: nothing to do. */
	int (*reopen)(struct sink *s);
	/*
	 * Nothing more will come, and all is settled: finishes what takes its time. 1: at work,
	 * asked again in a moment, but not once the run is being stopped; 0: done, or -errno for a
	 * fault. NULL: nothing to do.
	 */
	int (*end)(struct sink *s);
	/* Frees. What could not be finished (fsync, rename) is -errno with s->why. */
	int (*close)(struct sink *s);
};

/* The kind of a choice CONF_SINK_*; NULL: none. */
const struct sink_ops *sink_ops_of(enum conf_choice type);

/* For the kinds. */

/* Sets s->why. Returns rc. */
int sink_why(struct sink *s, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Where document i begins in the block's data: with its key, where it has one. */
static inline uint32_t sink_doc_start(const struct sink_block *b, uint32_t i)
{
	return i ? b->docs[i - 1].end : 0;
}

/* The key of document i: len octets, maybe 0. */
static inline const char *sink_doc_key(const struct sink_block *b, uint32_t i, size_t *len)
{
	*len = b->docs[i].key_len;
	return b->data + sink_doc_start(b, i);
}

/* The JSON text of document i, without its newline. */
static inline const char *sink_doc_json(const struct sink_block *b, uint32_t i, size_t *len)
{
	uint32_t start = sink_doc_start(b, i) + b->docs[i].key_len;
	*len = b->docs[i].end - start - 1;
	return b->data + start;
}

/* Its tag, "" where the schema has none. */
static inline const char *sink_doc_tag(const struct sink *s, const struct sink_block *b, uint32_t i)
{
	return s->tags ? s->tags[b->docs[i].tag] : "";
}

/* Is the run being stopped by a signal? Then nothing is waited for beyond drain_ms. */
bool sink_is_stopped(const struct sink *s);

/* Are the encoded octets of documents simply the block's data: JSON lines without keys? */
static inline bool sink_is_plain(const struct sink *s)
{
	return !s->encoding->encode && !s->ops->keyed;
}

/*
 * Appends what the sink's encoding makes of document i; of JSON the text and its newline. 0;
 * -EINVAL: it has no form in this encoding (then sink_reject() it); -ENOSPC: no room, and `out` is
 * as before.
 */
int sink_encode(const struct sink *s, const struct sink_block *b, uint32_t i, struct text *out);

/*
 * Document i of the block at hand can never be sent (too large for the receiver, refused for good):
 * it is counted as dropped_refused in place of written. The kind then returns it among those
 * delivered.
 */
void sink_reject(struct sink *s, const struct sink_block *b, uint32_t i);

/*
 * The k-th block (from 1) that stands in the queue behind the one at hand, or NULL: for protocols
 * that send ahead before the first is acknowledged. Live with a spool that is up to half of the
 * queue. They keep the seq of what they have sent, and
 * wait in deliver() for that block's acknowledgement only. When deliver() returns 0, everything
 * that was sent ahead counts as not sent.
 */
const struct sink_block *sink_ahead(struct sink *s, unsigned k);

#endif
