/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues that stand still while their device counts packets. */
#include "app/live.h"

#include "app/run.h"
#include "base/log.h"

#define ADVICE                                                                                     \
	"; its driver may have no free buffers: raise memory.mbufs or lower input.descriptors, "   \
	"and start anew"

/* What came out of a queue of a port, or of all of them. */
static uint64_t taken(const struct run *run, unsigned port, int queue)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < run->workers; i++) {
		const struct live_rx *rx = &run->worker[i].live;
		for (unsigned q = 0; q < rx->n_queues; q++)
			if (rx->queues[q].index == port &&
				(queue < 0 || rx->queues[q].queue == queue))
				sum += metrics_read(&rx->queues[q].taken);
	}
	return sum;
}

static void look_at_port(struct run *run, unsigned i)
{
	struct live *live = run->live;
	const char *given = live->device_of[i]->given;
	struct port_counts c;

	live_counts(live, i, &c);
	switch (port_stall_look(
		&live->stall[i], c.packets + c.missed + c.no_mbuf, taken(run, i, -1))) {
	case PORT_STALL_STANDS:
		log_error("%s stands still: the device counted %llu packets, and none came "
			  "out" ADVICE,
			given, (unsigned long long)port_stall_packets(&live->stall[i]));
		atomic_fetch_or(&live->blind, 1u << i);
		atomic_fetch_add(&live->interruptions, 1);
		break;
	case PORT_STALL_MOVES:
		log_note("%s: packets come out again", given);
		atomic_fetch_and(&live->blind, ~(1u << i));
		break;
	case PORT_STALL_NOTHING: break;
	}
}

static void look_at_queue(struct run *run, unsigned i, uint16_t queue)
{
	struct live *live = run->live;
	struct port_stall *stall = &live->queue_stall[i][queue];
	const char *given = live->device_of[i]->given;
	uint64_t counted = port_queue_packets(&live->ports[i], queue);

	if (counted == UINT64_MAX)
		return;
	enum port_stall_event event = port_stall_look(stall, counted, taken(run, i, queue));
	if (event == PORT_STALL_STANDS)
		log_error("%s: queue %u stands still: the device counted %llu packets for it, and "
			  "none came out" ADVICE,
			given, queue, (unsigned long long)port_stall_packets(stall));
	else if (event == PORT_STALL_MOVES)
		log_note("%s: packets come out of queue %u again", given, queue);
}

void live_watch_stalls(struct run *run)
{
	for (unsigned i = 0; i < run->live->n_ports; i++) {
		const struct port *port = &run->live->ports[i];
		if (!port->started || port->shut)
			continue;
		look_at_port(run, i);
		for (uint16_t q = 0; port->plan.queues > 1 && q < port->plan.queues; q++)
			look_at_queue(run, i, q);
	}
}
