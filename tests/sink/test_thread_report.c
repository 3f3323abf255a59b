/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports of a sink's thread. */
#include "sink/rig.h"
#include "sink/thread_inner.h"

#include <fcntl.h>

void test_sink_thread_report(void);

/* Returns and removes what was written to standard error, which is the file `fd`. */
static const char *said(int fd)
{
	static char text[1000];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
	return text;
}

/* Loss is reported each minute while it goes on, with its counts, and not afterwards. */
static void loss(void)
{
	const int64_t minute = INT64_C(60000000000);
	struct sink_thread *t = calloc(1, sizeof(*t));
	char path[100];
	snprintf(path, sizeof(path), "%s/said", rig.dir);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600), old = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(t && fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	t->sink.name = "disk";
	t->state = SINK_AWAY;
	strcpy(t->sink.error_text, "cannot write to x: No space left on device");
	sink_thread_report_loss(t, 5);
	t->metrics.dropped_spool = 7;
	sink_thread_report_loss(t, 6);
	const char *none = strdup(said(fd));
	sink_thread_report_loss(t, 5 + minute);
	const char *first = strdup(said(fd));
	t->metrics.dropped_spool = 10;
	t->spool_full_reported = true;
	sink_thread_report_loss(t, 5 + 2 * minute);
	const char *second = strdup(said(fd));
	sink_thread_report_loss(t, 5 + 3 * minute);
	const char *third = said(fd);
	dup2(old, STDERR_FILENO);
	close(old);
	close(fd);
	CU_ASSERT_STRING_EQUAL(none, "");
	CU_ASSERT_PTR_NOT_NULL(
		strstr(first, "sink disk: 7 records were dropped in the last minute, 7 since"));
	CU_ASSERT_PTR_NOT_NULL(strstr(first, "still away: cannot write to x: No space left"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(second, "3 records were dropped in the last minute, 10 since"));
	CU_ASSERT_PTR_NOT_NULL(strstr(second, "the spool is full or cannot be written"));
	CU_ASSERT_STRING_EQUAL(third, "");
	free((void *)(uintptr_t)none);
	free((void *)(uintptr_t)first);
	free((void *)(uintptr_t)second);
	free(t);
	unlink(path);
}

void test_sink_thread_report(void)
{
	CU_pSuite s = CU_add_suite("sink/thread_keep", rig_set_up, rig_tear_down);
	CU_add_test(s, "loss", loss);
}
