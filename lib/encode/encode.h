/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encodings: what a finished JSON document becomes before it is sent. Every schema writes JSON; an
 * encoding is a pure function from that text to octets, called in the thread of the sink that asked
 * for it. Each is an ENCODING row of config/sink.def.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/text.h"
#include "config/conf.h"

/* One document as the encodings get it. All of it is borrowed. */
struct encode_doc {
	const char *json; /* one object, without the newline */
	size_t len;
	const char *tag; /* of its schema: "dns-gazer.dns.tx"; "" where the schema has none */
	int64_t ts_ns; /* event time: packet time since the epoch */
};

/* How documents stay apart in a stream. */
enum encode_framing {
	ENCODE_LINES, /* a newline ends each */
	ENCODE_SELF, /* each says where it ends */
	ENCODE_MESSAGE, /* not at all: only for transports that keep messages apart, as Kafka */
};

struct encode_kind {
	const char *name;
	enum encode_framing framing;
	/*
	 * Appends the document's octets. 0; -EINVAL: it cannot be said in this encoding; or
	 * out->full for want of room, and then `out` ends in part of it. NULL: the JSON text and a
	 * newline are what is sent.
	 */
	int (*encode)(struct text *out, const struct encode_doc *doc);
};

/* The Avro schema of the encoding avro in its Parsing Canonical Form, as its consumers must have
 * it. */
extern const char encode_avro_schema[];

#define ENCODING(kind, name, file, word) extern const struct encode_kind encode_kind_##name;
#include "config/sink.def"

/* The encoding of a choice CONF_ENCODING_*; never NULL. */
const struct encode_kind *encode_kind_of(enum conf_choice choice);

#endif
