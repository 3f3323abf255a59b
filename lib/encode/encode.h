/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encodings: every schema writes JSON, and an encoding is a pure function from a finished document
 * to the octets that are sent. The thread of the sink calls it. Each is an ENCODING row of
 * config/sink.def.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/text.h"
#include "config/conf.h"

/* A document to encode. All of it is borrowed. */
struct encode_doc {
	const char *json; /* one object, without the newline */
	size_t len;
	const char *tag; /* of its schema: "dns-gazer.dns.tx"; "": the schema has none */
	int64_t ts_ns; /* event time: packet time since the epoch */
};

/* How documents are separated in a stream. */
enum encode_framing {
	ENCODE_LINES, /* a newline ends each */
	ENCODE_SELF, /* the encoding is self-delimiting */
	ENCODE_MESSAGE, /* not at all: only for transports of messages, as Kafka */
};

struct encode_kind {
	const char *name;
	enum encode_framing framing;
	/*
	 * Appends the octets of a document. Returns 0, or -EINVAL if this encoding cannot represent
	 * it. If out->full is set, `out` ends in a part of it. NULL: the JSON text and a newline
	 * are sent.
	 */
	int (*encode)(struct text *out, const struct encode_doc *doc);
};

/* The Avro schema of the encoding avro in Parsing Canonical Form, which its consumers need. */
extern const char encode_avro_schema[];

#define ENCODING(kind, name, file, word) extern const struct encode_kind encode_kind_##name;
#include "config/sink.def"

/* Returns the encoding of a choice CONF_ENCODING_*; never NULL. */
const struct encode_kind *encode_kind_of(enum conf_choice choice);

#endif
