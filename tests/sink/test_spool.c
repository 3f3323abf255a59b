/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spool_file.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void test_sink_spool(void);

static char dir[] = "/tmp/test_spool.XXXXXX";
static char why[5000];

static int set_up(void)
{
	return mkdtemp(dir) ? 0 : 1;
}

static int tear_down(void)
{
	return rmdir(dir);
}

static void open_spool(struct spool *s, uint64_t limit)
{
	why[0] = '\0';
	int rc = spool_open(s, dir, "s", "test/native", limit, why, sizeof(why));
	if (rc)
		fprintf(stderr, "%s\n", why);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

/* A block of n documents, each a number; every third ends a record. */
static struct sink_block *block_of(uint32_t first, uint32_t n)
{
	static char data[100000];
	static struct sink_doc docs[10000];
	static struct sink_block b;
	b = (struct sink_block){
		.data = data, .docs = docs, .room = sizeof(data), .max_docs = 10000};
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

static bool is_doc(const struct sink_block *b, uint32_t i, uint32_t n)
{
	char want[40];
	size_t len;
	const char *json = sink_doc_json(b, i, &len);
	snprintf(want, sizeof(want), "{\"n\":%u}", n);
	return len == strlen(want) && memcmp(json, want, len) == 0 && b->docs[i].ts_ns == n &&
	       json[len] == '\n';
}

/* Reads up to `most` documents in steps of `step`; they must go on from *next. */
static uint32_t read_docs(struct spool *s, uint32_t *next, uint32_t most, uint32_t step)
{
	const struct sink_block *b;
	uint32_t from, count = 0;
	while (count < most && (b = spool_front(s, &from))) {
		uint32_t to = from + step > b->n_docs ? b->n_docs : from + step;
		for (; from < to; from++, count++)
			if (!is_doc(b, from, (*next)++))
				return UINT32_MAX;
		spool_advance(s, to);
	}
	return count;
}

static unsigned files(void)
{
	char command[100], line[20] = "";
	snprintf(command, sizeof(command), "ls %s | wc -l", dir);
	FILE *f = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof(line), f));
	pclose(f);
	return (unsigned)atoi(line);
}

/* In, out, across segments and restarts, in pieces. */
static void in_order(void)
{
	struct spool s;
	uint32_t next = 0, put = 0;
	open_spool(&s, 1 << 20);
	CU_ASSERT_TRUE(spool_is_empty(&s));
	s.segment = 5000;
	for (int round = 0; round < 200; round++) {
		uint32_t n = 1 + (uint32_t)round % 97;
		CU_ASSERT_EQUAL(spool_put(&s, block_of(put, n), 0), 0);
		put += n;
		CU_ASSERT_EQUAL(s.records, put / 3 - next / 3);
		if (round % 3 == 0)
			CU_ASSERT_NOT_EQUAL(read_docs(&s, &next, 60, 7), UINT32_MAX);
		if (round % 10 == 9) {
			/* Where it stopped inside a block goes on there. */
			spool_close(&s);
			open_spool(&s, 1 << 20);
			s.segment = 5000;
			CU_ASSERT_EQUAL(s.records, put / 3 - next / 3);
			CU_ASSERT_EQUAL(s.cut_octets, 0);
		}
	}
	CU_ASSERT(s.last - s.first > 3);
	uint32_t left = put - next;
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 1000), left);
	CU_ASSERT_EQUAL(next, put);
	CU_ASSERT(spool_is_empty(&s) && s.records == 0 && s.octets == 0);
	spool_close(&s);
	CU_ASSERT_EQUAL(files(), 0);
}

/* Only the documents that are not delivered yet go in. */
static void part_of_block(void)
{
	struct spool s;
	uint32_t next = 5;
	open_spool(&s, 1 << 20);
	CU_ASSERT_EQUAL(spool_put(&s, block_of(0, 20), 5), 0);
	CU_ASSERT_EQUAL(s.records, 5);
	CU_ASSERT_EQUAL(read_docs(&s, &next, 100, 4), 15);
	spool_close(&s);
	CU_ASSERT_EQUAL(files(), 0);
}

static void limits(void)
{
	struct spool s, other;
	uint32_t put = 0, next = 0;
	open_spool(&s, 50000);
	CU_ASSERT_EQUAL(spool_open(&other, dir, "s", "test/native", 1, why, sizeof(why)), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "another process"));
	while (spool_put(&s, block_of(put, 100), 0) == 0)
		put += 100;
	CU_ASSERT_EQUAL(spool_put(&s, block_of(put, 100), 0), -EDQUOT);
	CU_ASSERT(put >= 1000 && s.octets <= 50000 && s.octets > 40000);
	/* Room comes back with each segment that is read. */
	CU_ASSERT_EQUAL(read_docs(&s, &next, put / 2, 100), put / 2);
	CU_ASSERT_EQUAL(spool_put(&s, block_of(put, 100), 0), 0);
	put += 100;
	spool_close(&s);
	CU_ASSERT_EQUAL(spool_open(&s, dir, "s", "other/gazer", 50000, why, sizeof(why)), -EILSEQ);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "not written by a sink of other/gazer"));
	open_spool(&s, 50000);
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 100), put - put / 2 + 50);
	spool_close(&s);
	CU_ASSERT_EQUAL(spool_open(&s, "/nowhere", "s", "i", 50000, why, sizeof(why)), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "/nowhere"));
	CU_ASSERT_EQUAL(files(), 0);
}

static char segment[100000];

static size_t keep_segment(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = fread(segment, 1, sizeof(segment), f);
	fclose(f);
	return n;
}

static void write_segment(const char *path, size_t n)
{
	FILE *f = fopen(path, "wb");
	CU_ASSERT_EQUAL(fwrite(segment, 1, n, f), n);
	fclose(f);
}

/* A process that dies at any octet of a segment: all whole blocks are there, nothing else. */
static void every_cut(void)
{
	struct spool s;
	uint64_t ends[6];
	open_spool(&s, 1 << 20);
	for (uint32_t i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(spool_put(&s, block_of(i * 6, 6), 0), 0);
		ends[i] = s.write_at;
	}
	struct spool_path path = spool_path(&s, 1);
	size_t size = keep_segment(path.text);
	CU_ASSERT_EQUAL(size, ends[4]);
	spool_close(&s);
	for (size_t cut = 0; cut <= size; cut++) {
		uint32_t whole = 0, next = 0;
		write_segment(path.text, cut);
		while (whole < 5 && ends[whole] <= cut)
			whole++;
		open_spool(&s, 1 << 20);
		CU_ASSERT_EQUAL(s.records, whole * 2);
		/* It can be written on. */
		CU_ASSERT_EQUAL(spool_put(&s, block_of(whole * 6, 6), 0), 0);
		CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 4), whole * 6 + 6);
		CU_ASSERT(s.bad_records == 0 && spool_is_empty(&s));
		spool_close(&s);
	}
	CU_ASSERT_EQUAL(files(), 0);
}

/* Any octet that is not what was written: no crash, no wrong document, all records accounted for.
 */
static void every_flip(void)
{
	struct spool s;
	open_spool(&s, 1 << 20);
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(spool_put(&s, block_of(i * 6, 6), 0), 0);
	struct spool_path path = spool_path(&s, 1);
	size_t size = keep_segment(path.text);
	spool_close(&s);
	for (size_t at = 0; at < size; at++) {
		segment[at] ^= 0x55;
		write_segment(path.text, size);
		segment[at] ^= 0x55;
		int rc = spool_open(&s, dir, "s", "test/native", 1 << 20, why, sizeof(why));
		CU_ASSERT(rc == 0 || (rc == -EILSEQ && at < 112));
		if (rc)
			continue;
		uint64_t found = s.records;
		const struct sink_block *b;
		uint32_t from, docs = 0, records = 0;
		while ((b = spool_front(&s, &from))) {
			for (uint32_t i = 0; i < b->n_docs; i++)
				CU_ASSERT_TRUE(is_doc(b, i, (uint32_t)b->docs[i].ts_ns));
			docs += b->n_docs;
			records += sink_records(b, from, b->n_docs);
			spool_advance(&s, b->n_docs);
		}
		CU_ASSERT(docs <= 18 && docs % 6 == 0);
		CU_ASSERT_EQUAL(found, records + s.bad_records);
		CU_ASSERT(at >= sizeof(struct spool_header) || docs == 18);
		spool_close(&s);
	}
	unlink(path.text);
	snprintf(why, sizeof(why), "%s/s.lock", dir);
	unlink(why);
}

/* The disk is full: what is there stays whole, and it goes on when there is room. */
static void full_disk(void)
{
	struct spool s;
	uint32_t next = 0;
	open_spool(&s, 1 << 20);
	CU_ASSERT_EQUAL(spool_put(&s, block_of(0, 6), 0), 0);
	int good = s.write_fd;
	s.write_fd = open("/dev/full", O_WRONLY);
	CU_ASSERT_EQUAL(spool_put(&s, block_of(6, 6), 0) < 0, true);
	close(s.write_fd);
	s.write_fd = good;
	CU_ASSERT_EQUAL(spool_put(&s, block_of(6, 6), 0), 0);
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 6), 12);
	spool_close(&s);
}

void test_sink_spool(void)
{
	CU_pSuite s = CU_add_suite("sink/spool", set_up, tear_down);
	CU_add_test(s, "first in, first out", in_order);
	CU_add_test(s, "part of a block", part_of_block);
	CU_add_test(s, "limits", limits);
	CU_add_test(s, "every cut", every_cut);
	CU_add_test(s, "every octet wrong", every_flip);
	CU_add_test(s, "a full disk", full_disk);
}
