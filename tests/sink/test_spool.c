/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spools.h"

#include <sys/resource.h>

void test_sink_spool(void);

/* Appends and reads, across segments and restarts, in parts. */
static void in_order(void)
{
	struct spool s;
	uint32_t next = 0, put = 0;
	open_spool(&s, 1 << 20);
	CU_ASSERT_TRUE(spool_is_empty(&s));
	s.segment = 5000;
	for (int round = 0; round < 200; round++) {
		uint32_t n = 1 + (uint32_t)round % 97;
		CU_ASSERT_EQUAL(spool_append(&s, block_of(put, n), 0), 0);
		put += n;
		CU_ASSERT_EQUAL(spool_records(&s), put / 3 - next / 3);
		if (round % 3 == 0)
			CU_ASSERT_NOT_EQUAL(read_docs(&s, &next, 60, 7), UINT32_MAX);
		if (round % 10 == 9) {
			/* Reading goes on within the block where it stopped. */
			spool_close(&s);
			open_spool(&s, 1 << 20);
			s.segment = 5000;
			CU_ASSERT_EQUAL(spool_records(&s), put / 3 - next / 3);
			CU_ASSERT_EQUAL(s.truncated_octets, 0);
		}
	}
	CU_ASSERT(s.last - s.first > 3);
	uint32_t left = put - next;
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 1000), left);
	CU_ASSERT_EQUAL(next, put);
	CU_ASSERT(spool_is_empty(&s) && spool_records(&s) == 0 && s.octets == 0);
	spool_close(&s);
	CU_ASSERT_EQUAL(files(), 0);
}

/* Only the documents that are not delivered yet are appended. */
static void part_of_block(void)
{
	struct spool s;
	uint32_t next = 5;
	open_spool(&s, 1 << 20);
	CU_ASSERT_EQUAL(spool_append(&s, block_of(0, 20), 5), 0);
	CU_ASSERT_EQUAL(spool_records(&s), 5);
	CU_ASSERT_EQUAL(read_docs(&s, &next, 100, 4), 15);
	spool_close(&s);
	CU_ASSERT_EQUAL(files(), 0);
}

static void limits(void)
{
	struct spool s, other;
	uint32_t put = 0, next = 0;
	open_spool(&s, 50000);
	CU_ASSERT_EQUAL(
		spool_open(&other, dir, "s", "test/native", 1, error_text, sizeof(error_text)),
		-EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(error_text, "another process"));
	while (spool_append(&s, block_of(put, 100), 0) == 0)
		put += 100;
	CU_ASSERT_EQUAL(spool_append(&s, block_of(put, 100), 0), -EDQUOT);
	CU_ASSERT(put >= 1000 && s.octets <= 50000 && s.octets > 40000);
	/* Each segment that is read makes space. */
	CU_ASSERT_EQUAL(read_docs(&s, &next, put / 2, 100), put / 2);
	CU_ASSERT_EQUAL(spool_append(&s, block_of(put, 100), 0), 0);
	put += 100;
	spool_close(&s);
	CU_ASSERT_EQUAL(
		spool_open(&s, dir, "s", "other/gazer", 50000, error_text, sizeof(error_text)),
		-EILSEQ);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(error_text, "not written by a sink of type and schema other/gazer"));
	open_spool(&s, 50000);
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 100), put - put / 2 + 50);
	spool_close(&s);
	CU_ASSERT_EQUAL(spool_open(&s, "/nowhere", "s", "i", 50000, error_text, sizeof(error_text)),
		-ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(error_text, "/nowhere"));
	CU_ASSERT_EQUAL(files(), 0);
}

/* Out of descriptors: nothing is lost, a later read succeeds. */
static void no_descriptor(void)
{
	struct rlimit before, none;
	struct spool s;
	uint32_t next = 0, from;
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){0, before.rlim_max};
	open_spool(&s, 1 << 20);
	s.segment = 1000;
	for (uint32_t i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(spool_append(&s, block_of(i * 6, 6), 0), 0);
	setrlimit(RLIMIT_NOFILE, &none);
	struct sink_block *b = spool_peek(&s, &from);
	int error = s.error, put = 0;
	uint32_t filled = 0;
	while ((put = spool_append(&s, block_of(120 + filled, 6), 0)) == 0)
		filled += 6;
	setrlimit(RLIMIT_NOFILE, &before);
	CU_ASSERT(!b && error == -EMFILE && put == -EMFILE);
	CU_ASSERT_EQUAL(spool_records(&s), 40 + filled / 3);
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 6), 120 + filled);
	CU_ASSERT(s.bad_records == 0 && spool_is_empty(&s));
	spool_close(&s);
	CU_ASSERT_EQUAL(files(), 0);
}

/* A lock file that its owner unlinks while another process opens it does not lock for both. */
static void scanned_under_lock(void)
{
	struct spool s, other;
	open_spool(&s, 1 << 20);
	CU_ASSERT_EQUAL(spool_append(&s, block_of(0, 6), 0), 0);
	/* As if it were just being written. */
	CU_ASSERT_EQUAL(ftruncate(s.write_fd, (off_t)s.write_at + 20), 0);
	CU_ASSERT_EQUAL(
		spool_open(&other, dir, "s", "test/native", 1, error_text, sizeof(error_text)),
		-EBUSY);
	struct stat st;
	CU_ASSERT(fstat(s.write_fd, &st) == 0 && st.st_size == (off_t)s.write_at + 20);
	spool_close(&s);
	clear();
}

/* A full disk: the contents stay intact, and appending goes on when there is space. */
static void full_disk(void)
{
	struct spool s;
	uint32_t next = 0;
	open_spool(&s, 1 << 20);
	CU_ASSERT_EQUAL(spool_append(&s, block_of(0, 6), 0), 0);
	int good = s.write_fd;
	s.write_fd = open("/dev/full", O_WRONLY);
	CU_ASSERT_EQUAL(spool_append(&s, block_of(6, 6), 0) < 0, true);
	close(s.write_fd);
	s.write_fd = good;
	CU_ASSERT_EQUAL(spool_append(&s, block_of(6, 6), 0), 0);
	CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 6), 12);
	spool_close(&s);
}

void test_sink_spool(void)
{
	CU_pSuite s = CU_add_suite("sink/spool", set_up, tear_down);
	CU_add_test(s, "first in, first out", in_order);
	CU_add_test(s, "part of a block", part_of_block);
	CU_add_test(s, "limits", limits);
	CU_add_test(s, "out of descriptors", no_descriptor);
	CU_add_test(s, "read under the lock alone", scanned_under_lock);
	CU_add_test(s, "a full disk", full_disk);
}
