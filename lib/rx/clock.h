/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counter that runs at a steady rate (the CPU's time stamp counter, a NIC's clock), turned into
 * wall time. Arithmetic only: who has both reads them and passes them. Where the wall clock runs
 * away by little, the difference is worked off at 500 ppm at most, so that time never goes back and
 * no difference of two stamps is wrong by more; where it was set, time follows at once.
 */
#ifndef RX_CLOCK_H
#define RX_CLOCK_H

#include <stdint.h>

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
 * The clock of a worker: the latest of all stamps so far, carried on by the time that passes where
 * nothing comes. It never goes back, also where the wall clock does.
 */
struct clock_latest {
	int64_t ns;
	int64_t seen_ns; /* machine's time when it was last moved */
};

/* It is now_ns by the machine's clock. */
static inline int64_t clock_latest_at(struct clock_latest *l, int64_t now_ns)
{
	if (now_ns > l->seen_ns)
		l->ns += now_ns - l->seen_ns;
	l->seen_ns = now_ns;
	return l->ns;
}

/* A packet has this stamp. */
static inline int64_t clock_latest_take(struct clock_latest *l, int64_t ts_ns)
{
	if (ts_ns > l->ns)
		l->ns = ts_ns;
	return l->ns;
}

#endif
