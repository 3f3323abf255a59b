/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that deliver nothing while their device counts packets. */
#include "input/device_stall.h"

#include "base/log.h"

#define ADVICE                                                                                     \
	"; its driver may have no free buffers: raise memory.mbufs or lower input.descriptors, "   \
	"and restart"

/* Returns the packets received from a queue of a port, or from all if `queue` is negative. */
static uint64_t received(const struct devices *all, unsigned port, int queue)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < all->workers; i++) {
		const struct device_rx *rx = &all->rx[i];
		for (unsigned q = 0; q < rx->n_queues; q++)
			if (rx->queues[q].index == port &&
				(queue < 0 || rx->queues[q].queue == queue))
				sum += metrics_read(&rx->queues[q].received);
	}
	return sum;
}

static void check_port(struct input *in, unsigned i)
{
	struct devices *all = in->state;
	const char *given = all->device_of[i]->given;
	struct port_counts c;

	device_port_counts(all, i, &c);
	switch (port_stall_check(
		&all->stall[i], c.packets + c.missed + c.no_mbuf, received(all, i, -1))) {
	case PORT_STALL_STALLED:
		log_error("%s stands still: the device counted %llu packets, and none came "
			  "out" ADVICE,
			given, (unsigned long long)port_stall_packets(&all->stall[i]));
		atomic_fetch_or(&in->lost.blind, 1u << i);
		atomic_fetch_add(&in->lost.interruptions, 1);
		break;
	case PORT_STALL_RESUMED:
		log_note("%s: packets come out again", given);
		atomic_fetch_and(&in->lost.blind, ~(1u << i));
		break;
	case PORT_STALL_NOTHING: break;
	}
}

static void check_queue(struct input *in, unsigned i, uint16_t queue)
{
	struct devices *all = in->state;
	struct port_stall *stall = &all->queue_stall[i][queue];
	const char *given = all->device_of[i]->given;
	uint64_t counted = port_queue_packets(&all->ports[i], queue);

	if (counted == UINT64_MAX)
		return;
	enum port_stall_event event = port_stall_check(stall, counted, received(all, i, queue));
	if (event == PORT_STALL_STALLED)
		log_error("%s: queue %u stands still: the device counted %llu packets for it, and "
			  "none came out" ADVICE,
			given, queue, (unsigned long long)port_stall_packets(stall));
	else if (event == PORT_STALL_RESUMED)
		log_note("%s: packets come out of queue %u again", given, queue);
}

void device_watch_stalls(struct input *in)
{
	const struct devices *all = in->state;

	for (unsigned i = 0; i < all->n_ports; i++) {
		const struct port *port = &all->ports[i];
		if (!port->started || port->shut)
			continue;
		check_port(in, i);
		for (uint16_t q = 0; port->plan.queues > 1 && q < port->plan.queues; q++)
			check_queue(in, i, q);
	}
}
