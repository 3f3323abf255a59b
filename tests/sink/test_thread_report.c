/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sink's thread says. */
#include "sink/rig.h"
#include "sink/thread_inner.h"

#include <fcntl.h>

void test_sink_thread_report(void);

static struct rig rig;

static int set_up(void)
{
	rig_begin(&rig);
	return 0;
}

static int tear_down(void)
{
	rig_end(&rig);
	return 0;
}

/* What was said on standard error since standard error became `fd`. */
static const char *said(int fd)
{
	static char room[1000];
	ssize_t n = pread(fd, room, sizeof(room) - 1, 0);
	room[n > 0 ? n : 0] = '\0';
	CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
	return room;
}

/* Loss that goes on is said again each minute, with its counts; loss that has ended is not. */
static void loss_goes_on(void)
{
	const int64_t minute = INT64_C(60000000000);
	struct sink_thread *t = calloc(1, sizeof(*t));
	char path[100];
	snprintf(path, sizeof(path), "%s/said", rig.dir);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600), old = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(t && fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	t->sink.name = "disk";
	t->state = SINK_AWAY;
	strcpy(t->sink.why, "cannot write to x: No space left on device");
	thread_say_loss(t, 5);
	t->metrics.dropped_spool = 7;
	thread_say_loss(t, 6);
	const char *none = strdup(said(fd));
	thread_say_loss(t, 5 + minute);
	const char *first = strdup(said(fd));
	t->metrics.dropped_spool = 10;
	t->spool_said = true;
	thread_say_loss(t, 5 + 2 * minute);
	const char *second = strdup(said(fd));
	thread_say_loss(t, 5 + 3 * minute);
	const char *third = said(fd);
	dup2(old, STDERR_FILENO);
	close(old);
	close(fd);
	CU_ASSERT_STRING_EQUAL(none, "");
	CU_ASSERT_PTR_NOT_NULL(
		strstr(first, "sink disk: 7 records were dropped in the last minute, 7 in"));
	CU_ASSERT_PTR_NOT_NULL(strstr(first, "still away: cannot write to x: No space left"));
	CU_ASSERT_PTR_NOT_NULL(strstr(second, "3 records were dropped in the last minute, 10 in"));
	CU_ASSERT_PTR_NOT_NULL(strstr(second, "the spool takes no more"));
	CU_ASSERT_STRING_EQUAL(third, "");
	free((void *)(uintptr_t)none);
	free((void *)(uintptr_t)first);
	free((void *)(uintptr_t)second);
	free(t);
	unlink(path);
}

void test_sink_thread_report(void)
{
	CU_pSuite s = CU_add_suite("sink/thread_keep", set_up, tear_down);
	CU_add_test(s, "loss that goes on", loss_goes_on);
}
