/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed.h"

#include "rx/capmake.h"
#include "rx/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void test_rx_feed(void);

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du

static struct feed feed;
static struct tap t, u;
static int start(const char *const *files, size_t n, unsigned queues)
{
	return feed_start(&feed, files, n, &(struct feed_options){.queues = queues});
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_files(void)
{
	static const int64_t ts[] = {5000000007, 3000000007, 9000000000, 1000000};
	static const int64_t clock[] = {5000000007, 5000000007, 9000000000, 9000000000};
	struct capmake a = capmake_of(4096, false), b = capmake_of(4096, true);
	char dir[] = "/tmp/feed-test-XXXXXX", path[64], other[32];
	struct feed_progress progress;
	uint32_t len;

	put_file_head(&a, MAGIC_NS, 2, 4, 0x24000001);
	put_record(&a, 5, 7, 1, 60, 60);
	put_record(&a, 3, 7, 2, 61, 1500);
	put_section(&b, 1, 0, UINT64_MAX);
	put_interface(&b, 113, 0, 6);
	put_packet(&b, 0, 9000000, 3, 62, 62);
	put_packet(&b, 0, 1000, 4, 0, 99);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a, b\n,rx_pcap=c", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CU_ASSERT_EQUAL_FATAL(write(fd, a.octets, a.len), (ssize_t)a.len);
	close(fd);
	fd = capmake_memfd(&b, other);
	const char *files[] = {path, other};
	CU_ASSERT_EQUAL_FATAL(start(files, 2, 1), 0);
	tap_open(&t, &feed, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct feed_preamble p = tap_take(&t, &len);
		CU_ASSERT_EQUAL(p.number, i + 1);
		CU_ASSERT_EQUAL(p.ts_ns, ts[i]);
		CU_ASSERT_EQUAL(p.clock_ns, clock[i]);
		CU_ASSERT_EQUAL(p.wire_len, i == 1 ? 1500 : i == 3 ? 99 : 60 + i);
		CU_ASSERT_EQUAL(p.link_type, i < 2 ? 1 : 113);
		CU_ASSERT_EQUAL(p.fcs_len, i < 2 ? 4 : 0);
		CU_ASSERT_EQUAL(p.flags, 0);
		CU_ASSERT_TRUE(len == (i == 3 ? 0 : 60 + i) && tap_counts_up(&t, i + 1, len));
	}
	tap_end(&t);
	feed_progress(&feed, &progress);
	CU_ASSERT_EQUAL(progress.frames, 4);
	CU_ASSERT_EQUAL(progress.octets_read, a.len + b.len);
	CU_ASSERT_EQUAL(progress.octets_total, a.len + b.len);
	CU_ASSERT_EQUAL(feed_result(&feed, NULL), 0);
	feed_stop(&feed);
	unlink(path);
	rmdir(dir);
	close(fd);
	capmake_free(&a);
	capmake_free(&b);
}

static unsigned by_length(void *arg, const struct capfile_frame *f, uint64_t number)
{
	*(uint64_t *)arg += number;
	return f->cap_len % 3;
}

/* Reads all queues to the end and checks that each frame came once. How many queue 0 got. */
static uint64_t drain_queues(unsigned queues, uint64_t frames, uint64_t *order)
{
	uint8_t *seen = calloc(frames + 1, 1);
	uint64_t total = 0, in_first = 0;
	uint32_t len;

	for (unsigned q = 0; q < queues; q++) {
		tap_open(&t, &feed, q);
		uint64_t last = 0;
		while (tap_wait(&t)) {
			struct feed_preamble p = tap_take(&t, &len);
			CU_ASSERT_TRUE_FATAL(p.number > last && p.number <= frames);
			CU_ASSERT_EQUAL(p.clock_ns, (int64_t)(p.number - 1) * 1000000000);
			CU_ASSERT_EQUAL(seen[p.number], 0);
			seen[p.number] = 1;
			last = p.number;
			*order = *order * 31 + p.number * 7 + q;
			total++;
		}
		in_first = q == 0 ? t.taken : in_first;
		tap_end(&t);
	}
	CU_ASSERT_EQUAL(total, frames);
	free(seen);
	return in_first;
}

static void test_queues(void)
{
	struct capmake m = capmake_of(100000, false);
	uint64_t order[5] = {0}, sum = 0, n;
	char path[32];

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (unsigned i = 0; i < 900; i++)
		put_record(&m, i, 0, i, 20 + i % 6, 60);
	int fd = capmake_memfd(&m, path);
	const char *files[] = {path};
	const struct feed_options options[] = {{.queues = 3}, {.queues = 3, .seed = 1},
		{.queues = 3, .seed = 1}, {.queues = 3, .seed = 2},
		{.queues = 3, .steer = by_length, .steer_arg = &sum}};
	for (size_t i = 0; i < BITS_COUNT(options); i++) {
		CU_ASSERT_EQUAL_FATAL(feed_start(&feed, files, 1, &options[i]), 0);
		n = drain_queues(3, 900, &order[i]);
		CU_ASSERT_TRUE(options[i].seed ? n > 200 && n < 400 : n == 300);
		feed_stop(&feed);
	}
	CU_ASSERT_EQUAL(order[1], order[2]);
	CU_ASSERT_NOT_EQUAL(order[1], order[3]);
	CU_ASSERT_NOT_EQUAL(order[0], order[4]);
	CU_ASSERT_EQUAL(sum, 900 * 901 / 2);
	close(fd);
	capmake_free(&m);
}

/* Frames up to and beyond what a record holds, much more of them than a pipe takes. */
static void test_long_frames(void)
{
	static const size_t pipes[] = {0, 65536, 8192};
	static const uint32_t most[] = {FEED_CAPTURE_MAX, 32768 - 16, 4096 - 16};
	static const uint32_t lens[] = {1, 4000, 4048, 4049, 32720, 32721, 100000, 262111, 262112,
		262113, CAPFILE_FRAME_MAX};
	struct capmake m = capmake_of(6 << 20, false);
	char path[32];
	uint32_t len;

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (unsigned i = 0; i < 4 * BITS_COUNT(lens); i++) {
		uint32_t n = lens[i * 7 % BITS_COUNT(lens)];
		put_record(&m, i, 0, i, n, n);
	}
	int fd = capmake_memfd(&m, path);
	const char *files[] = {path};
	for (size_t i = 0; i < BITS_COUNT(pipes); i++) {
		struct feed_options o = {.queues = 1, .pipe_bytes = pipes[i]};
		struct feed_progress progress;
		uint64_t cut = 0;
		CU_ASSERT_EQUAL_FATAL(feed_start(&feed, files, 1, &o), 0);
		tap_open(&t, &feed, 0);
		for (unsigned k = 0; k < 4 * BITS_COUNT(lens); k++) {
			struct feed_preamble p = tap_take(&t, &len);
			uint32_t wire = lens[k * 7 % BITS_COUNT(lens)], max = most[i] - 32;
			CU_ASSERT_EQUAL(p.wire_len, wire);
			CU_ASSERT_EQUAL(len, wire < max ? wire : max);
			CU_ASSERT_EQUAL(p.flags, wire > max ? FEED_TRUNCATED : 0);
			CU_ASSERT_TRUE(tap_counts_up(&t, k, len));
			cut += wire > max;
		}
		tap_end(&t);
		feed_progress(&feed, &progress);
		CU_ASSERT_EQUAL(progress.frames_cut, cut);
		feed_stop(&feed);
	}
	close(fd);
	capmake_free(&m);
}

/* What feed_start refuses leaves nothing open. */
static void test_refusals(void)
{
	struct capmake m = capmake_of(64, false);
	char good[32];

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	int fd = capmake_memfd(&m, good);
	const struct {
		const char *files[3];
		size_t n;
		unsigned queues;
		int outcome;
		const char *words;
	} rows[] = {{{"/nonexistent,1"}, 1, 1, -ENOENT, "/nonexistent,1: "},
		{{good, good, "/nonexistent"}, 3, 1, -ENOENT, "/nonexistent: "},
		{{"/"}, 1, 1, -ENOENT, "/: no captures"},
		{{good, "/"}, 2, 1, -ENOENT, "/: no captures"},
		{{"-", "-"}, 2, 1, -EINVAL, "standard input: is given twice"},
		{{NULL}, 0, 1, -EINVAL, "no capture file"}, {{good}, 1, 0, -EINVAL, "queues"},
		{{good}, 1, FEED_QUEUES_MAX + 1, -EINVAL, "queues"}};
	int before = open_fds();
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		CU_ASSERT_EQUAL(start(rows[i].files, rows[i].n, rows[i].queues), rows[i].outcome);
		CU_ASSERT_PTR_NOT_NULL(strstr(feed.message, rows[i].words));
		feed_stop(&feed);
		CU_ASSERT_EQUAL(open_fds(), before);
	}
	CU_ASSERT_EQUAL(start((const char *[]){good}, 1, 4), 0);
	feed_stop(&feed);
	feed_stop(&feed);
	CU_ASSERT_EQUAL(open_fds(), before);
	close(fd);
	capmake_free(&m);
}

/* A file that is cut, or is none, spoils neither its own first frames nor the files after it. */
static void test_failing_files(void)
{
	struct capmake m = capmake_of(4096, false);
	char good[32], cut[32];
	struct feed_progress progress;
	const char *message;
	uint32_t len;
	int fds[2];

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	put_record(&m, 1, 0, 1, 60, 60);
	fds[0] = capmake_memfd(&m, good);
	put_record(&m, 2, 0, 2, 60, 60);
	m.len--;
	fds[1] = capmake_memfd(&m, cut);
	const char *files[] = {cut, good, "/proc/self/status", good, "/dev/null"};
	CU_ASSERT_EQUAL_FATAL(start(files, 5, 1), 0);
	tap_open(&t, &feed, 0);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(tap_take(&t, &len).number, i + 1);
		CU_ASSERT_TRUE(len == 60 && tap_counts_up(&t, 1, len));
	}
	tap_end(&t);
	CU_ASSERT_EQUAL(feed_result(&feed, &message), -ENODATA);
	CU_ASSERT_PTR_EQUAL(strstr(message, cut), message);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "(octet 100, frame 2)"));
	feed_progress(&feed, &progress);
	CU_ASSERT_EQUAL(progress.files_failed, 3);
	feed_stop(&feed);
	/* It is the same for the first one. */
	CU_ASSERT_EQUAL_FATAL(start((const char *[]){"/proc/self/status", good}, 2, 1), 0);
	tap_open(&t, &feed, 0);
	CU_ASSERT_EQUAL(tap_take(&t, &len).number, 1);
	CU_ASSERT_TRUE(len == 60 && tap_counts_up(&t, 1, len));
	tap_end(&t);
	CU_ASSERT_EQUAL(feed_result(&feed, &message), -EINVAL);
	feed_stop(&feed);
	close(fds[0]);
	close(fds[1]);
	capmake_free(&m);
}

/* More files than are held open. */
static void test_many_files(void)
{
	struct capmake m = capmake_of(4096, false);
	const char *files[FEED_HELD_MAX + 50];
	char path[32];
	uint32_t len;

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	put_record(&m, 1, 0, 1, 60, 60);
	int fd = capmake_memfd(&m, path);
	for (size_t i = 0; i < BITS_COUNT(files); i++)
		files[i] = path;
	CU_ASSERT_EQUAL_FATAL(start(files, BITS_COUNT(files), 1), 0);
	CU_ASSERT_TRUE(open_fds() < FEED_HELD_MAX + 50);
	tap_open(&t, &feed, 0);
	for (size_t i = 0; i < BITS_COUNT(files); i++)
		CU_ASSERT_EQUAL(tap_take(&t, &len).number, i + 1);
	tap_end(&t);
	feed_stop(&feed);
	close(fd);
	capmake_free(&m);
}

/* Standard input, a record at a time: each is there as soon as it was written. */
static void test_live(void)
{
	struct capmake m = capmake_of(4096, false);
	int saved = dup(STDIN_FILENO), fds[2];
	struct feed_progress progress;
	const char *message;
	char path[32];
	uint32_t len;

	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	dup2(fds[0], STDIN_FILENO);
	put_file_head(&m, MAGIC_US, 2, 4, 1);
	int file = capmake_memfd(&m, path);
	m.len = 0;
	CU_ASSERT_EQUAL_FATAL(start((const char *[]){"-", path}, 2, 2), 0);
	tap_open(&t, &feed, 0);
	tap_open(&u, &feed, 1);
	put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct tap *to = i % 2 ? &u : &t;
		put_record(&m, i, 0, i, 60, 60);
		CU_ASSERT_EQUAL(write(fds[1], m.octets, m.len), (ssize_t)m.len);
		CU_ASSERT_EQUAL(tap_take(to, &len).number, i + 1);
		CU_ASSERT_TRUE(tap_counts_up(to, i, len));
		CU_ASSERT_FALSE(feed_done(&feed));
		m.len = 0;
	}
	CU_ASSERT_EQUAL(write(fds[1], "cut", 3), 3);
	close(fds[1]);
	tap_end(&t);
	tap_end(&u);
	CU_ASSERT_EQUAL(feed_result(&feed, &message), -ENODATA);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "standard input: "));
	feed_progress(&feed, &progress);
	CU_ASSERT_EQUAL(progress.octets_total, 0);
	feed_stop(&feed);
	CU_ASSERT_TRUE(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(file);
	close(fds[0]);
	capmake_free(&m);
}

/* feed_stop ends the thread where it waits: for a fifo's writer, for input, for space in a pipe. */
static void test_stop(void)
{
	struct capmake m = capmake_of(5 << 20, false);
	char dir[] = "/tmp/feed-test-XXXXXX", path[64], big[32];
	int before = open_fds();

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL_FATAL(start((const char *[]){path}, 1, 1), 0);
	usleep(20000);
	feed_stop(&feed);

	CU_ASSERT_EQUAL_FATAL(start((const char *[]){path}, 1, 1), 0);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	put_file_head(&m, MAGIC_US, 2, 4, 1);
	CU_ASSERT_EQUAL(write(fd, m.octets, m.len), (ssize_t)m.len);
	usleep(20000);
	CU_ASSERT_FALSE(feed_done(&feed));
	feed_stop(&feed);
	close(fd);
	unlink(path);
	rmdir(dir);
	for (unsigned i = 0; i < 5000; i++)
		put_record(&m, i, 0, i, 1000, 1000);
	fd = capmake_memfd(&m, big);
	CU_ASSERT_EQUAL_FATAL(start((const char *[]){big}, 1, 2), 0);
	tap_open(&t, &feed, 0);
	tap_wait(&t), usleep(20000);
	CU_ASSERT_FALSE(feed_done(&feed));
	feed_stop(&feed);
	close(t.fd);
	close(fd);
	CU_ASSERT_EQUAL(open_fds(), before);
	capmake_free(&m);
}

void test_rx_feed(void)
{
	CU_pSuite s = CU_add_suite("rx_feed", NULL, NULL);
	CU_add_test(s, "files", test_files);
	CU_add_test(s, "queues", test_queues);
	CU_add_test(s, "long frames", test_long_frames);
	CU_add_test(s, "refusals", test_refusals);
	CU_add_test(s, "failing files", test_failing_files);
	CU_add_test(s, "many files", test_many_files);
	CU_add_test(s, "live input", test_live);
	CU_add_test(s, "stop", test_stop);
}
