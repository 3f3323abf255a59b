/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory with a spool, and blocks whose documents are numbered. */
#ifndef TESTS_SINK_SPOOLS_H
#define TESTS_SINK_SPOOLS_H

#include "sink/spool_inner.h"

#include <CUnit/CUnit.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_spool.XXXXXX";
static char error_text[5000];

static inline int set_up(void)
{
	return mkdtemp(dir) ? 0 : 1;
}

static inline int tear_down(void)
{
	return rmdir(dir);
}

static inline void open_spool(struct spool *s, uint64_t limit)
{
	error_text[0] = '\0';
	int rc = spool_open(s, dir, "s", "test/native", limit, error_text, sizeof(error_text));
	if (rc)
		fprintf(stderr, "%s\n", error_text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

/* Returns a block of n numbered documents; every third ends a record. */
static inline struct sink_block *block_of(uint32_t first, uint32_t n)
{
	static char data[100000];
	static struct sink_doc docs[10000];
	static struct sink_block b;
	b = (struct sink_block){
		.data = data, .docs = docs, .size = sizeof(data), .max_docs = 10000};
	for (uint32_t i = 0; i < n; i++) {
		b.len += (size_t)sprintf(data + b.len, "{\"n\":%u}\n", first + i);
		docs[i] = (struct sink_doc){.ts_ns = first + i,
			.end = (uint32_t)b.len,
			.tag = (uint8_t)(i % 2),
			.last = (first + i) % 3 == 2};
		b.records += docs[i].last;
	}
	b.n_docs = n;
	return &b;
}

static inline bool is_doc(const struct sink_block *b, uint32_t i, uint32_t n)
{
	char want[40];
	size_t len;
	const char *json = sink_doc_json(b, i, &len);
	snprintf(want, sizeof(want), "{\"n\":%u}", n);
	return len == strlen(want) && memcmp(json, want, len) == 0 && b->docs[i].ts_ns == n &&
	       json[len] == '\n';
}

/* Reads up to `max` documents in steps of `step`, which must begin with number *next. Returns how
 * many; UINT32_MAX: one was wrong. */
static inline uint32_t read_docs(struct spool *s, uint32_t *next, uint32_t max, uint32_t step)
{
	const struct sink_block *b;
	uint32_t from, count = 0;
	while (count < max && (b = spool_peek(s, &from))) {
		uint32_t to = from + step > b->n_docs ? b->n_docs : from + step;
		for (; from < to; from++, count++)
			if (!is_doc(b, from, (*next)++))
				return UINT32_MAX;
		spool_advance(s, to);
	}
	return count;
}

static inline unsigned files(void)
{
	char command[100], line[20] = "";
	snprintf(command, sizeof(command), "ls %s | wc -l", dir);
	FILE *f = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof(line), f));
	pclose(f);
	return (unsigned)atoi(line);
}

static char segment[100000];

static inline size_t keep_segment(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = fread(segment, 1, sizeof(segment), f);
	fclose(f);
	return n;
}

static inline void write_segment(const char *path, size_t n)
{
	FILE *f = fopen(path, "wb");
	CU_ASSERT_EQUAL(fwrite(segment, 1, n, f), n);
	fclose(f);
}

/* Removes the files of a test. */
static inline void clear(void)
{
	DIR *d = opendir(dir);
	for (const struct dirent *e; (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

/* Reads everything. Returns the records; *docs: the documents that are as they were written. */
static inline uint64_t read_records(struct spool *s, uint32_t *docs)
{
	const struct sink_block *b;
	uint32_t from;
	uint64_t records = 0;
	for (*docs = 0; (b = spool_peek(s, &from)); spool_advance(s, b->n_docs)) {
		for (uint32_t i = from; i < b->n_docs; i++)
			*docs += is_doc(b, i, (uint32_t)b->docs[i].ts_ns);
		records += sink_records(b, from, b->n_docs);
	}
	CU_ASSERT_EQUAL(s->error, 0);
	return records;
}

#endif
