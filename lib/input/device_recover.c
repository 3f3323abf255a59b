/* SPDX-License-Identifier: BSD-3-Clause */
/* Closes devices that are gone, and opens interfaces that were created again. */
#include "input/device_recover.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#define WAIT_TURNS 100 /* of 0.5 ms: then the control loop goes on, and checks again later */

/* Returns the bits of a device's ports. */
static uint32_t ports_of(const struct devices *all, const struct device *d)
{
	uint32_t bits = 0;
	for (unsigned i = 0; i < all->n_ports; i++)
		if (all->device_of[i] == d)
			bits |= 1u << i;
	return bits;
}

void device_mark_lost(struct input *in, struct device *d, int64_t now_ns)
{
	struct devices *all = in->state;
	const uint32_t bits = ports_of(all, d);

	d->state = DEVICE_LOST;
	d->lost_ns = now_ns;
	for (unsigned i = 0; i < all->n_ports; i++)
		if (bits >> i & 1)
			all->ports[i].shut = true;
	atomic_fetch_or(&in->lost.blind, bits);
	atomic_fetch_add(&in->lost.interruptions, 1);
	port_gate_move(&all->gate);
}

static bool all_passed(const struct devices *all)
{
	for (unsigned i = 0; i < all->workers; i++)
		if (!port_gate_is_passed(&all->gate, &all->rx[i].pass))
			return false;
	return true;
}

/* Stores the counters, closes the ports and releases the device. No worker polls it any more. */
static void close_device(struct devices *all, struct device *d)
{
	device_count_missed(all);
	d->n_sockets = 0;
	for (unsigned i = 0; i < all->n_ports; i++) {
		struct port_counts counts;
		if (all->device_of[i] != d)
			continue;
		device_port_counts(all, i, &counts);
		counts.missed -= d->missed;
		all->past[i] = counts;
		port_detach(&all->ports[i]);
	}
	port_unplug_close(&d->unplug);
	int error = port_unplug_release(d->name, d->bus);
	if (error && error != -ENODEV && error != -ENOENT)
		log_detail("%s: cannot be detached: %s", d->given, strerror(-error));
	d->state = DEVICE_AWAY;
}

static void reopen(struct input *in, struct device *d)
{
	struct devices *all = in->state;
	const uint32_t bits = ports_of(all, d);
	const unsigned i = (unsigned)__builtin_ctz(bits), other = d->attach.other;

	d->attach.other = 0;
	int error = device_reopen(in, i, d->failed);
	if (error) {
		if (all->ports[i].made)
			close_device(all, d);
		if (!d->failed)
			log_error("%s: was created again, but cannot be listened on: %s; trying "
				  "again when it "
				  "changes",
				d->given, strerror(-error));
		d->failed = true;
		return;
	}
	d->failed = false;
	d->state = DEVICE_THERE;
	attach_done(&d->attach, other);
	all->ports[i].shut = false;
	all->link_up[i] = d->attach.up;
	all->stall[i] = (struct port_stall){0};
	port_gate_move(&all->gate);
	atomic_fetch_and(&in->lost.blind, ~bits);
	log_note("%s was created again (interface number %u): listening on it%s", d->given, other,
		d->attach.up ? "" : "; its link is down");
}

void device_recover(struct input *in, struct device *d)
{
	struct devices *all = in->state;

	if (d->state == DEVICE_THERE)
		return;
	for (unsigned i = 0; i < WAIT_TURNS && d->state == DEVICE_LOST; i++)
		if (all_passed(all))
			close_device(all, d);
		else
			usleep(500);
	if (d->state == DEVICE_AWAY && d->attach.other)
		reopen(in, d);
}
