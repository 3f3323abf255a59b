/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to people, on standard error, one line each, "dnsloupe: ...". Not for the hot path.
 * A message says what went wrong, where, and what to do about it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_NORMAL, LOG_LEVEL_VERBOSE };

/* Set once by main() before any thread starts. */
void log_set_level(enum log_level level);
bool log_is(enum log_level level);

/* Always shown. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something an operator should look at while the run goes on; always shown. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Not shown with -q. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shown with -v only. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
