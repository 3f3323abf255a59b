/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/follow.h"

#include "rx/capmake.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void test_rx_follow(void);

#define MAGIC_US 0xa1b2c3d4u
#define LOOK_NS (FOLLOW_LOOK_MS * INT64_C(1000000))

static struct follow f;
static char dir[64];
static int64_t now_ns;
static const char *name;

static char *in_dir(const char *file)
{
	static char path[2][128];
	static unsigned i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, file);
	return path[i];
}

/* A file of n packets from a second on, written as a whole, or its last part as well if `more`. */
static void write_file(const char *file, unsigned from, unsigned n, bool more)
{
	struct capmake m = capmake_of(65536, false);

	if (!more)
		put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (unsigned i = 0; i < n; i++)
		put_record(&m, from + i, 0, 1, 60, 60);
	int fd = open(
		in_dir(file), O_WRONLY | O_CREAT | (more ? O_APPEND : O_TRUNC) | O_CLOEXEC, 0600);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, m.octets, m.len), (ssize_t)m.len);
	close(fd);
	capmake_free(&m);
}

static void begin(const char *file)
{
	snprintf(dir, sizeof(dir), "/tmp/dnsloupe-follow-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	now_ns = 0;
	if (file)
		write_file(file, 1, 0, false);
}

static void end(void)
{
	char command[128];

	follow_close(&f);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

/* The next file, with a look at all names. Its name within the directory; NULL: there is none. */
static const char *next(void)
{
	now_ns += LOOK_NS;
	int fd = follow_next(&f, now_ns, &name);
	return fd < 0 ? NULL : strrchr(name, '/') + 1;
}

static enum follow_state look(void)
{
	now_ns += LOOK_NS;
	return follow_check(&f, (uint64_t)lseek(f.fd, 0, SEEK_CUR), now_ns);
}

/* Reads all there is. */
static void drain(void)
{
	lseek(f.fd, 0, SEEK_END);
}

/* A file grows; it ends once another one has a packet, and only after another look at it. */
static void ring(void)
{
	begin(NULL);
	write_file("b", 100, 3, false);
	write_file("a", 200, 3, false);
	write_file("other.txt", 0, 0, false);
	CU_ASSERT_EQUAL_FATAL(follow_open(&f, dir, false), 0);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "b");
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN); /* "a" is there, but did "b" grow before? */
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "a");
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	write_file("a", 210, 1, true);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	drain();
	write_file("c", 300, 0, false); /* a header alone */
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	write_file("a", 290, 1, true);
	write_file("c", 300, 1, true);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	/* Renamed files are the same ones. */
	rename(in_dir("a"), in_dir("z"));
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "c");
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	/* The ring begins anew: the oldest is written over. */
	write_file("b", 400, 2, false);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "b");
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	CU_ASSERT_PTR_NULL(next());
	CU_ASSERT(f.rewritten == 0 && f.missed == 0);
	end();
}

/* Files that the ring overwrites unread are counted, and files that grow after a later one has
 * begun. */
static void overtaken(void)
{
	begin(NULL);
	write_file("a", 100, 3, false);
	write_file("b", 200, 3, false);
	write_file("c", 300, 3, false);
	write_file("d", 350, 3, false);
	CU_ASSERT_EQUAL_FATAL(follow_open(&f, dir, false), 0);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "a");
	write_file("b", 400, 4, false);
	unlink(in_dir("c"));
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	CU_ASSERT_EQUAL(f.missed, 2);
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "d");
	drain();
	write_file("a", 110, 1, true);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	CU_ASSERT_EQUAL(f.missed, 3);
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	CU_ASSERT_EQUAL(f.missed, 3);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "b");
	/* This one is overwritten while it is read, by a shorter one and by a longer one. */
	for (unsigned n = 2; n < 9; n += 5) {
		CU_ASSERT_EQUAL(lseek(f.fd, 24 + 3 * 76, SEEK_SET), 24 + 3 * 76);
		write_file("b", 500 + n, n, false);
		CU_ASSERT_EQUAL(look(), FOLLOW_REWRITTEN);
		CU_ASSERT_STRING_EQUAL_FATAL(next(), "b");
	}
	CU_ASSERT_EQUAL(f.rewritten, 2);
	CU_ASSERT_EQUAL(f.missed, 3);
	end();
}

/* A single file is read before it has a packet; its name may become another file's, or disappear.
 */
static void single(void)
{
	begin("x");
	char path[128];
	snprintf(path, sizeof(path), "%s/x", dir);
	write_file("y", 7, 3, false);
	CU_ASSERT_EQUAL_FATAL(follow_open(&f, path, true), 0);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "x");
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	write_file("x", 100, 1, true);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	rename(in_dir("x"), in_dir("x.1"));
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	write_file("x", 200, 0, false);
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	write_file("x.1", 150, 1, true); /* its writer has not noticed yet */
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	drain();
	write_file("x", 200, 1, true);
	CU_ASSERT_EQUAL(look(), FOLLOW_GROWN);
	CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "x");
	drain();
	CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
	/* Truncated, and nothing yet. */
	CU_ASSERT_EQUAL(truncate(path, 0), 0);
	CU_ASSERT_EQUAL(look(), FOLLOW_REWRITTEN);
	CU_ASSERT_PTR_NULL(next());
	write_file("x", 200, 1, false); /* the same as before */
	CU_ASSERT_STRING_EQUAL_FATAL(next(), "x");
	CU_ASSERT(f.rewritten == 1 && f.missed == 0);
	end();
}

/* With and without inotify: a wait ends when something is written, and names are looked at. */
static void waits(void)
{
	int stop_fd = eventfd(0, EFD_CLOEXEC);
	for (unsigned blind = 0; blind < 2; blind++) {
		begin(NULL);
		write_file("a", 100, 1, false);
		CU_ASSERT_EQUAL_FATAL(follow_open(&f, dir, false), 0);
		CU_ASSERT_FATAL(f.notify_fd >= 0);
		if (blind) {
			close(f.notify_fd);
			f.notify_fd = -1;
		}
		CU_ASSERT_STRING_EQUAL_FATAL(next(), "a");
		drain();
		CU_ASSERT_EQUAL(look(), FOLLOW_QUIET);
		write_file("b", 200, 1, false);
		if (!blind) {
			follow_wait(&f, stop_fd);
			CU_ASSERT_TRUE(f.due); /* no time has passed */
			CU_ASSERT_EQUAL(follow_check(&f, 100, now_ns), FOLLOW_GROWN);
			write_file("b", 201, 1, true);
			follow_wait(&f, stop_fd);
		} else {
			follow_wait(&f, stop_fd);
			CU_ASSERT_EQUAL(follow_check(&f, 100, now_ns), FOLLOW_QUIET);
			CU_ASSERT_EQUAL(follow_check(&f, 100, now_ns + LOOK_NS), FOLLOW_GROWN);
		}
		CU_ASSERT_EQUAL(look(), FOLLOW_ENDED);
		end();
	}
	close(stop_fd);
}

static void refusals(void)
{
	CU_ASSERT_EQUAL(follow_open(&f, "/nonexistent", false), -ENOENT);
	follow_close(&f);
	follow_close(&f);
}

void test_rx_follow(void)
{
	CU_pSuite s = CU_add_suite("rx/follow", NULL, NULL);
	CU_add_test(s, "ring", ring);
	CU_add_test(s, "overtaken", overtaken);
	CU_add_test(s, "single", single);
	CU_add_test(s, "waits", waits);
	CU_add_test(s, "refusals", refusals);
}
