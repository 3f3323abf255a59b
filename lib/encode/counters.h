/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters (metrics/metrics.h) as JSON: the members of an object that the caller opens and closes.
 */
#ifndef ENCODE_COUNTERS_H
#define ENCODE_COUNTERS_H

#include "encode/json.h"
#include "metrics/metrics.h"

/* Appends each counter of a list as a member. `owner`: the metrics_worker or metrics_logger that
 * the list's offsets are of. */
void counters_members(struct text *t, const struct metrics_list *list, const void *owner);

/* Appends an object with a member for each stage: an object of its counters. */
void counters_stages(struct text *t, const struct metrics_list *lists, size_t n, const void *owner);

#endif
