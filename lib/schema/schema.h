/* SPDX-License-Identifier: BSD-3-Clause */
/* From a record to the lines of one schema (doc/schemas.md). */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/when.h"
#include "dns/msg.h"
#include "metrics/metrics.h"
#include "record/record.h"

#define SCHEMA_TYPES 272 /* types below this are put down as one piece */

/* Which sections are listed; the question always is. */
enum schema_sections { SCHEMA_ALL, SCHEMA_ANSWERS, SCHEMA_NONE };

/* What a logger keeps between records, for each form of document that it writes. */
struct schema {
	char sensor[1600]; /* the member "sensor":"...", in JSON */
	size_t sensor_len;
	bool unicode; /* native: show qname_unicode */
	bool extra; /* gazer: show rcode, flags and ttl, too */
	uint8_t sections; /* enum schema_sections */
	uint8_t shed; /* under overload so many of the last sections are left out (0 to 3) */
	uint8_t left_out; /* of the record written last that is what was: bits DNS_ANSWER, ...; bits
			     only come, the caller clears them */
	uint8_t omitted; /* the same of what the bounds below leave out, DNS_QUESTION too */
	uint32_t max_bytes; /* of the documents of one record, see schema_budget() */
	uint32_t max_records; /* resource records of one section */
	char level[16]; /* gopassivedns: its `level`, printable ASCII */
	struct when when;
	/* Members that repeat, in JSON: [flags >> 4 & 127] is ["RD","RA"], with its comma; [type]
	 * is ","type":"A","ttl": with the quote that closes a name before it; opcode and rcode are
	 * whole members. */
	struct schema_piece {
		char text[39];
		uint8_t len; /* of `types` 0: not a type with a mnemonic */
	} flags[128], opcodes[16], rcodes[16], types[SCHEMA_TYPES];
	struct metrics_dns *metrics; /* NULL: nothing is counted */
};

/* Puts a piece down without asking for room, of which it takes all that text[] has. */
static inline char *schema_piece_at(char *at, const struct schema_piece *piece)
{
	memcpy(at, piece->text, sizeof(piece->text));
	return at + piece->len;
}

/* Is this section listed? */
static inline bool schema_lists(const struct schema *s, unsigned section)
{
	static const uint8_t last[] = {[SCHEMA_ALL] = 3, [SCHEMA_ANSWERS] = 1, [SCHEMA_NONE] = 0};
	return section <= last[s->sections];
}

/* Is it left out under overload? The question never is. */
static inline bool schema_sheds(const struct schema *s, unsigned section)
{
	return section + s->shed >= DNS_SECTIONS;
}

/* Octets that the documents of any record may have, and how many more for each octet of its
 * messages: compression pointers (RFC 1035 section 4.1.4) make long text out of few octets. */
#define SCHEMA_BYTES_FREE 16384
#define SCHEMA_BYTES_RATIO 32

/* How many octets questions, sections and entries of this record may take in all. */
static inline size_t schema_budget(const struct schema *s, const struct record *r)
{
	size_t earned = SCHEMA_BYTES_FREE +
			SCHEMA_BYTES_RATIO * ((size_t)r->query_len + record_reply_len(r));
	return earned < s->max_bytes ? earned : s->max_bytes;
}

/* `sensor`: this appliance's name, at most 255 octets; longer ones are cut. All options are off. */
void schema_init(struct schema *s, const char *sensor, struct metrics_dns *metrics);

/*
 * Appends one line of the `native` schema. If it did not fit, out->full is set, out ends in part of
 * a line, and nothing was counted.
 */
void schema_native(struct schema *s, struct text *out, const struct record *record);

#endif
