/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects a tap that shows less than it should: many packets whose contents are not decoded. */
#ifndef ENGINE_BLIND_H
#define ENGINE_BLIND_H

#include "base/text.h"
#include "metrics/metrics.h"

#define BLIND_MIN_PACKETS 1000 /* with fewer there is no warning, unless none was decoded */
#define BLIND_PERCENT 20

/* Zeroed: nothing was checked yet. */
struct blind {
	struct metrics_packet before; /* at the latest check */
	int64_t next_ns; /* when the next check is due */
};

/*
 * Returns true if BLIND_PERCENT or more of the packets counted between `before` (NULL: the start)
 * and `now` ended as other_ethertype, other_link_type or too_deep, and appends their share and what
 * to do to `out`, with the most frequent EtherType and link type since the start. With fewer than
 * BLIND_MIN_PACKETS packets only if none of them carried DNS.
 */
bool blind_describe(
	const struct metrics_packet *before, const struct metrics_worker *now, struct text *out);

/*
 * Does the same live, for the packets since the latest check: once a minute, and an hour after a
 * warning. Returns false if no check is due at now_ns.
 */
bool blind_check(
	struct blind *b, const struct metrics_worker *now, int64_t now_ns, struct text *out);

#endif
