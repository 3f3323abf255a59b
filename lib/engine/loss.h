/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss in the output itself: a line where it begins and one where it ends. */
#ifndef ENGINE_LOSS_H
#define ENGINE_LOSS_H

#include "base/text.h"
#include "engine/ledger.h"

/* What was lost since the start, by place. */
struct loss_counts {
	uint64_t device; /* packets that the device missed or had no buffer for */
	uint64_t driver; /* by the driver's own counters; may be in `device`, too */
	uint64_t interruptions; /* how often a device disappeared or stalled */
	uint32_t blind; /* devices that are gone or stalled now, a bit each */
	uint64_t handoff; /* packets between workers */
	uint64_t records; /* that did not fit into the queue to the logger */
	uint64_t sinks; /* records that a sink's queue or spool had no space for, or the sink failed
			 */
};

/* Zeroed, except for the ledger: nothing is lost. */
struct loss {
	bool on;
	bool retry; /* the latest line is still to be written */
	bool began; /* the line to write is the first of an episode; false: the last */
	struct loss_counts before; /* when the episode began */
	struct loss_counts seen; /* at the latest check */
	const struct ledger *ledger;
	int64_t began_ns, last_ns; /* wall clock: begin, latest sign of loss */
	uint64_t tick; /* counter at the latest check */
};

/*
 * Checks for loss, at most ten times a second. Returns true if loss_write_line() must be called. An
 * episode ends after a second without loss, or with the run (`last`).
 */
bool loss_check(struct loss *l, bool last);

/* Appends the line (doc/schemas.md). Returns its time. */
int64_t loss_write_line(const struct loss *l, const char *sensor, struct text *out);

/* Notes that the line could not be written: the next loss_check() reports it once more. */
void loss_retry(struct loss *l);

#endif
