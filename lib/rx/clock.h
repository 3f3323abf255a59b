/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Converts a counter that runs at a steady rate (the CPU's timestamp counter, a NIC's clock) to
 * wall-clock time. Arithmetic only: the caller reads both clocks. A small drift of the wall clock
 * is corrected by at most 500 ppm, so time never goes back and no difference of two timestamps is
 * wrong by more. Where the wall clock was set, time follows at once.
 */
#ifndef RX_CLOCK_H
#define RX_CLOCK_H

#include "base/when.h"

#include <stdbool.h>

#define CLOCK_SLEW_PPM 500
#define CLOCK_STEP_NS 1000000000 /* a larger difference: the wall clock was set */

struct clock {
	uint64_t tick; /* of the latest alignment */
	int64_t ns; /* time since the epoch that clock_of() returns for it */
	int64_t wall_ns; /* the wall clock there */
	uint64_t rate; /* nanoseconds a tick, times 2^32, with the correction */
	uint64_t plain; /* the same without the correction; 0: not known yet */
};

/* Starts a clock at (tick, wall_ns). hz: ticks a second; 0: the first clock_align() measures it. */
void clock_start(struct clock *c, uint64_t tick, int64_t wall_ns, uint64_t hz);

/*
 * Aligns the clock with a wall clock that was read together with the counter; called about ten
 * times a second, with rising ticks. Returns by how many nanoseconds the wall clock was set,
 * negative: back; usually 0.
 */
int64_t clock_align(struct clock *c, uint64_t tick, int64_t wall_ns);

/* Returns the time of a tick, which may be shortly before the latest alignment. */
static inline int64_t clock_of(const struct clock *c, uint64_t tick)
{
	int64_t ticks = (int64_t)(tick - c->tick);
	return c->ns + (int64_t)(((__int128)ticks * (int64_t)c->rate) >> 32);
}

/*
 * The clock of a capture: the latest timestamp so far, by which everything expires. It never goes
 * back, and no single broken timestamp moves it. One that is further off than jump_ns, ahead or
 * behind, is held until CLOCK_CONFIRM in a row are, in the same direction. Then the clock goes on
 * to the lowest of them; or, where they are behind (files in another order), it stands where it is,
 * and from there on goes as the timestamps do. Another timestamp that is near the clock shows that
 * those held are odd: they are not followed. The first timestamp is held, too, until another one is
 * near it, unless clock_guard_begin() takes it as it is.
 *
 * The caller holds the packets of the timestamps that are held, and so gives each the clock that
 * turns out to be right for it.
 */
#define CLOCK_CONFIRM 3

struct clock_guard {
	int64_t ns; /* the clock; INT64_MIN before the start */
	int64_t offset_ns; /* the clock less the timestamps that it goes by */
	int64_t jump_ns;
	int64_t waited_ns; /* set by the caller: how long it waited for the latest packet */
	int64_t held[CLOCK_CONFIRM]; /* timestamps, oldest first */
	uint8_t n_held; /* less than CLOCK_CONFIRM between calls */
	bool started;
	bool carried; /* the machine's time moves the clock: one that jumps only changes offset_ns
		       */
	uint64_t odd; /* timestamps that were not followed */
	uint64_t ahead, backwards; /* jumps that were */
};

/* Timestamps that a call settled: the oldest of those held, in their order. */
struct clock_settled {
	unsigned n;
	int64_t ns[CLOCK_CONFIRM]; /* the clock at each */
};

/* Starts without a timestamp. jump_ns above 0; INT64_MAX: all are followed ahead. */
void clock_guard_start(struct clock_guard *g, int64_t jump_ns);

/* Starts the clock at a timestamp that nothing has to confirm. */
static inline void clock_guard_begin(struct clock_guard *g, int64_t ts_ns)
{
	g->ns = ts_ns;
	g->started = true;
}

/* Adds a timestamp to those held, and settles what it tells of: all, some or none of them. */
void clock_guard_add(struct clock_guard *g, int64_t ts_ns, struct clock_settled *settled);

/* Settles all that are held: no timestamp follows that could contradict them. */
void clock_guard_end(struct clock_guard *g, struct clock_settled *settled);

/* Follows a timestamp if it is near the clock and none is held: then g->ns is the clock at it.
 * False: it is for clock_guard_add(). */
static inline bool clock_guard_follow(struct clock_guard *g, int64_t ts_ns)
{
	int64_t at = when_after(ts_ns, g->offset_ns), step = when_since(at, g->ns);

	if (bits_unlikely(step > g->jump_ns || step < -g->jump_ns || g->n_held || !g->started))
		return false;
	if (step > 0)
		g->ns = at;
	return true;
}

/*
 * The clock of a worker that receives live: from its start on it is carried on by the time that
 * passes, and timestamps move it only within txn.jump_s. A jump that others confirm is a clock that
 * was set, not time that has passed: the clock stands, and goes on from there. So nothing has to be
 * held: the clock is right for a packet whatever becomes of its timestamp.
 */
struct clock_latest {
	struct clock_guard guard;
	int64_t seen_ns; /* machine's time when it was last moved */
};

void clock_latest_start(struct clock_latest *l, int64_t now_ns, int64_t jump_ns);

/* It is now_ns by the machine's clock. Returns the clock. That the machine's clock was set is no
 * time that has passed. */
static inline int64_t clock_latest_at(struct clock_latest *l, int64_t now_ns)
{
	int64_t passed = when_since(now_ns, l->seen_ns);
	if (passed > 0 && passed <= l->guard.jump_ns)
		l->guard.ns = when_after(l->guard.ns, passed);
	l->seen_ns = now_ns;
	return l->guard.ns;
}

#endif
