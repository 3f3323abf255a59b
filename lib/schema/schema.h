/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of records in one schema (doc/schemas.md). */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/when.h"
#include "dns/msg.h"
#include "metrics/metrics.h"
#include "record/record.h"

#define SCHEMA_TYPES 272 /* types below have their text prepared */

/* The sections that are listed; the question always is. */
enum schema_sections { SCHEMA_ALL, SCHEMA_ANSWERS, SCHEMA_NONE };

/* The state of a logger for each form of document that it writes. */
struct schema {
	char sensor[1600]; /* the member "sensor":"...", in JSON */
	size_t sensor_len;
	bool unicode; /* native: write qname_unicode */
	bool extra; /* gazer: write rcode, flags and ttl, too */
	uint8_t sections; /* enum schema_sections */
	uint8_t shed; /* how many of the last sections are left out under overload (0 to 3) */
	uint8_t left_out; /* bit n: overload removed section n from a record; the caller clears it
			   */
	uint8_t omitted; /* bit n: the bounds below removed entries of section n; likewise */
	uint32_t max_bytes; /* of the documents of one record: schema_budget() */
	uint32_t max_records; /* resource records of one section */
	char level[16]; /* gopassivedns: its `level`, printable ASCII */
	struct when when;
	/* Prepared JSON: [flags >> 4 & 127] is ["RD","RA"], with its comma; [type] is
	 * ","type":"A","ttl": with the quote that ends the name before it; opcode and rcode are
	 * whole members. */
	struct schema_piece {
		char text[39];
		uint8_t len; /* 0 in `types`: the type has no mnemonic */
	} flags[128], opcodes[16], rcodes[16], types[SCHEMA_TYPES];
	struct metrics_dns *metrics; /* NULL: nothing is counted */
};

/* Writes a piece without a bounds check: sizeof(piece->text) octets must be reserved. Returns its
 * end. */
static inline char *schema_piece_at(char *at, const struct schema_piece *piece)
{
	memcpy(at, piece->text, sizeof(piece->text));
	return at + piece->len;
}

/* True if this section is listed. */
static inline bool schema_lists(const struct schema *s, unsigned section)
{
	static const uint8_t last[] = {[SCHEMA_ALL] = 3, [SCHEMA_ANSWERS] = 1, [SCHEMA_NONE] = 0};
	return section <= last[s->sections];
}

/* True if overload removes this section; never the question. */
static inline bool schema_sheds(const struct schema *s, unsigned section)
{
	return section + s->shed >= DNS_SECTIONS;
}

/* The octets that the documents of any record may have, and those for each octet of its messages:
 * compression (RFC 1035 section 4.1.4) makes much text of few octets. */
#define SCHEMA_BYTES_FREE 16384
#define SCHEMA_BYTES_RATIO 32

/* Returns the octets that all questions and entries of this record may take. */
static inline size_t schema_budget(const struct schema *s, const struct record *r)
{
	size_t earned = SCHEMA_BYTES_FREE +
			SCHEMA_BYTES_RATIO * ((size_t)r->query_len + record_reply_len(r));
	return earned < s->max_bytes ? earned : s->max_bytes;
}

/* Initialises *s with all options off. `sensor`: this appliance's name, truncated to 255 octets. */
void schema_init(struct schema *s, const char *sensor, struct metrics_dns *metrics);

/*
 * Appends a line of the `native` schema. If it does not fit, out->full is set, out ends in a part
 * of the line, and nothing is counted.
 */
void schema_native(struct schema *s, struct text *out, const struct record *record);

#endif
