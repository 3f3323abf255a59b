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
#define CLOCK_STEP_NS 1000000000 /* beyond this difference the wall clock was set */

struct clock {
	uint64_t tick; /* of the latest alignment */
	int64_t ns; /* time since the epoch that clock_of() returns for it */
	int64_t wall_ns; /* the wall clock at that tick */
	uint64_t rate; /* nanoseconds a tick, times 2^32, with the correction */
	uint64_t plain; /* the rate without the correction; 0: not known yet */
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
 * back, and no single broken timestamp moves it. A timestamp further than jump_ns from the clock is
 * held until CLOCK_CONFIRM in a row are, on the same side. If they are ahead, the clock moves to
 * the lowest of them; if they are behind (files in another order), it stays, and from then on
 * advances with them. A timestamp near the clock shows that those held are odd: the clock ignores
 * them. The first timestamp is held, too, until another one is near it, unless clock_guard_begin()
 * accepts it.
 *
 * The caller holds the packets of these timestamps, and gives each the clock at which it was
 * settled.
 */
#define CLOCK_CONFIRM 3

struct clock_guard {
	int64_t ns; /* the clock; INT64_MIN before the start */
	int64_t offset_ns; /* the clock minus the timestamps that it follows */
	int64_t jump_ns;
	int64_t waited_ns; /* set by the caller: how long it waited for the latest packet */
	int64_t held[CLOCK_CONFIRM]; /* timestamps, oldest first */
	uint8_t n_held; /* less than CLOCK_CONFIRM between calls */
	bool started;
	bool carried; /* the machine's time moves the clock: a jump changes offset_ns only */
	uint64_t odd; /* timestamps that the clock ignored */
	uint64_t ahead, backwards; /* jumps that it followed */
};

/* Timestamps that a call settled: the oldest of those held, in their order. */
struct clock_settled {
	unsigned n;
	int64_t ns[CLOCK_CONFIRM]; /* the clock at each */
};

/* Initialises a clock without a timestamp. jump_ns is above 0; INT64_MAX: it follows every
 * timestamp ahead. */
void clock_guard_start(struct clock_guard *g, int64_t jump_ns);

/* Starts the clock at a timestamp that needs no confirmation. */
static inline void clock_guard_begin(struct clock_guard *g, int64_t ts_ns)
{
	g->ns = ts_ns;
	g->started = true;
}

/* Adds a timestamp to those held, and settles those that it decides: all, some or none. */
void clock_guard_add(struct clock_guard *g, int64_t ts_ns, struct clock_settled *settled);

/* Settles all timestamps held: none follows that could contradict them. */
void clock_guard_end(struct clock_guard *g, struct clock_settled *settled);

/* Follows a timestamp if it is near the clock and none is held: g->ns is then the clock at it.
 * False: call clock_guard_add(). */
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
 * The clock of a worker that receives live: the machine's time moves it, and timestamps only within
 * txn.jump_s. A confirmed jump means that a clock was set, not that time has passed: the clock does
 * not jump. So no packet has to be held: the clock is right for it however its timestamp is
 * settled.
 */
struct clock_latest {
	struct clock_guard guard;
	int64_t seen_ns; /* the machine's time when the clock was last moved */
};

/* Starts the clock at now_ns. jump_ns: as for clock_guard_start(). */ void clock_latest_start(
	struct clock_latest *l, int64_t now_ns, int64_t jump_ns);

/* Moves the clock to now_ns, the machine's time, and returns it. Ignores steps of the machine's
 * clock, which was then set. */
static inline int64_t clock_latest_at(struct clock_latest *l, int64_t now_ns)
{
	int64_t passed = when_since(now_ns, l->seen_ns);
	if (passed > 0 && passed <= l->guard.jump_ns)
		l->guard.ns = when_after(l->guard.ns, passed);
	l->seen_ns = now_ns;
	return l->guard.ns;
}

#endif
