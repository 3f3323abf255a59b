/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to the operator on standard error, one line each: "dnsloupe: ...". Not for the hot path.
 * A message says what happened, where, and what to do about it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_NORMAL, LOG_LEVEL_VERBOSE };

/*
 * Writing never blocks: if standard error is a full pipe or a stopped terminal, the message is
 * dropped and counted, and the next one that can be written says how many were dropped.
 */

/* Sets which messages are shown; main() calls it once, before any thread starts. */
void log_set_level(enum log_level level);
bool log_is(enum log_level level);

/* Reports an error; always shown. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Warns of what an operator should look at while the run goes on; always shown. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Reports an event; not shown with -q. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes octets that are no line, as of a display that is redrawn; drops them if that would block.
 */
void log_octets(const char *octets, size_t n);
/* Returns the messages dropped so far. Any thread may ask. */
uint64_t log_lost(void);
/* Reports a detail; shown with -v only. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
