/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss, as the output itself tells it: a line where it begins and one where it ends. */
#ifndef ENGINE_LOSS_H
#define ENGINE_LOSS_H

#include "base/text.h"
#include "engine/ledger.h"

/* What has been lost so far, by place. */
struct loss_counts {
	uint64_t device; /* the device missed it, or had no buffer */
	uint64_t driver; /* by the driver's own counters; may be of `device` */
	uint64_t interruptions; /* how often a device went or stood still */
	uint32_t blind; /* devices that are gone or stand still now */
	uint64_t handoff; /* between workers */
	uint64_t records; /* no room on the way to the logger */
	uint64_t sinks; /* no room in the queue of a sink, or its output failed */
};

/* Zeroed, but for the ledger: nothing is lost. */
struct loss {
	bool on;
	bool again; /* the latest line is still to be written */
	bool began; /* the line to write is the first of an episode, else the last */
	struct loss_counts before; /* when the episode began */
	struct loss_counts seen; /* last */
	const struct ledger *ledger;
	int64_t began_ns, last_ns; /* wall clock: begin, latest sign of loss */
	uint64_t tick; /* when it was looked for last */
};

/*
 * Looks for loss, ten times a second at most. true: loss_line() has something to say. An episode
 * ends after a second without loss, or with the run (`last`).
 */
bool loss_look(struct loss *l, bool last);

/* Appends the line (doc/schemas.md). Its time. */
int64_t loss_line(const struct loss *l, const char *sensor, struct text *out);

/* The line found no room: loss_look() will say the same again. */
void loss_again(struct loss *l);

#endif
