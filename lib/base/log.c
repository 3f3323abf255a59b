/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The only file-scope state in lib/: what people want to see, set before threads start, and what
 * they could not see. */
static enum log_level wanted = LOG_LEVEL_NORMAL;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost, lost_told; /* guarded by it */

void log_set_level(enum log_level level)
{
	wanted = level;
}

bool log_is(enum log_level level)
{
	return wanted >= level;
}

/* Is there room for PIPE_BUF octets? Threads take turns, so that one's answer is not the other's.
 */
static bool has_room(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&fd, 1, 0) != 0;
}

static void put(const char *octets, size_t n)
{
	char told[80];

	pthread_mutex_lock(&one_at_a_time);
	if (lost > lost_told && has_room()) {
		int len = snprintf(told, sizeof(told),
			"dnsloupe: warning: %" PRIu64 " messages were lost: nobody read them\n",
			lost - lost_told);
		if (write(STDERR_FILENO, told, (size_t)len) == len)
			lost_told = lost;
	}
	/* Nobody is left to tell of a failure. */
	if (!has_room() || write(STDERR_FILENO, octets, n) < 0)
		lost++;
	pthread_mutex_unlock(&one_at_a_time);
}

void log_octets(const char *octets, size_t n)
{
	pthread_mutex_lock(&one_at_a_time);
	if (has_room() && write(STDERR_FILENO, octets, n) < 0)
		lost++;
	pthread_mutex_unlock(&one_at_a_time);
}

uint64_t log_lost(void)
{
	pthread_mutex_lock(&one_at_a_time);
	uint64_t n = lost;
	pthread_mutex_unlock(&one_at_a_time);
	return n;
}

/* One write() a line, so that lines of several threads do not mix. Control octets become '?'. */
static __attribute__((format(printf, 2, 0))) void line(
	const char *kind, const char *format, va_list args)
{
	char room[2048];
	int n = snprintf(room, sizeof(room), "dnsloupe: %s", kind);
	int m = vsnprintf(room + n, sizeof(room) - (size_t)n - 1, format, args);

	if (m > (int)sizeof(room) - n - 2)
		m = (int)sizeof(room) - n - 2;
	if (m < 0)
		m = 0;
	for (int i = n; i < n + m; i++)
		if ((unsigned char)room[i] < 0x20 || room[i] == 0x7f)
			room[i] = '?';
	room[n + m] = '\n';
	put(room, (size_t)(n + m) + 1);
}

#define LOG_LINE(kind, format)                                                                     \
	do {                                                                                       \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		line(kind, format, args);                                                          \
		va_end(args);                                                                      \
	} while (0)

void log_error(const char *format, ...)
{
	LOG_LINE("error: ", format);
}

void log_warn(const char *format, ...)
{
	LOG_LINE("warning: ", format);
}

void log_note(const char *format, ...)
{
	if (wanted >= LOG_LEVEL_NORMAL)
		LOG_LINE("", format);
}

void log_detail(const char *format, ...)
{
	if (wanted >= LOG_LEVEL_VERBOSE)
		LOG_LINE("", format);
}
