/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a run: summary and counters. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "engine/engine.h"

/* The summary on standard error, unless quiet. */
void report_summary(const struct engine *e);

/* What a run leaves behind that ends at once, as an error. */
void report_left(const struct engine *e);

/* All counters as one JSON object to `path` ("-": standard output). 0, or -errno, said. */
int report_stats(const struct engine *e, const char *path);

#endif
