/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that are gone are closed; interfaces that are made again are opened again. */
#include "app/live.h"

#include "app/run.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#define PATIENCE_TURNS 100 /* of 0.5 ms: then the control loop goes on and asks again later */

/* Bits of a device's ports. */
static uint32_t ports_of(const struct live *live, const struct device *d)
{
	uint32_t bits = 0;
	for (unsigned i = 0; i < live->n_ports; i++)
		if (live->device_of[i] == d)
			bits |= 1u << i;
	return bits;
}

void live_lose(struct live *live, struct device *d, int64_t now_ns)
{
	const uint32_t bits = ports_of(live, d);

	d->state = LIVE_LOST;
	d->lost_ns = now_ns;
	for (unsigned i = 0; i < live->n_ports; i++)
		if (bits >> i & 1)
			live->ports[i].shut = true;
	atomic_fetch_or(&live->blind, bits);
	atomic_fetch_add(&live->interruptions, 1);
	port_gate_move(&live->gate);
}

static bool all_passed(const struct run *run)
{
	for (unsigned i = 0; i < run->workers; i++)
		if (!port_gate_is_passed(&run->live->gate, &run->worker[i].live.pass))
			return false;
	return true;
}

/* Nobody is inside: the counters are kept, the port is closed, the device let go. */
static void close_device(struct live *live, struct device *d)
{
	live_count_missed(live);
	d->n_sockets = 0;
	for (unsigned i = 0; i < live->n_ports; i++) {
		struct port_counts counts;
		if (live->device_of[i] != d)
			continue;
		live_counts(live, i, &counts);
		counts.missed -= d->missed;
		live->past[i] = counts;
		port_detach(&live->ports[i]);
	}
	port_unplug_close(&d->unplug);
	int error = port_unplug_release(d->name, d->bus);
	if (error && error != -ENODEV && error != -ENOENT)
		log_detail("%s: cannot let go of it: %s", d->given, strerror(-error));
	d->state = LIVE_AWAY;
}

static void open_again(struct run *run, struct device *d)
{
	struct live *live = run->live;
	const uint32_t bits = ports_of(live, d);
	const unsigned i = (unsigned)__builtin_ctz(bits), other = d->attach.other;

	d->attach.other = 0;
	int error = live_reopen(run, i, d->failed);
	if (error) {
		if (live->ports[i].made)
			close_device(live, d);
		if (!d->failed)
			log_error("%s: it is there again, but cannot be listened on: %s", d->given,
				strerror(-error));
		d->failed = true;
		return;
	}
	d->failed = false;
	d->state = LIVE_THERE;
	attach_done(&d->attach, other);
	live->ports[i].shut = false;
	live->link_up[i] = d->attach.up;
	live->stall[i] = (struct port_stall){0};
	port_gate_move(&live->gate);
	atomic_fetch_and(&live->blind, ~bits);
	log_note("%s was made again (interface number %u): listening on it%s", d->given, other,
		d->attach.up ? "" : "; its link is down");
}

void live_recover(struct run *run, struct device *d)
{
	struct live *live = run->live;

	if (d->state == LIVE_THERE)
		return;
	for (unsigned i = 0; i < PATIENCE_TURNS && d->state == LIVE_LOST; i++)
		if (all_passed(run))
			close_device(live, d);
		else
			usleep(500);
	if (d->state == LIVE_AWAY && d->attach.other)
		open_again(run, d);
}
