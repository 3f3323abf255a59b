/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Documents as messages of Fluentd's forward protocol v1. A chunk is a run of documents of one
 * block that are acknowledged together; it is one message for each of their tags, or in the mode
 * `message` one for each document. Its ids are hashes of what it holds: the same documents sent
 * again have the same id, so that a receiver can tell.
 */
#ifndef SINK_FLUENTD_CHUNK_H
#define SINK_FLUENTD_CHUNK_H

#include "sink/fluentd_reply.h"
#include "sink/sink.h"

#include <zlib.h>

#define FLUENTD_MESSAGES 1024 /* at most in a chunk */
#define FLUENTD_TAGS 8 /* at most in a schema */
#define FLUENTD_ID 32 /* hexadecimal digits */

struct fluentd_message {
	uint64_t id[2];
	uint64_t end; /* of the connection's octets; of what fluentd_chunk() appends to */
	bool acked; /* or, where nothing is acknowledged, taken by the kernel */
};

struct fluentd_chunk {
	uint64_t seq; /* of its block */
	uint32_t from; /* its first document */
	uint32_t n; /* how many */
	uint32_t messages;
	uint32_t acked; /* how many of them */
	uint32_t formless; /* documents that have no form as MessagePack */
	int64_t sent_ns; /* when it was put together */
	struct fluentd_message message[FLUENTD_MESSAGES];
};

struct fluentd_format {
	enum conf_choice mode; /* CONF_FLUENTD_* */
	bool ack; /* ask for acknowledgements */
	unsigned tags;
	char tag[FLUENTD_TAGS][512];
	struct text entries; /* of a message that is to be compressed */
	z_stream gzip;
};

/*
 * Takes the form from the keys of a sink. 0, -EINVAL (a tag is too long, too many tags), -ENOMEM,
 * with s->why. fluentd_format_free() in any case.
 */
int fluentd_format_init(struct fluentd_format *f, struct sink *s);
void fluentd_format_free(struct fluentd_format *f);

/*
 * Appends the chunk that begins with document `from`, and fills *c but for `sent_ns`. Messages that
 * `lost`, the same chunk on another connection or NULL, says are acknowledged are left out. 0;
 * -ENOSPC: no room, -ENOMEM: nor room for what is to be compressed, and `out` is as before.
 */
int fluentd_chunk(struct fluentd_format *f, const struct sink_block *b, uint32_t from,
	const struct fluentd_chunk *lost, struct text *out, struct fluentd_chunk *c);

/* Marks the message of that id. false: the chunk has no such, or none that is not acknowledged. */
bool fluentd_chunk_ack(struct fluentd_chunk *c, const struct fluentd_octets *id);

/* Where nothing is acknowledged: the kernel has taken so many of the connection's octets. */
void fluentd_chunk_sent(struct fluentd_chunk *c, uint64_t octets);

/* How many of its first documents are delivered whatever becomes of the others. */
uint32_t fluentd_chunk_settled(const struct fluentd_format *f, const struct fluentd_chunk *c);

/*
 * Its first k documents are settled: takes them out (in the mode `message` that are k messages),
 * and rejects those that had no form.
 */
void fluentd_chunk_settle(
	struct fluentd_chunk *c, struct sink *s, const struct sink_block *b, uint32_t k);

#endif
