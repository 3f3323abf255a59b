/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/output.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void test_sink_output(void);

static struct output sink;
static struct metrics_sink metrics;
static char folder[] = "/tmp/test_sink.XXXXXX", path[64];

static int set_up(void)
{
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/out.jsonl", folder);
	return 0;
}

static int tear_down(void)
{
	unlink(path);
	return rmdir(folder);
}

static void open_sink(const char *name)
{
	memset(&metrics, 0, sizeof(metrics));
	CU_ASSERT_EQUAL_FATAL(output_open(&sink, name, &metrics), 0);
}

/* Line number n: `len` octets, the line end included. */
static void append(unsigned n, size_t len)
{
	text_format(&sink.out, "%08u", n);
	while (--len > 8)
		text_char(&sink.out, (char)('a' + (n + len) % 26));
	text_char(&sink.out, '\n');
}

static int put_line(unsigned n, size_t len)
{
	char *start = sink.out.at, *end = sink.out.end;
	append(n, len);
	while (sink.out.full) {
		sink.out = (struct text){.at = start, .end = end, .start = sink.out.start};
		int error = output_make_room(&sink);
		if (error)
			return error;
		start = sink.out.at;
		end = sink.out.end;
		append(n, len);
	}
	return output_line(&sink);
}

/* Are `size` octets of the file the lines 0, 1, 2... of `len` octets, and how many? -1: no. */
static long lines_of(const char *name, size_t len)
{
	FILE *f = fopen(name, "rb");
	char *line = malloc(len + 2);
	long n = 0;
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (size_t k; (k = fread(line, 1, len, f)) > 0; n++)
		if (k < len || atol(line) != n || line[len - 1] != '\n' ||
			memchr(line, '\n', len - 1) || (len > 20 && line[8] < 'a'))
			n = -1000000;
	free(line);
	fclose(f);
	return n;
}

static void to_file(void)
{
	open_sink(path);
	CU_ASSERT_STRING_EQUAL(sink.name, path);
	for (unsigned i = 0; i < 20000; i++)
		CU_ASSERT_EQUAL(put_line(i, 100), 0);
	CU_ASSERT_FATAL(metrics.writes > 1 && metrics.writes <= 2000000 / OUTPUT_FLUSH + 1);
	CU_ASSERT_EQUAL(output_close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 100), 20000);
	CU_ASSERT(metrics.written == 20000 && metrics.octets == 2000000);
	CU_ASSERT_EQUAL(metrics.dropped_sink, 0);
	/* opened again it is empty, and nothing gathered is no write */
	open_sink(path);
	CU_ASSERT_EQUAL(output_flush(&sink), 0);
	CU_ASSERT_EQUAL(output_close(&sink), 0);
	CU_ASSERT_EQUAL(metrics.writes, 0);
	CU_ASSERT_EQUAL(lines_of(path, 100), 0);
}

static void cannot_open(void)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {{"/nowhere/at/all", -ENOENT}, {"/tmp", -EISDIR}, {"", -ENOENT},
		{"/dev/null/x", -ENOTDIR}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		memset(&metrics, 0, sizeof(metrics));
		CU_ASSERT_EQUAL(output_open(&sink, rows[i].path, &metrics), rows[i].error);
	}
}

/* A device that is full: the error comes back, stays, and all lines are counted as dropped. */
static void no_space(void)
{
	open_sink("/dev/full");
	unsigned i = 0;
	while (put_line(i, 100) == 0 && i < 100000)
		i++;
	CU_ASSERT(i < OUTPUT_FLUSH / 100 + 2);
	CU_ASSERT_EQUAL(sink.error, -ENOSPC);
	CU_ASSERT_EQUAL(put_line(++i, 100), -ENOSPC);
	CU_ASSERT_EQUAL(metrics.writes, 1);
	CU_ASSERT_EQUAL(output_flush(&sink), -ENOSPC);
	CU_ASSERT_EQUAL(metrics.writes, 1); /* no further write is tried */
	CU_ASSERT_EQUAL(metrics.dropped_sink, i + 1);
	CU_ASSERT(metrics.written == 0 && metrics.octets == 0);
	CU_ASSERT_EQUAL(output_close(&sink), -ENOSPC);
}

/* Replaces standard output while a sink is open on it. Returns the old one. */
static int standard_is(int fd)
{
	fflush(stdout);
	int old = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	return old;
}

static void restore(int old)
{
	dup2(old, STDOUT_FILENO);
	close(old);
}

static void broken_pipe(void)
{
	int ends[2];
	sigset_t pipe_signal, before;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	int old = standard_is(ends[1]);
	memset(&metrics, 0, sizeof(metrics));
	int opened = output_open(&sink, "-", &metrics);
	close(ends[0]);
	int first = put_line(0, 100), flushed = output_flush(&sink), closed = output_close(&sink);
	int still = fcntl(STDOUT_FILENO, F_GETFD);
	restore(old);
	close(ends[1]);
	CU_ASSERT(opened == 0 && first == 0);
	CU_ASSERT(flushed == -EPIPE && closed == -EPIPE);
	CU_ASSERT(still >= 0); /* standard output is not ours to close */
	CU_ASSERT(metrics.dropped_sink == 1 && metrics.written == 0);
	struct timespec none = {0};
	CU_ASSERT_EQUAL(sigtimedwait(&pipe_signal, NULL, &none), SIGPIPE);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Reads a pipe slowly, in small pieces, until it ends. */
static void *slow_reader(void *of)
{
	int *fd = of;
	char room[3001];
	static unsigned long sum;
	ssize_t n;
	sum = 0;
	while ((n = read(*fd, room, sizeof(room))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += (unsigned char)room[i];
		if (sum % 16 == 0)
			usleep(100);
	}
	return &sum;
}

/* A pipe that does not block and takes little at a time gets everything, in partial writes. */
static void partial_writes(void)
{
	int ends[2];
	pthread_t reader;
	void *result;
	unsigned long sum = 0;
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
	fcntl(ends[0], F_SETFL, 0);
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	int old = standard_is(ends[1]);
	close(ends[1]);
	memset(&metrics, 0, sizeof(metrics));
	int bad = output_open(&sink, "-", &metrics);
	pthread_create(&reader, NULL, slow_reader, &ends[0]);
	for (unsigned i = 0; i < 9000; i++) {
		const char *start = sink.out.at;
		append(i, 97);
		for (const char *p = start; p < sink.out.at; p++)
			sum += (unsigned char)*p;
		bad |= output_line(&sink);
	}
	bad |= output_close(&sink);
	restore(old); /* the pipe's last end for writing: the reader ends */
	pthread_join(reader, &result);
	close(ends[0]);
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_EQUAL(*(unsigned long *)result, sum);
	CU_ASSERT(metrics.written == 9000 && metrics.octets == 9000 * 97);
	CU_ASSERT(metrics.writes > 100);
}

/* The disk is full in the middle of a line: the file ends with a whole line, all are counted. */
static void cut_back(void)
{
	struct rlimit before, little;
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t limit = 0; limit < 1000000; limit += limit < 400 ? 1 : 99999) {
		little = (struct rlimit){limit, before.rlim_max};
		open_sink(path);
		setrlimit(RLIMIT_FSIZE, &little);
		unsigned taken = 0;
		while (put_line(taken++, 100) == 0 && taken < 12000)
			if (taken % 3000 == 0)
				output_flush(&sink);
		int flushed = output_flush(&sink);
		int closed = output_close(&sink);
		setrlimit(RLIMIT_FSIZE, &before);
		CU_ASSERT(flushed == -EFBIG && closed == -EFBIG);
		CU_ASSERT_EQUAL(lines_of(path, 100), (long)(limit / 100));
		CU_ASSERT_EQUAL(metrics.written, limit / 100);
		CU_ASSERT_EQUAL(metrics.octets, limit / 100 * 100);
		CU_ASSERT_EQUAL(metrics.written + metrics.dropped_sink, taken);
	}
	signal(SIGXFSZ, SIG_DFL);
}

/* Standard output that is a file belongs to others too: it is never cut back. */
static void standard_file(void)
{
	struct rlimit before, little;
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, "theirs\n", 7) == 7);
	getrlimit(RLIMIT_FSIZE, &before);
	little = (struct rlimit){150, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	int old = standard_is(fd);
	memset(&metrics, 0, sizeof(metrics));
	int opened = output_open(&sink, "-", &metrics);
	append(0, 100);
	output_line(&sink);
	append(1, 100);
	output_line(&sink);
	setrlimit(RLIMIT_FSIZE, &little);
	int closed = output_close(&sink);
	setrlimit(RLIMIT_FSIZE, &before);
	restore(old);
	signal(SIGXFSZ, SIG_DFL);
	CU_ASSERT(opened == 0 && closed == -EFBIG);
	CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == 150);
	CU_ASSERT(metrics.written == 1 && metrics.dropped_sink == 1);
	close(fd);
}

/* A document larger than the buffer: what is gathered goes first, then the buffer grows. */
static void huge(void)
{
	open_sink(path);
	CU_ASSERT_EQUAL(put_line(0, 5000000), 0);
	CU_ASSERT_EQUAL(metrics.written, 1);
	CU_ASSERT_EQUAL(put_line(1, 5000000), 0);
	CU_ASSERT_EQUAL(output_close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 5000000), 2);
	open_sink(path);
	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(put_line(i, 10), 0);
	char *start = sink.out.at, *end = sink.out.end;
	CU_ASSERT_FALSE(text_room(&sink.out, OUTPUT_BUFFER));
	sink.out = (struct text){.at = start, .end = end, .start = sink.out.start};
	CU_ASSERT_EQUAL(output_make_room(&sink), 0);
	CU_ASSERT_EQUAL(metrics.written, 1000);
	size_t size = OUTPUT_BUFFER;
	for (; size < OUTPUT_LARGEST; size *= 2) {
		CU_ASSERT_EQUAL_FATAL(output_make_room(&sink), 0);
		CU_ASSERT_FATAL((size_t)(sink.out.end - sink.out.at) > size);
	}
	CU_ASSERT_EQUAL(output_make_room(&sink), -EFBIG);
	CU_ASSERT_EQUAL(sink.error, 0); /* that document is lost, not the sink */
	CU_ASSERT_EQUAL(put_line(1000, 10), 0);
	CU_ASSERT_EQUAL(output_close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 10), 1001);
}

void test_sink_output(void)
{
	CU_pSuite s = CU_add_suite("sink/output", set_up, tear_down);
	CU_add_test(s, "a file", to_file);
	CU_add_test(s, "what cannot be opened", cannot_open);
	CU_add_test(s, "no space", no_space);
	CU_add_test(s, "a broken pipe", broken_pipe);
	CU_add_test(s, "partial writes", partial_writes);
	CU_add_test(s, "cut back to whole lines", cut_back);
	CU_add_test(s, "standard output is a file", standard_file);
	CU_add_test(s, "huge documents", huge);
}
