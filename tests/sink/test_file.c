/* SPDX-License-Identifier: BSD-3-Clause */
/* The sinks file and stdout. */
#include "sink/files.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

void test_sink_file(void);

extern const struct sink_ops sink_file;

static void plain(void)
{
	open_sink("type=file,path=%D/out");
	put(0, 20000, 100);
	CU_ASSERT_EQUAL(metrics.writes, 1);
	CU_ASSERT_EQUAL(metrics.octets, 2000000);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 0, 100), 20000);
	/* Opened again, the sink appends; a partial line that a crash left is truncated. */
	CU_ASSERT_EQUAL(truncate(path, 1999950), 0);
	open_sink("type=file,path=%D/out");
	put(19999, 5, 100);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 0, 100), 20004);
	open_sink("type=file,path=%D/out,append=false");
	put(0, 1, 5000000); /* larger than any buffer */
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 0, 5000000), 1);
	CU_ASSERT_EQUAL(truncate(path, 4999999), 0);
	open_sink("type=file,path=%D/out");
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 0, 100), 0);
	clear();
}

static void write_file(const char *octets, size_t n)
{
	FILE *f = fopen(path, "wb");
	CU_ASSERT_EQUAL(fwrite(octets, 1, n, f), n);
	fclose(f);
}

/* Contents that are not ours are left as they are, with an error. */
static void foreign_contents(void)
{
	static const struct {
		const char *octets;
		size_t n;
		bool fresh, refused; /* append=false; expected */
		const char *error;
	} rows[] = {{"their notes", 11, false, true, "incomplete line"},
		{"a\nb\nc", 5, false, true, "incomplete line"},
		{"\xd4\xc3\xb2\xa1\2\0\4\0", 8, false, true, "is a capture"},
		{"\xd4\xc3\xb2\xa1\2\0\4\0", 8, true, true, "is a capture"},
		{"\x0a\x0d\x0d\x0a\x1c\0\0\0", 8, true, true, "is a capture"},
		{"a\nb\n", 4, false, false, NULL}, {"a\n{\"ts\":", 8, false, false, NULL},
		{"their notes", 11, true, false, NULL}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		char contents[64];
		write_file(rows[i].octets, rows[i].n);
		int rc = open_error(rows[i].fresh ? "type=file,path=%D/out,append=false"
						  : "type=file,path=%D/out",
			false);
		CU_ASSERT_EQUAL(rc, rows[i].refused ? -EEXIST : 0);
		if (rc == 0)
			CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		if (rows[i].error)
			CU_ASSERT_PTR_NOT_NULL(strstr(sink.error_text, rows[i].error));
		FILE *f = fopen(path, "rb");
		size_t n = fread(contents, 1, sizeof(contents), f);
		fclose(f);
		size_t want = rows[i].refused ? rows[i].n : rows[i].fresh ? 0 : i == 6 ? 2 : 4;
		CU_ASSERT(n == want && memcmp(contents, rows[i].octets, n) == 0);
		clear();
	}
}

/* A file has one writer. */
static void locked(void)
{
	open_sink("type=file,path=%D/out");
	put(0, 10, 100);
	struct sink first = sink;
	CU_ASSERT_EQUAL(open_error("type=file,path=%D/out", false), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(sink.error_text, "another process or sink"));
	CU_ASSERT_EQUAL(open_error("type=file,path=%D/out,append=false", false), -EBUSY);
	CU_ASSERT_EQUAL(lines_of(path, 0, 100), 10);
	sink = first;
	sink.conf = rig_sink(&rig, "type=file,path=%D/out", false); /* open_error() has freed it */
	CU_ASSERT_EQUAL(sink.ops->reopen(&sink), 0);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	clear();
}

static void modes(void)
{
	static const struct {
		const char *keys;
		mode_t mode;
	} rows[] = {{"type=file,path=%D/out", 0640}, {"type=file,path=%D/out,mode=0600", 0600},
		{"type=file,path=%D/out,mode=664,part=true", 0664}};
	mode_t before = umask(0);
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		struct stat st;
		open_sink(rows[i].keys);
		put(0, 1, 100);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 07777) == rows[i].mode);
		clear();
	}
	umask(before);
	static const char *const wrong[] = {"", "9", "0840", "1640", "0440", "rw"};
	for (size_t i = 0; i < BITS_COUNT(wrong); i++) {
		struct conf_error err;
		struct conf_sink conf = *rig_sink(&rig, "type=file,path=%D/out", false);
		char text[8];
		conf.mode = strcpy(text, wrong[i]);
		CU_ASSERT_EQUAL(sink_file.check(&conf, &err), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "mode: "));
	}
}

/* A FIFO without a reader blocks nobody; a reader that comes later gets everything. */
static void fifo_without_reader(void)
{
	for (int live = 0; live < 2; live++) {
		const struct sink_block *b = lines(0, 10, 100);
		char got[2000];
		CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
		CU_ASSERT_EQUAL_FATAL(open_error("type=file,path=%D/out", live), 0);
		CU_ASSERT_EQUAL(sink.ops->deliver(&sink, b, 0, 1), 0);
		CU_ASSERT_EQUAL(sink.error_text[0] != '\0', live);
		int fd = open(path, O_RDONLY | O_NONBLOCK);
		sink.error_text[0] = '\0';
		CU_ASSERT_EQUAL(sink.ops->deliver(&sink, b, 0, 100), 10);
		CU_ASSERT_EQUAL(read(fd, got, sizeof(got)), 1000);
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		close(fd);
		clear();
	}
}

static void cannot_open(void)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {{"/nowhere/at/all", -ENOENT}, {"/tmp", -EISDIR}, {"/dev/null/x", -ENOTDIR}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		char keys[100];
		snprintf(keys, sizeof(keys), "type=file,path=%s", rows[i].path);
		CU_ASSERT_EQUAL(open_error(keys, i == 0), rows[i].error);
		CU_ASSERT_PTR_NOT_NULL(strstr(sink.error_text, rows[i].path));
	}
}

/* A disk that is full within a line: the file is truncated to complete lines. Live, it goes on. */
static void truncated(void)
{
	struct rlimit before, small;
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t limit = 0; limit < 1000000; limit += limit < 400 ? 1 : 99999) {
		uint32_t done;
		bool live = limit % 2;
		small = (struct rlimit){limit, before.rlim_max};
		CU_ASSERT_EQUAL(open_error("type=file,path=%D/out,append=false", live), 0);
		setrlimit(RLIMIT_FSIZE, &small);
		const struct sink_block *b = lines(0, 12000, 100);
		int rc = deliver(b, &done);
		setrlimit(RLIMIT_FSIZE, &before);
		CU_ASSERT_EQUAL(rc, live ? 0 : -EFBIG);
		CU_ASSERT_PTR_NOT_NULL(strstr(sink.error_text, "File too large"));
		CU_ASSERT_EQUAL(done, limit / 100);
		CU_ASSERT_EQUAL(lines_of(path, 0, 100), (long)done);
		CU_ASSERT_EQUAL(metrics.octets, done * 100);
		sink.error_text[0] = '\0';
		if (live)
			CU_ASSERT_EQUAL(sink.ops->deliver(&sink, b, done, 20), (int)(12000 - done));
		CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
		CU_ASSERT_EQUAL(lines_of(path, 0, 100), live ? 12000 : (long)done);
	}
	signal(SIGXFSZ, SIG_DFL);
	clear();
}

/* A file that is not complete has the name .part. */
static void part(void)
{
	open_sink("type=file,path=%D/out,part=true");
	put(0, 10, 100);
	CU_ASSERT(count_files("out.part") == 1 && count_files("out") == 0);
	/* logrotate's signal finishes it too. */
	CU_ASSERT_EQUAL(sink.ops->reopen(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(path, 0, 100), 10);
	put(10, 10, 100);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT(count_files("out*") == 2 && count_files("out.*Z-000001") == 1);
	open_sink("type=file,path=%D/out,part=true");
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(count_files("out*"), 2); /* nothing was written: no file */
	clear();
	/* The next run finishes what a crash has left. */
	char name[120];
	snprintf(name, sizeof(name), "%s.part", path);
	close(open(name, O_CREAT | O_WRONLY, 0600));
	open_sink("type=file,path=%D/out,part=true,append=false");
	put(0, 1, 100);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT(count_files("out*") == 2 && lines_of(path, 0, 100) == 1);
	clear();
}

/* After the file was moved and reopened, the rest goes into a new file. */
static void reopened(void)
{
	char moved[120];
	snprintf(moved, sizeof(moved), "%s.1", path);
	open_sink("type=file,path=%D/out,fsync=block");
	put(0, 10, 100);
	CU_ASSERT_EQUAL(rename(path, moved), 0);
	put(10, 10, 100);
	CU_ASSERT_EQUAL(sink.ops->reopen(&sink), 0);
	put(20, 10, 100);
	CU_ASSERT_EQUAL(sink.ops->close(&sink), 0);
	CU_ASSERT_EQUAL(lines_of(moved, 0, 100), 20);
	CU_ASSERT_EQUAL(lines_of(path, 20, 100), 10);
	clear();
}

/* Replaces standard output. Returns the old one. */
static int replace_stdout(int fd)
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

/* Reads a pipe slowly, in small parts, until it ends. Returns the sum of its octets. */
static void *slow_reader(void *of)
{
	static unsigned long sum;
	char octets[3001];
	ssize_t n;
	sum = 0;
	while ((n = read(*(int *)of, octets, sizeof(octets))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += (unsigned char)octets[i];
		if (sum % 16 == 0)
			usleep(100);
	}
	return &sum;
}

/* A pipe with a small buffer gets everything, in partial writes, whatever the deadline. */
static void partial_writes(void)
{
	for (int blocking = 0; blocking < 2; blocking++) {
		int ends[2];
		pthread_t reader;
		void *result;
		unsigned long sum = 0;
		CU_ASSERT_EQUAL_FATAL(pipe2(ends, blocking ? 0 : O_NONBLOCK), 0);
		fcntl(ends[0], F_SETFL, 0);
		fcntl(ends[1], F_SETPIPE_SZ, 4096);
		int old = replace_stdout(ends[1]);
		close(ends[1]);
		int bad = open_error("type=stdout", false);
		pthread_create(&reader, NULL, slow_reader, &ends[0]);
		const struct sink_block *b = lines(0, 9000, 97);
		for (uint32_t done = 0; done < b->n_docs && bad == 0;) {
			int n = sink.ops->deliver(&sink, b, done, 1);
			bad = n < 0 ? n : 0;
			done += (uint32_t)(n > 0 ? n : 0);
		}
		sink.ops->close(&sink);
		restore(old); /* closes the last end for writing: the reader ends */
		pthread_join(reader, &result);
		close(ends[0]);
		for (size_t i = 0; i < b->len; i++)
			sum += (unsigned char)b->data[i];
		CU_ASSERT_EQUAL(bad, 0);
		CU_ASSERT_EQUAL(*(unsigned long *)result, sum);
		CU_ASSERT(metrics.octets == 9000 * 97 && metrics.writes > 100);
	}
}

static void broken_pipe(void)
{
	int ends[2];
	uint32_t done;
	sigset_t pipe_signal, before;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	int old = replace_stdout(ends[1]);
	int opened = open_error("type=stdout", false);
	close(ends[0]);
	int rc = deliver(lines(0, 1, 100), &done), closed = sink.ops->close(&sink);
	int still = fcntl(STDOUT_FILENO, F_GETFD);
	restore(old);
	close(ends[1]);
	CU_ASSERT(opened == 0 && closed == 0 && rc == -EPIPE);
	CU_ASSERT_PTR_NOT_NULL(strstr(sink.error_text, "standard output: Broken pipe"));
	CU_ASSERT(still >= 0); /* standard output is not ours to close */
	struct timespec none = {0};
	CU_ASSERT_EQUAL(sigtimedwait(&pipe_signal, NULL, &none), SIGPIPE);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Standard output that is a file belongs to others too: it is never truncated. */
static void stdout_file(void)
{
	struct rlimit before, small;
	struct stat st;
	uint32_t done;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, "theirs\n", 7) == 7);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){150, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	int old = replace_stdout(fd);
	int opened = open_error("type=stdout", false);
	setrlimit(RLIMIT_FSIZE, &small);
	int rc = deliver(lines(0, 2, 100), &done);
	setrlimit(RLIMIT_FSIZE, &before);
	sink.ops->close(&sink);
	restore(old);
	signal(SIGXFSZ, SIG_DFL);
	CU_ASSERT(opened == 0 && rc == -EFBIG && done == 1);
	CU_ASSERT(fstat(fd, &st) == 0 && st.st_size == 150);
	close(fd);
	clear();
}

void test_sink_file(void)
{
	CU_pSuite s = CU_add_suite("sink/file", set_up, rig_tear_down);
	CU_add_test(s, "a file", plain);
	CU_add_test(s, "errors of open", cannot_open);
	CU_add_test(s, "foreign contents", foreign_contents);
	CU_add_test(s, "one writer", locked);
	CU_add_test(s, "modes", modes);
	CU_add_test(s, "a FIFO without a reader", fifo_without_reader);
	CU_add_test(s, "truncated to complete lines", truncated);
	CU_add_test(s, ".part", part);
	CU_add_test(s, "reopened", reopened);
	CU_add_test(s, "partial writes", partial_writes);
	CU_add_test(s, "a broken pipe", broken_pipe);
	CU_add_test(s, "standard output is a file", stdout_file);
}
