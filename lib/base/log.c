/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one piece of file-scope state in lib/: what people want to see, set before threads start. */
static enum log_level wanted = LOG_LEVEL_NORMAL;

void log_set_level(enum log_level level)
{
	wanted = level;
}

bool log_is(enum log_level level)
{
	return wanted >= level;
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
	if (write(STDERR_FILENO, room, (size_t)(n + m) + 1) < 0)
		return; /* nobody left to tell */
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
