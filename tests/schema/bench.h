/* SPDX-License-Identifier: BSD-3-Clause */
/* Records made by hand, and their expected lines. */
#ifndef TESTS_SCHEMA_BENCH_H
#define TESTS_SCHEMA_BENCH_H

#include "schema/schema.h"

#include "dns/const.h"
#include "support/guard.h"
#include "support/json_valid.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#define BENCH_TS 1444479212628222000 /* 2015-10-10T12:13:32.628222000Z */
#define BENCH_HEAD "{\"ts\":\"2015-10-10T12:13:32.628222000Z\",\"sensor\":\"bench\",\"status\":"
#define BENCH_ENDS                                                                                 \
	"\"client\":\"192.0.2.1\",\"client_port\":4321,\"server\":\"192.0.2.53\",\"server_port\":" \
	"53,"

struct bench {
	struct schema schema;
	struct metrics_dns metrics;
	struct wire query, reply;
	char line[1 << 20];
};

/* Returns a record of the two messages (len 0: none) over UDP and IPv4, which the next call
 * overwrites. */
static inline struct record *bench_record(const struct bench *b, enum record_status status)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {192, 0, 2, 53};
	static struct {
		_Alignas(struct record) uint8_t buffer[sizeof(struct record) + 2 * 65536];
	} made;
	struct record *r = (struct record *)made.buffer;
	memset(r, 0, sizeof(*r));
	r->status = status;
	r->ts_ns = BENCH_TS;
	r->addrs = addr_pair_of(addr_of_v4(client), addr_of_v4(server));
	r->client_port = 4321;
	r->server_port = 53;
	r->proto = 17;
	r->query_len = r->query_wire = b->query.len;
	r->reply_len = r->reply_wire = b->reply.len;
	memcpy(r->data, b->query.octets, b->query.len);
	memcpy(r->data + b->query.len, b->reply.octets, b->reply.len);
	return r;
}

static inline void bench_begin(struct bench *b)
{
	memset(&b->metrics, 0, sizeof(b->metrics));
	schema_init(&b->schema, "bench", &b->metrics);
	wire_clear(&b->query);
	wire_clear(&b->reply);
}

/*
 * Writes the line of a record that ends at a guard page into a buffer of `size` octets. Returns the
 * octets written; *full: it did not fit.
 */
static inline size_t bench_write(struct bench *b, const struct record *r, size_t size, bool *full)
{
	size_t n = offsetof(struct record, data) + r->query_len + r->reply_len +
		   (r->has_macs ? sizeof(struct mac_pair) : 0);
	/* a record is aligned, so that its end is not always the page's */
	size_t whole = (n + _Alignof(struct record) - 1) & ~(_Alignof(struct record) - 1);
	uint8_t *copy = guard_copy(r, whole), *buffer = guard_copy(b->line, size);
	memset(buffer, '#', size);
	struct text t = text_of((char *)buffer, size);
	schema_native(&b->schema, &t, (const struct record *)copy);
	*full = t.full;
	CU_ASSERT_FATAL(text_len(&t) <= size);
	memcpy(b->line, buffer, text_len(&t));
	guard_free(buffer, size);
	guard_free(copy, whole);
	return text_len(&t);
}

/* Expects the record's line to be `line`, which is valid. */
static inline void bench_expect(struct bench *b, const struct record *r, const char *line)
{
	bool full;
	size_t at, n = bench_write(b, r, sizeof(b->line) - 1, &full);
	b->line[n] = '\0';
	CU_ASSERT_FALSE(full);
	if (strcmp(b->line, line) != 0)
		printf("\nwritten:  %sexpected: %s", b->line, line);
	CU_ASSERT_STRING_EQUAL(b->line, line);
	const char *wrong = json_valid_line(b->line, n, &at);
	if (wrong)
		printf("\n%s at %zu: %s", wrong, at, b->line);
	CU_ASSERT_PTR_NULL(wrong);
}

/* Expects the record's line to contain `part` and to be valid. */
static inline void bench_holds(struct bench *b, const struct record *r, const char *part)
{
	bool full;
	size_t at, n = bench_write(b, r, sizeof(b->line) - 1, &full);
	b->line[n] = '\0';
	CU_ASSERT_FALSE(full);
	if (!strstr(b->line, part))
		printf("\nno %s in %s", part, b->line);
	CU_ASSERT_PTR_NOT_NULL(strstr(b->line, part));
	CU_ASSERT_PTR_NULL(json_valid_line(b->line, n, &at));
}

static inline void bench_lacks(struct bench *b, const struct record *r, const char *part)
{
	bench_holds(b, r, "{");
	CU_ASSERT_PTR_NULL(strstr(b->line, part));
}

#endif
