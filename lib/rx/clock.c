/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/clock.h"

/* Nanoseconds a tick as the two readings have it, times 2^32. */
static uint64_t rate_of(uint64_t ticks, int64_t ns)
{
	return (uint64_t)(((unsigned __int128)(uint64_t)ns << 32) / ticks);
}

void clock_start(struct clock *c, uint64_t tick, int64_t wall_ns, uint64_t hz)
{
	*c = (struct clock){.tick = tick, .ns = wall_ns, .wall_ns = wall_ns};
	if (hz)
		c->plain = rate_of(hz, 1000000000);
	c->rate = c->plain;
}

/* Follows what was measured, but not a reading that was disturbed or a clock that was set. */
static void follow(struct clock *c, uint64_t measured)
{
	uint64_t limit = c->plain / 100;
	if (c->plain == 0) {
		c->plain = measured;
		return;
	}
	int64_t off = (int64_t)(measured - c->plain);
	if (off < (int64_t)limit && off > -(int64_t)limit)
		c->plain = (uint64_t)((int64_t)c->plain + off / 4);
}

int64_t clock_align(struct clock *c, uint64_t tick, int64_t wall_ns)
{
	uint64_t ticks = tick - c->tick;
	int64_t passed = wall_ns - c->wall_ns, step = 0;

	if (ticks == 0 || ticks >> 63)
		return 0;
	if (passed > 0)
		follow(c, rate_of(ticks, passed));
	if (c->rate == 0) /* the first reading of an unknown rate */
		c->rate = c->plain;
	int64_t ns = clock_of(c, tick), off = wall_ns - ns;
	if (off > CLOCK_STEP_NS || off < -CLOCK_STEP_NS) {
		step = off;
		ns = wall_ns;
		off = 0;
	}
	/* Worked off until the next call, if that comes after as long as this one did. */
	int64_t ns_passed = (int64_t)(((unsigned __int128)ticks * c->plain) >> 32);
	int64_t most = ns_passed / (1000000 / CLOCK_SLEW_PPM);
	if (off > most)
		off = most;
	if (off < -most)
		off = -most;
	c->rate = (uint64_t)((int64_t)c->plain +
			     (int64_t)((__int128)off * ((int64_t)1 << 32) / (int64_t)ticks));
	c->tick = tick;
	c->ns = ns;
	c->wall_ns = wall_ns;
	return step;
}

void clock_guard_start(struct clock_guard *g, int64_t jump_ns)
{
	*g = (struct clock_guard){.ns = INT64_MIN, .jump_ns = jump_ns};
}

void clock_guard_far(struct clock_guard *g, int64_t at)
{
	const bool back = at < g->ns;

	if (!g->started) {
		g->started = true;
		g->ns = at;
		return;
	}
	if (g->run && g->back != back) {
		g->odd += g->run;
		g->run = 0;
	}
	if (g->run == 0 || (back ? at > g->far_ns : at < g->far_ns))
		g->far_ns = at;
	g->back = back;
	if (++g->run < CLOCK_CONFIRM)
		return;
	g->run = 0;
	if (back) {
		g->backwards++;
		g->behind_ns = when_after(g->behind_ns, when_since(g->ns, g->far_ns));
	} else {
		g->ahead++;
		g->ns = g->far_ns;
	}
}
