/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counter that runs at a steady rate (the CPU's time stamp counter, a NIC's clock), turned into
 * wall time. Arithmetic only: who has both reads them and passes them. Where the wall clock runs
 * away by little, the difference is worked off at 500 ppm at most, so that time never goes back and
 * no difference of two stamps is wrong by more; where it was set, time follows at once.
 */
#ifndef RX_CLOCK_H
#define RX_CLOCK_H

#include "base/when.h"

#include <stdbool.h>

#define CLOCK_SLEW_PPM 500
#define CLOCK_STEP_NS 1000000000 /* a difference of more was set by somebody */

struct clock {
	uint64_t tick; /* of the latest alignment */
	int64_t ns; /* time since the epoch that was given out for it */
	int64_t wall_ns; /* the wall clock there */
	uint64_t rate; /* nanoseconds a tick, times 2^32, with what is worked off */
	uint64_t plain; /* the same without; 0: not known yet */
};

/* Starts at (tick, wall_ns). hz: how fast the counter runs, 0: the first clock_align() tells. */
void clock_start(struct clock *c, uint64_t tick, int64_t wall_ns, uint64_t hz);

/*
 * The two were read together, later than those before. Call it ten times a second or so. Returns by
 * how many nanoseconds time was set, forwards or back; 0 as a rule.
 */
int64_t clock_align(struct clock *c, uint64_t tick, int64_t wall_ns);

/* Wall time of a tick, also of one shortly before the latest alignment. */
static inline int64_t clock_of(const struct clock *c, uint64_t tick)
{
	int64_t ticks = (int64_t)(tick - c->tick);
	return c->ns + (int64_t)(((__int128)ticks * (int64_t)c->rate) >> 32);
}

/*
 * The clock of a capture: the latest of all stamps so far, which everything that waits goes by. It
 * never goes back, and nobody's broken stamp moves it: one that is further off than jump_ns, ahead
 * or behind, is not followed before CLOCK_CONFIRM packets in a row are, in the same direction. Then
 * the clock goes on to the lowest of these stamps; or, where they are behind (files in another
 * order, a clock that was set), it stands where it is, and from there on goes as the stamps do.
 */
struct clock_guard {
	int64_t ns; /* the clock */
	int64_t behind_ns; /* the clock less the stamps it goes by: how far the capture went back */
	int64_t jump_ns;
	int64_t far_ns; /* of the stamps in a row that are too far off: the one nearest to ns */
	uint8_t run; /* how many these are */
	bool back; /* they are behind, not ahead */
	bool started; /* there was a stamp */
	uint64_t odd; /* stamps that were not followed */
	uint64_t ahead, backwards; /* jumps that were */
};

#define CLOCK_CONFIRM 3

/* Before the first stamp. jump_ns above 0; INT64_MAX: all are followed ahead, none back. */
void clock_guard_start(struct clock_guard *g, int64_t jump_ns);

/* A stamp that is too far off, or the first; `at` is what the clock would be by it. */
void clock_guard_far(struct clock_guard *g, int64_t at);

/* A packet has this stamp. What the clock is now. */
static inline int64_t clock_guard_take(struct clock_guard *g, int64_t ts_ns)
{
	int64_t at = when_after(ts_ns, g->behind_ns), step = when_since(at, g->ns);

	if (bits_unlikely(step > g->jump_ns || step < -g->jump_ns || !g->started)) {
		clock_guard_far(g, at);
		return g->ns;
	}
	if (bits_unlikely(g->run)) {
		g->odd += g->run;
		g->run = 0;
	}
	if (step > 0)
		g->ns = at;
	return g->ns;
}

/*
 * The clock of a worker: that of the capture, carried on by the time that passes where nothing
 * comes.
 */
struct clock_latest {
	struct clock_guard guard;
	int64_t seen_ns; /* machine's time when it was last moved */
};

static inline void clock_latest_start(struct clock_latest *l, int64_t now_ns, int64_t jump_ns)
{
	clock_guard_start(&l->guard, jump_ns);
	l->seen_ns = now_ns;
}

/* It is now_ns by the machine's clock. That it was set is no time that has passed. */
static inline int64_t clock_latest_at(struct clock_latest *l, int64_t now_ns)
{
	int64_t passed = when_since(now_ns, l->seen_ns);
	if (passed > 0 && passed <= l->guard.jump_ns && l->guard.started)
		l->guard.ns = when_after(l->guard.ns, passed);
	l->seen_ns = now_ns;
	return l->guard.ns;
}

/* A packet has this stamp. */
static inline int64_t clock_latest_take(struct clock_latest *l, int64_t ts_ns)
{
	return clock_guard_take(&l->guard, ts_ns);
}

#endif
