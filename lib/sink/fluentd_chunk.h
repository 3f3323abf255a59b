/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Documents as messages of Fluentd's forward protocol v1. A chunk is a run of documents of one
 * block that are acknowledged together: one message for each of their tags, or in the mode
 * `message` one for each document. A message's id is a hash of its contents: documents that are
 * sent again have the same id, so that a receiver can recognise duplicates.
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
	uint64_t end; /* offset in the connection's octets; from fluentd_chunk() in its buffer */
	bool acked; /* without acknowledgements: accepted by the kernel */
};

struct fluentd_chunk {
	uint64_t seq; /* of its block */
	uint32_t from; /* its first document */
	uint32_t n; /* how many */
	uint32_t messages;
	uint32_t acked; /* how many of them */
	uint32_t unencodable; /* documents that cannot be encoded as MessagePack */
	int64_t sent_ns; /* when it was built */
	struct fluentd_message message[FLUENTD_MESSAGES];
};

struct fluentd_format {
	enum conf_choice mode; /* CONF_FLUENTD_* */
	bool ack; /* request acknowledgements */
	unsigned tags;
	char tag[FLUENTD_TAGS][512];
	struct text entries; /* of a message, before its compression */
	z_stream gzip;
};

/*
 * Fills the format from the keys of a sink. Returns 0, or with s->error_text -EINVAL (a tag is too
 * long, too many tags) or -ENOMEM. Call fluentd_format_free() in every case.
 */
int fluentd_format_init(struct fluentd_format *f, struct sink *s);
void fluentd_format_free(struct fluentd_format *f);

/*
 * Appends the chunk that begins with document `from`, and fills *c except `sent_ns`. Omits messages
 * that were acknowledged according to `unacked`: the same chunk on another connection, or NULL.
 * Returns 0; -ENOSPC: `out` is too small; -ENOMEM: no memory for the compression. On failure `out`
 * is as before.
 */
int fluentd_chunk(struct fluentd_format *f, const struct sink_block *b, uint32_t from,
	const struct fluentd_chunk *unacked, struct text *out, struct fluentd_chunk *c);

/* Marks the message of that id as acknowledged. False: no unacknowledged message has it. */
bool fluentd_chunk_ack(struct fluentd_chunk *c, const struct fluentd_octets *id);

/* Without acknowledgements: marks the messages within the first `octets` of the connection, which
 * the kernel has accepted. */
void fluentd_chunk_sent(struct fluentd_chunk *c, uint64_t octets);

/* Returns how many of its first documents are delivered. */
uint32_t fluentd_chunk_settled(const struct fluentd_format *f, const struct fluentd_chunk *c);

/* Removes its first k documents, which are settled (in the mode `message` also k messages); rejects
 * those that could not be encoded. */
void fluentd_chunk_settle(
	struct fluentd_chunk *c, struct sink *s, const struct sink_block *b, uint32_t k);

#endif
