/* SPDX-License-Identifier: BSD-3-Clause */
/* A tap that shows less than it should: many packets that nothing is known to be in. */
#ifndef ENGINE_BLIND_H
#define ENGINE_BLIND_H

#include "base/text.h"
#include "metrics/metrics.h"

#define BLIND_LEAST 1000 /* packets; of fewer nothing is said, unless none was decoded */
#define BLIND_PERCENT 20

/* Zeroed: nothing was looked at yet. */
struct blind {
	struct metrics_packet before; /* at the latest look */
	int64_t next_ns; /* when the next is due */
};

/*
 * Of the packets that ended between `before` (NULL: none yet) and `now`, did BLIND_PERCENT or more
 * end as other_ethertype, other_link_type or too_deep? true: `out` has the share and what to do. Of
 * less than BLIND_LEAST packets only where none carried DNS.
 */
bool blind_text(
	const struct metrics_packet *before, const struct metrics_packet *now, struct text *out);

/*
 * The same while it is live, at time now_ns: looks once a minute at what came since, and having
 * said something, an hour later.
 */
bool blind_look(
	struct blind *b, const struct metrics_packet *now, int64_t now_ns, struct text *out);

#endif
