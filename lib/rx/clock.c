/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/clock.h"

/* Returns the nanoseconds of a tick, times 2^32. */
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

/* Adjusts the rate to a measured one, unless the reading was disturbed or the clock was set. */
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
	/* The correction ends with the next call, if that comes after the same interval. */
	int64_t ns_passed = (int64_t)(((unsigned __int128)ticks * c->plain) >> 32);
	int64_t max = ns_passed / (1000000 / CLOCK_SLEW_PPM);
	if (off > max)
		off = max;
	if (off < -max)
		off = -max;
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

/* Returns -1 if the timestamp is too far behind the clock, 1 if too far ahead, 0 if near it. *at:
 * the clock that it would set. */
static int side_of(const struct clock_guard *g, int64_t ts_ns, int64_t *at)
{
	*at = when_after(ts_ns, g->offset_ns);
	int64_t step = when_since(*at, g->ns);
	return step < -g->jump_ns ? -1 : step > when_after(g->jump_ns, g->waited_ns);
}

/* Starts the clock at the first timestamp if another one is near it. Else, if `all`, at the lowest:
 * later timestamps move a clock that is too low, but not one that is too high. False: more
 * timestamps are needed. */
static bool start_at(struct clock_guard *g, bool all)
{
	int64_t lowest = g->held[0];
	bool near = false;

	for (unsigned i = 1; i < g->n_held; i++) {
		int64_t step = when_since(g->held[i], g->held[0]);
		near = near || (step <= g->jump_ns && step >= -g->jump_ns);
		lowest = g->held[i] < lowest ? g->held[i] : lowest;
	}
	if (near || all)
		clock_guard_begin(g, near ? g->held[0] : lowest);
	return g->started;
}

/* Settles the oldest timestamp held; the clock follows it if it is near. */
static void settle_oldest(struct clock_guard *g, struct clock_settled *settled)
{
	int64_t at;

	if (side_of(g, g->held[0], &at) == 0 && at > g->ns)
		g->ns = at;
	settled->ns[settled->n++] = g->ns;
	g->n_held--;
	for (unsigned i = 0; i < g->n_held; i++)
		g->held[i] = g->held[i + 1];
}

/* Moves the clock to the nearest of the timestamps held, which are all on one side. */
static void jump(struct clock_guard *g, int side)
{
	int64_t at, nearest = 0;

	for (unsigned i = 0; i < g->n_held; i++) {
		side_of(g, g->held[i], &at);
		if (i == 0 || (side < 0 ? at > nearest : at < nearest))
			nearest = at;
	}
	if (side < 0)
		g->backwards++;
	else
		g->ahead++;
	if (side < 0 || g->carried)
		g->offset_ns = when_after(g->offset_ns, when_since(g->ns, nearest));
	else
		g->ns = nearest;
}

/* Settles all timestamps that can be settled; `all`: every one that is held. */
static void settle(struct clock_guard *g, struct clock_settled *settled, bool all)
{
	int64_t at;

	while (g->n_held) {
		if (!g->started && !start_at(g, all || g->n_held == CLOCK_CONFIRM))
			return;
		int side = side_of(g, g->held[0], &at);
		unsigned run = 1;
		while (run < g->n_held && side_of(g, g->held[run], &at) == side)
			run++;
		bool alike = run == g->n_held;
		if (side && alike && !all && run < CLOCK_CONFIRM)
			return;
		if (side && alike)
			jump(g, side);
		else if (side)
			g->odd++;
		settle_oldest(g, settled);
	}
}

void clock_guard_add(struct clock_guard *g, int64_t ts_ns, struct clock_settled *settled)
{
	settled->n = 0;
	g->held[g->n_held++] = ts_ns;
	settle(g, settled, false);
}

void clock_guard_end(struct clock_guard *g, struct clock_settled *settled)
{
	settled->n = 0;
	settle(g, settled, true);
}

void clock_latest_start(struct clock_latest *l, int64_t now_ns, int64_t jump_ns)
{
	clock_guard_start(&l->guard, jump_ns);
	clock_guard_begin(&l->guard, now_ns);
	l->guard.carried = true;
	l->seen_ns = now_ns;
}
