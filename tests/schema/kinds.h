/* SPDX-License-Identifier: BSD-3-Clause */
/* Records made by hand, and the documents of a schema. */
#ifndef TESTS_SCHEMA_KINDS_H
#define TESTS_SCHEMA_KINDS_H

#include "schema/bench.h"
#include "schema/kind.h"

#define KINDS_DOCS 64

/* A schema_out that records its calls. */
struct kinds_out {
	struct schema_out out;
	unsigned n, max;
	struct {
		size_t end;
		int64_t ts_ns;
		unsigned tag;
	} doc[KINDS_DOCS];
};

static inline void kinds_end(struct schema_out *out, int64_t ts_ns, unsigned tag)
{
	struct kinds_out *o = (struct kinds_out *)out;
	if (out->text.full || o->n == o->max) {
		out->text.full = true;
		out->text.end = out->text.at;
		return;
	}
	o->doc[o->n].end = text_len(&out->text);
	o->doc[o->n].ts_ns = ts_ns;
	o->doc[o->n++].tag = tag;
}

/* Writes the documents of a record into b->line; both end at a guard page. */
static inline void kinds_write(struct bench *b, const struct schema_kind *kind,
	const struct record *r, size_t size, struct kinds_out *o)
{
	size_t n = offsetof(struct record, data) + r->query_len + r->reply_len;
	size_t whole = (n + _Alignof(struct record) - 1) & ~(_Alignof(struct record) - 1);
	uint8_t *copy = guard_copy(r, whole), *buffer = guard_copy(b->line, size);
	memset(o, 0, sizeof(*o));
	o->max = KINDS_DOCS;
	o->out.text = text_of((char *)buffer, size);
	o->out.end = kinds_end;
	kind->write(&b->schema, &o->out, (const struct record *)copy);
	size_t len = text_len(&o->out.text);
	CU_ASSERT_FATAL(len <= size);
	memcpy(b->line, buffer, len);
	b->line[len] = '\0';
	guard_free(buffer, size);
	guard_free(copy, whole);
}

/* Expects the documents of the record to be `lines`. */
static inline void kinds_expect(struct bench *b, const struct schema_kind *kind,
	const struct record *r, struct kinds_out *o, const char *lines)
{
	kinds_write(b, kind, r, sizeof(b->line) - 1, o);
	CU_ASSERT_FALSE(o->out.text.full);
	if (strcmp(b->line, lines) != 0)
		printf("\nwritten:  %sexpected: %s", b->line, lines);
	CU_ASSERT_STRING_EQUAL(b->line, lines);
	CU_ASSERT_EQUAL(strlen(b->line), o->n ? o->doc[o->n - 1].end : 0);
}

/* A buffer smaller than the documents gets full, with nothing written past it and nothing counted.
 */
static inline void kinds_every_size(
	struct bench *b, const struct schema_kind *kind, const struct record *r, uint64_t *counter)
{
	struct kinds_out o;
	kinds_write(b, kind, r, sizeof(b->line) - 1, &o);
	size_t need = strlen(b->line), fits = 0;
	char *want = strdup(b->line);
	for (size_t size = 0; size < need + 1500; size++) {
		uint64_t before = *counter;
		kinds_write(b, kind, r, size, &o);
		if (o.out.text.full) {
			CU_ASSERT_EQUAL_FATAL(fits, 0);
		} else {
			CU_ASSERT_STRING_EQUAL_FATAL(b->line, want);
			fits++;
		}
		CU_ASSERT_EQUAL(*counter, before + !o.out.text.full);
	}
	CU_ASSERT(fits > 0);
	free(want);
}

#endif
