/* SPDX-License-Identifier: BSD-3-Clause */
/* Finished files: by size, count and age, compressed. */
#include "sink/files.h"

#include "sink/compressor.h"
#include "sink/rotate.h"

void test_sink_rotate(void);

/* Files of at most rotate.bytes, of complete lines, none of them lost. */
static void by_size(void)
{
	for (unsigned len = 10; len <= 1001; len += 991) {
		open_sink("type=file,path=%D/out,rotate.bytes=1000,append=false");
		for (unsigned i = 0; i < 50; i += 10)
			put(i, 10, len);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		CU_ASSERT_EQUAL(count_files("out.*Z-*"), len == 10 ? 0 : 49);
		CU_ASSERT_EQUAL(lines_of(path, len == 10 ? 0 : 49, len), len == 10 ? 50 : 1);
		char command[200], all[120];
		snprintf(command, sizeof(command), "cat %s/out.*Z-* %s 2>/dev/null > %s/all",
			rig.dir, path, rig.dir);
		CU_ASSERT_EQUAL(system(command) >= 0, true);
		snprintf(all, sizeof(all), "%s/all", rig.dir);
		CU_ASSERT_EQUAL(lines_of(all, 0, len), 50);
		clear();
	}
}

static void by_count_and_age(void)
{
	open_sink("type=file,path=%D/out,rotate.bytes=1000,rotate.keep=3");
	for (unsigned i = 0; i < 100; i++)
		put(i, 1, 600);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(count_files("out.*Z-*"), 3);
	char oldest[200];
	snprintf(oldest, sizeof(oldest), "cat %s/out.*Z-* > %s/all", rig.dir, rig.dir);
	CU_ASSERT_EQUAL(system(oldest), 0);
	snprintf(oldest, sizeof(oldest), "%s/all", rig.dir);
	CU_ASSERT_EQUAL(lines_of(oldest, 96, 600), 3);
	/* By age; similar names stay. */
	static const char *const names[] = {"out.20200101T000000Z-001",
		"out.20200101T000000Z-002.gz", "out.20200101T000500Z-001.zst",
		"out.20200101T000000Z", "out.20200101T000000Z-001.bak",
		"outer.20200101T000000Z-001", "out.2020-01-01"};
	clear();
	for (size_t i = 0; i < BITS_COUNT(names); i++) {
		char name[200];
		snprintf(name, sizeof(name), "%s/%s", rig.dir, names[i]);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	struct rotate_limits by_age = {.max_age_s = 60, .first_own = 9},
			     by_count = {.keep = 1, .first_own = 9};
	CU_ASSERT_EQUAL(rotate_prune(path, &by_age, 1577836800 + 60), 0);
	CU_ASSERT_EQUAL(count_files("*"), 7);
	CU_ASSERT_EQUAL(rotate_prune(path, &by_age, 1577836800 + 61), 0);
	CU_ASSERT_EQUAL(count_files("*"), 5);
	CU_ASSERT_EQUAL(rotate_prune(path, &by_count, 0), 0);
	CU_ASSERT_EQUAL(count_files("*"), 5);
	CU_ASSERT_EQUAL(rotate_prune("/nowhere/out", &by_count, 0), -ENOENT);
	clear();
}

static unsigned is_there(const char *name)
{
	return count_files(name);
}

/* The lower number is older: a clock that was fast or slow when files were finished removes no
 * newer file. */
static void clock_was_wrong(void)
{
	static const char *const names[] = {"out.20990101T000000Z-000001",
		"out.20990101T000001Z-000002", "out.20990101T000002Z-000003"};
	for (size_t i = 0; i < BITS_COUNT(names); i++) {
		char name[200];
		snprintf(name, sizeof(name), "%s/%s", rig.dir, names[i]);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	open_sink("type=file,path=%D/out,rotate.bytes=1000,rotate.keep=3");
	for (unsigned i = 0; i < 3; i++)
		put(i, 1, 600);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	/* Two are finished: they stay, and the newest of before. */
	CU_ASSERT(is_there("out.*-000004") && is_there("out.*-000005") && is_there(names[2]));
	CU_ASSERT(!is_there(names[0]) && !is_there(names[1]));
	clear();
	/* At the start the clock says 1970; then it is set. */
	struct rotate_limits limits = {.max_age_s = 3600, .first_own = 2, .since_s = 100};
	static const char *const early[] = {
		"out.19700101T000100Z-000001", "out.19700101T000200Z-000002"};
	for (size_t i = 0; i < BITS_COUNT(early); i++) {
		char name[200];
		snprintf(name, sizeof(name), "%s/%s", rig.dir, early[i]);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	limits.since_s = 1800000000;
	CU_ASSERT_EQUAL(rotate_prune(path, &limits, 1800000000 + 3600), 0);
	CU_ASSERT(!is_there(early[0]) && is_there(early[1]));
	CU_ASSERT_EQUAL(rotate_prune(path, &limits, 1800000000 + 3601), 0);
	CU_ASSERT(!is_there(early[1]));
	struct rotate_clock clock;
	rotate_clock_init(&clock);
	CU_ASSERT_FALSE(rotate_clock_stepped(&clock));
	clock.offset_s -= 3;
	CU_ASSERT_TRUE(rotate_clock_stepped(&clock));
	CU_ASSERT_FALSE(rotate_clock_stepped(&clock));
	clear();
}

static void names_of_finished(void)
{
	const char *ending;
	CU_ASSERT_EQUAL(rotate_parse_name("a.20200101T000000Z-001", "x/a", &ending), 1577836800);
	CU_ASSERT_STRING_EQUAL(ending, "");
	CU_ASSERT_EQUAL(rotate_parse_name("a.20200101T000001Z-1234.gz", "a", &ending), 1577836801);
	CU_ASSERT_STRING_EQUAL(ending, ".gz");
	CU_ASSERT_EQUAL(rotate_parse_name("a", "a", &ending), -1);
	CU_ASSERT_EQUAL(rotate_parse_name("a.20201301T000000Z-001", "a", &ending), -1);
	CU_ASSERT_EQUAL(rotate_parse_name("a.20200101T000000Z-", "a", &ending), -1);
	CU_ASSERT_EQUAL(rotate_parse_name("a.20200101T000000Z-001~", "a", &ending), -1);
	struct rotate_name a = rotate_next_name(path, 1577836800, 1);
	close(open(a.text, O_CREAT | O_WRONLY, 0600));
	struct rotate_name b = rotate_next_name(path, 1577836800, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.text, "out.20200101T000000Z-000001"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.text, "out.20200101T000000Z-000002"));
	/* In a directory that cannot be listed no number is used twice. */
	struct rotate_name c = rotate_next_name("/nowhere/out", 1577836800, 7);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.text, "out.20200101T000000Z-000007"));
	CU_ASSERT_EQUAL(rotate_next_due(7199, 3600), 7200);
	CU_ASSERT_EQUAL(rotate_next_due(7200, 3600), 10800);
	/* The clock is set back by an hour: the next file begins at its next full hour. */
	CU_ASSERT_EQUAL(rotate_adjust_due(10800, 7200, 3600), 10800);
	CU_ASSERT_EQUAL(rotate_adjust_due(10800, 7199, 3600), 10800);
	CU_ASSERT_EQUAL(rotate_adjust_due(10800, 3700, 3600), 7200);
	CU_ASSERT_EQUAL(rotate_adjust_due(INT64_MAX, 3700, 0), INT64_MAX);
	clear();
}

static void compressed(void)
{
	static const struct {
		const char *keys, *tool, *ending;
	} rows[] = {{"gzip", "gzip", "gz"}, {"zstd", "zstd", "zst"}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		char keys[120], command[300];
		if (i == 1 && compressor_missing_library(CONF_COMPRESS_ZSTD))
			continue;
		snprintf(keys, sizeof(keys),
			"type=file,path=%%D/out,rotate.bytes=100000,compress=%s,fsync=rotate",
			rows[i].keys);
		/* A file that an earlier run left uncompressed. */
		char left[200];
		snprintf(left, sizeof(left), "%s.20200101T000000Z-001", path);
		close(open(left, O_CREAT | O_WRONLY, 0600));
		open_sink(keys);
		CU_ASSERT_EQUAL(sink.ops->idle(&sink, 0), 0);
		put(0, 5000, 100);
		while (sink.ops->finish(&sink) > 0)
			usleep(1000);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		snprintf(command, sizeof(command), "out.*Z-*.%s", rows[i].ending);
		CU_ASSERT_EQUAL(count_files(command), 5);
		CU_ASSERT_EQUAL(count_files("*"), 6);
		snprintf(command, sizeof(command), "%s -dc %s/*.%s > %s/all && cat %s >> %s/all",
			rows[i].tool, rig.dir, rows[i].ending, rig.dir, path, rig.dir);
		if (system(command) == 0) {
			snprintf(left, sizeof(left), "%s/all", rig.dir);
			CU_ASSERT_EQUAL(lines_of(left, 0, 100), 5000);
		}
		clear();
	}
	struct compressor compressor = {.format = CONF_COMPRESS_GZIP};
	CU_ASSERT_EQUAL(compress_file(&compressor, path, path), -ENOENT);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	CU_ASSERT_EQUAL(compress_file(&compressor, path, "/dev/full"), -ENOSPC);
	compressor.cancel = true;
	CU_ASSERT_EQUAL(compress_file(&compressor, path, "/dev/null"), -ECANCELED);
	clear();
}

/* Stopped during compression or before: files stay intact, and the next start compresses them. */
static void compressed_later(void)
{
	for (unsigned wait_us = 0; wait_us < 4000; wait_us += 500) {
		open_sink("type=file,path=%D/out,rotate.bytes=2000000,compress=gzip");
		put(0, 60000, 100);
		usleep(wait_us);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		CU_ASSERT_EQUAL(count_files("*~"), 0);
		CU_ASSERT_EQUAL(count_files("out.*Z-*"), 2);
		open_sink("type=file,path=%D/out,rotate.bytes=2000000,compress=gzip");
		while (sink.ops->finish(&sink) > 0)
			usleep(1000);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		CU_ASSERT_EQUAL(count_files("out.*Z-*.gz"), 2);
		CU_ASSERT_EQUAL(count_files("out*"), 3);
		clear();
	}
}

void test_sink_rotate(void)
{
	CU_pSuite s = CU_add_suite("sink/rotate", set_up, rig_tear_down);
	CU_add_test(s, "by size", by_size);
	CU_add_test(s, "by count and age", by_count_and_age);
	CU_add_test(s, "the clock was wrong", clock_was_wrong);
	CU_add_test(s, "names of finished files", names_of_finished);
	CU_add_test(s, "compressed", compressed);
	CU_add_test(s, "compressed by the next start", compressed_later);
}
