/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports at the end of a run: summary and counters. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "engine/engine.h"

/* Prints the summary on standard error, unless quiet. */
void report_summary(const struct engine *e);

/* Reports, as an error, what is lost because the process ends at once. */
void report_left(const struct engine *e);

/* Writes all counters as one JSON object to `path` ("-": standard output). Returns 0, or -errno
 * after a message. */
int report_stats(const struct engine *e, const char *path);

#endif
