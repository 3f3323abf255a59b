/* SPDX-License-Identifier: BSD-3-Clause */
/* Spools whose files are truncated, damaged, or left by a process that was killed. */
#include "sink/spools.h"

#include <signal.h>
#include <sys/wait.h>

void test_sink_spool_damage(void);

/* A process that dies at any octet of a segment: all complete blocks are read, nothing else. */
static void every_truncation(void)
{
	struct spool s;
	uint64_t ends[6];
	open_spool(&s, 1 << 20);
	for (uint32_t i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(spool_append(&s, block_of(i * 6, 6), 0), 0);
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
		CU_ASSERT_EQUAL(spool_records(&s), whole * 2);
		/* It can be appended to. */
		CU_ASSERT_EQUAL(spool_append(&s, block_of(whole * 6, 6), 0), 0);
		CU_ASSERT_EQUAL(read_docs(&s, &next, UINT32_MAX, 4), whole * 6 + 6);
		CU_ASSERT(s.bad_records == 0 && spool_is_empty(&s));
		spool_close(&s);
	}
	CU_ASSERT_EQUAL(files(), 0);
}

/* Any octet changed: no wrong document, every record counted. */
static void every_flip(void)
{
	struct spool s;
	open_spool(&s, 1 << 20);
	for (uint32_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(spool_append(&s, block_of(i * 6, 6), 0), 0);
	struct spool_path path = spool_path(&s, 1);
	size_t size = keep_segment(path.text);
	spool_close(&s);
	for (size_t at = 0; at < size; at++) {
		uint32_t docs;
		segment[at] ^= 0x55;
		write_segment(path.text, size);
		segment[at] ^= 0x55;
		open_spool(&s, 1 << 20);
		uint64_t found = spool_records(&s) + s.bad_records;
		CU_ASSERT(found == 6 || (found == 4 && at > size / 2));
		uint64_t records = read_records(&s, &docs);
		CU_ASSERT(docs <= 18 && docs % 6 == 0);
		CU_ASSERT_EQUAL(found, records + s.bad_records);
		bool heads = at < offsetof(struct spool_header, position);
		CU_ASSERT(at >= sizeof(struct spool_header) || docs == (heads ? 0 : 18));
		CU_ASSERT(at < sizeof(struct spool_header) || docs >= 12);
		spool_close(&s);
		CU_ASSERT_EQUAL(files(), docs < 18);
		clear();
	}
}

/* A flipped bit of a head is corrected: nothing is lost. */
static void every_bit_of_heads(void)
{
	struct spool s;
	uint64_t ends[3];
	open_spool(&s, 1 << 20);
	for (uint32_t i = 0; i < 3; i++) {
		ends[i] = i ? s.write_at : sizeof(struct spool_header);
		CU_ASSERT_EQUAL(spool_append(&s, block_of(i * 6, 6), 0), 0);
	}
	struct spool_path path = spool_path(&s, 1);
	size_t size = keep_segment(path.text);
	spool_close(&s);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		size_t at = bit / 8;
		uint32_t docs;
		bool head = at < sizeof(struct spool_header);
		for (unsigned i = 0; i < 3; i++)
			head |= at >= ends[i] && at < ends[i] + sizeof(struct spool_frame);
		if (!head)
			continue;
		segment[at] ^= (char)(1 << bit % 8);
		write_segment(path.text, size);
		segment[at] ^= (char)(1 << bit % 8);
		open_spool(&s, 1 << 20);
		CU_ASSERT_EQUAL(spool_records(&s), 6);
		CU_ASSERT(read_records(&s, &docs) == 6 && docs == 18);
		CU_ASSERT(s.bad_records == 0 && s.truncated_octets == 0);
		spool_close(&s);
		CU_ASSERT_EQUAL(files(), 0);
	}
}

enum { BLOCKS = 9, SEGMENTS = 3 };

/* Writes BLOCKS blocks to SEGMENTS segments and keeps the octets. */
static void make_segments(
	struct spool *s, struct spool_path *paths, char kept[][1000], size_t *sizes)
{
	open_spool(s, 1 << 20);
	s->segment = 800;
	for (uint32_t i = 0; i < BLOCKS; i++)
		CU_ASSERT_EQUAL(spool_append(s, block_of(i * 6, 6), 0), 0);
	CU_ASSERT_EQUAL_FATAL(s->last, SEGMENTS);
	for (uint32_t k = 0; k < SEGMENTS; k++) {
		paths[k] = spool_path(s, k + 1);
		sizes[k] = keep_segment(paths[k].text);
		CU_ASSERT_FATAL(sizes[k] <= 1000);
		memcpy(kept[k], segment, sizes[k]);
	}
	spool_close(s);
}

/* Every truncation of every segment of several: all complete blocks are read, the others are
 * counted, except those at the end of the last segment, which leave no trace on the disk. */
static void every_truncation_of_all(void)
{
	struct spool s;
	struct spool_path paths[SEGMENTS];
	char kept[SEGMENTS][1000];
	size_t sizes[SEGMENTS];
	make_segments(&s, paths, kept, sizes);
	for (uint32_t at = 0; at < SEGMENTS; at++) {
		for (size_t cut = 0; cut < sizes[at]; cut++) {
			uint32_t docs;
			for (uint32_t k = 0; k < SEGMENTS; k++) {
				memcpy(segment, kept[k], sizes[k]);
				write_segment(paths[k].text, k == at ? cut : sizes[k]);
			}
			open_spool(&s, 1 << 20);
			uint64_t found = spool_records(&s) + s.bad_records;
			uint64_t records = read_records(&s, &docs);
			CU_ASSERT_EQUAL(found, records + s.bad_records);
			bool known =
				at + 1 < SEGMENTS && (at > 0 || cut >= sizeof(struct spool_header));
			CU_ASSERT(!known || found == 2 * BLOCKS);
			CU_ASSERT(docs == 3 * records && docs >= 6 * 6);
			spool_close(&s);
			clear();
		}
	}
}

/* What the child has reported before it was killed. */
struct told {
	uint32_t put, taken; /* records */
};

/* Appends blocks and delivers some of them until it is killed; reports each step when it is done.
 */
static void work(int to, uint32_t seed)
{
	struct told told = {0, 0};
	struct spool s;
	uint32_t from;
	if (spool_open(&s, dir, "s", "test/native", 1 << 20, error_text, sizeof(error_text)) < 0)
		_exit(1);
	s.segment = 3000;
	for (uint32_t i = 0;; i++) {
		if (spool_append(&s, block_of(i * 30, 30), 0) == 0)
			told.put += 10;
		const struct sink_block *b =
			(i * 2654435761u ^ seed) % 3 ? spool_peek(&s, &from) : NULL;
		if (b) {
			told.taken += sink_records(b, from, b->n_docs);
			spool_advance(&s, b->n_docs);
		}
		if (write(to, &told, sizeof(told)) != sizeof(told))
			_exit(1);
	}
}

/* Killed at any moment: what was appended and not delivered is there; at most one block is read
 * twice. */
static void killed(void)
{
	for (uint32_t round = 0; round < 60; round++) {
		struct told told = {0, 0}, more;
		struct spool s;
		int ends[2];
		uint32_t docs;
		CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0)
			work(ends[1], round);
		close(ends[1]);
		for (uint32_t i = 0; i < round * 3; i++)
			if (read(ends[0], &more, sizeof(more)) == sizeof(more))
				told = more;
		usleep(round * 7919 % 500);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(ends[0], &more, sizeof(more)) == sizeof(more))
			told = more;
		close(ends[0]);
		open_spool(&s, 1 << 20);
		uint64_t found = spool_records(&s), left = told.put - told.taken;
		/* The last steps may be done and not reported. */
		CU_ASSERT(found + 10 >= left && found <= left + 10);
		CU_ASSERT_EQUAL(s.bad_records, 0);
		CU_ASSERT(read_records(&s, &docs) == found && docs == 3 * found);
		spool_close(&s);
		clear();
	}
}

void test_sink_spool_damage(void)
{
	CU_pSuite s = CU_add_suite("sink/spool damage", set_up, tear_down);
	CU_add_test(s, "every truncation", every_truncation);
	CU_add_test(s, "every octet changed", every_flip);
	CU_add_test(s, "every bit of the heads flipped", every_bit_of_heads);
	CU_add_test(s, "every truncation of every segment", every_truncation_of_all);
	CU_add_test(s, "killed", killed);
}
