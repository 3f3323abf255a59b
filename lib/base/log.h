/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to people, on standard error, one line each, "dnsloupe: ...". Not for the hot path.
 * A message says what went wrong, where, and what to do about it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_NORMAL, LOG_LEVEL_VERBOSE };

/*
 * A message is written only if that does not wait: where standard error is a pipe that nobody
 * reads, or a terminal that was halted, it is left out and counted, and the next one that finds
 * room says how many were.
 */

/* Set once by main() before any thread starts. */
void log_set_level(enum log_level level);
bool log_is(enum log_level level);

/* Always shown. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something an operator should look at while the run goes on; always shown. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Not shown with -q. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Octets that are no line (a display that is drawn again), left out where they would wait. */
void log_octets(const char *octets, size_t n);
/* Messages left out so far. Any thread. */
uint64_t log_lost(void);
/* Shown with -v only. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
