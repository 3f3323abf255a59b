/* SPDX-License-Identifier: BSD-3-Clause */
/* A sink of type file or stdout, driven by the test instead of its thread. */
#ifndef TESTS_SINK_FILES_H
#define TESTS_SINK_FILES_H

#include "sink/rig.h"

#include <fcntl.h>

static struct sink sink;
static struct metrics_sink metrics;
static char path[100];

static inline int set_up(void)
{
	rig_set_up();
	snprintf(path, sizeof(path), "%s/out", rig.dir);
	return 0;
}

/* Opens a sink with these keys. Returns what its open() returns. */
static inline int open_error(const char *keys, bool live)
{
	memset(&metrics, 0, sizeof(metrics));
	sink = (struct sink){.conf = rig_sink(&rig, keys, false),
		.encoding = encode_kind_of(CONF_ENCODING_JSON),
		.metrics = &metrics,
		.name = "test",
		.live = live};
	sink.ops = sink_ops_of(sink.conf->type);
	return sink.ops->open(&sink);
}

static inline void open_sink(const char *keys)
{
	CU_ASSERT_EQUAL_FATAL(open_error(keys, false), 0);
}

/* Returns a block of the lines first to first + n - 1, of `len` octets each. */
static inline const struct sink_block *lines(unsigned first, unsigned n, size_t len)
{
	static char data[6000000];
	static struct sink_doc docs[60000];
	static struct sink_block b;
	b = (struct sink_block){.data = data, .docs = docs, .n_docs = n, .records = n};
	for (unsigned i = 0; i < n; i++) {
		char *at = data + b.len;
		memset(at, 'a' + (int)(first + i) % 26, len);
		snprintf(at, len + 1, "{%08u", first + i);
		at[9] = len > 10 ? 'x' : '\n';
		at[len - 1] = '\n';
		b.len += len;
		docs[i] = (struct sink_doc){.end = (uint32_t)b.len, .last = 1};
	}
	return &b;
}

/* Delivers the block. Returns its documents, or what the failed call returned; *done: those before
 * it. */
static inline int deliver(const struct sink_block *b, uint32_t *done)
{
	*done = 0;
	while (*done < b->n_docs) {
		int n = sink.ops->deliver(&sink, b, *done, 20);
		if (n < 0 || (n == 0 && sink.error_text[0]))
			return n;
		*done += (uint32_t)n;
	}
	return (int)*done;
}

static inline void put(unsigned first, unsigned n, size_t len)
{
	uint32_t done;
	CU_ASSERT_EQUAL(deliver(lines(first, n, len), &done), (int)n);
}

/* Returns the lines of the file, which must be first, first + 1, ... of `len` octets; -1: others.
 */
static inline long lines_of(const char *name, unsigned first, size_t len)
{
	FILE *f = fopen(name, "rb");
	char *line = malloc(len + 2);
	long n = 0;
	if (!f) {
		free(line);
		return -2;
	}
	for (size_t k; (k = fread(line, 1, len, f)) > 0; n++)
		if (k < len || atol(line + 1) != n + (long)first || line[len - 1] != '\n' ||
			memchr(line, '\n', len - 1))
			n = -1000000;
	free(line);
	fclose(f);
	return n < 0 ? -1 : n;
}

static inline unsigned count_files(const char *pattern)
{
	char command[500], line[20] = "";
	snprintf(command, sizeof(command), "ls %s/%s 2>/dev/null | wc -l", rig.dir, pattern);
	FILE *f = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof(line), f));
	pclose(f);
	return (unsigned)atoi(line);
}

static inline void clear(void)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -f %s/*", rig.dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

#endif
