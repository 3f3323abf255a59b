/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a run: summary, counters, and whether the books balance. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "app/run.h"

/* The summary on standard error, unless quiet. */
void report_summary(const struct run *run);

/* What a run leaves behind that ends at once, as an error. */
void report_left(const struct run *run);

/* All counters as one JSON object to `path` ("-": standard output). 0, or -errno, said. */
int report_stats(const struct run *run, const char *path);

/*
 * Does every packet stand in one verdict, every message in one outcome, every record in written or
 * dropped? `whole`: the input was read to its end. Says each sum that differs. true: all balance.
 */
bool report_books(const struct run *run, bool whole);

#endif
