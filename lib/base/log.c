/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The only file-scope state in lib/: the level, which is set before threads start, and the number
 * of dropped messages. */
static enum log_level log_level = LOG_LEVEL_NORMAL;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t dropped, dropped_reported; /* guarded by the mutex */

void log_set_level(enum log_level level)
{
	log_level = level;
}

bool log_is(enum log_level level)
{
	return log_level >= level;
}

/* Returns true if PIPE_BUF octets can be written without blocking. The caller holds the mutex, so
 * that no other thread fills the pipe meanwhile. */
static bool is_writable(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&fd, 1, 0) != 0;
}

static void write_octets(const char *octets, size_t n)
{
	char report[96];

	pthread_mutex_lock(&mutex);
	if (dropped > dropped_reported && is_writable()) {
		int len = snprintf(report, sizeof(report),
			"dnsloupe: warning: dropped %" PRIu64
			" messages: standard error was not read\n",
			dropped - dropped_reported);
		if (write(STDERR_FILENO, report, (size_t)len) == len)
			dropped_reported = dropped;
	}
	/* A failure cannot be reported anywhere. */
	if (!is_writable() || write(STDERR_FILENO, octets, n) < 0)
		dropped++;
	pthread_mutex_unlock(&mutex);
}

void log_octets(const char *octets, size_t n)
{
	pthread_mutex_lock(&mutex);
	if (is_writable() && write(STDERR_FILENO, octets, n) < 0)
		dropped++;
	pthread_mutex_unlock(&mutex);
}

uint64_t log_lost(void)
{
	pthread_mutex_lock(&mutex);
	uint64_t n = dropped;
	pthread_mutex_unlock(&mutex);
	return n;
}

/* Writes a line by one write(), so that lines of several threads do not mix, and replaces control
 * characters by "?". */
static __attribute__((format(printf, 2, 0))) void write_line(
	const char *kind, const char *format, va_list args)
{
	char buffer[2048];
	int n = snprintf(buffer, sizeof(buffer), "dnsloupe: %s", kind);
	int m = vsnprintf(buffer + n, sizeof(buffer) - (size_t)n - 1, format, args);

	if (m > (int)sizeof(buffer) - n - 2)
		m = (int)sizeof(buffer) - n - 2;
	if (m < 0)
		m = 0;
	for (int i = n; i < n + m; i++)
		if ((unsigned char)buffer[i] < 0x20 || buffer[i] == 0x7f)
			buffer[i] = '?';
	buffer[n + m] = '\n';
	write_octets(buffer, (size_t)(n + m) + 1);
}

#define LOG_LINE(kind, format)                                                                     \
	do {                                                                                       \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		write_line(kind, format, args);                                                    \
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
	if (log_is(LOG_LEVEL_NORMAL))
		LOG_LINE("", format);
}

void log_detail(const char *format, ...)
{
	if (log_is(LOG_LEVEL_VERBOSE))
		LOG_LINE("", format);
}
