/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lets an idle thread sleep until one of its queues has packets (receive interrupts) or another
 * thread wakes it. In this order no packet is missed:
 *
 *	port_wait_arm(), poll all queues once more, port_wait_sleep() if they are empty,
 *	port_wait_disarm()
 *
 * A thread that enqueues work for the sleeper calls port_wait_wake() afterwards.
 */
#ifndef RX_PORT_WAIT_H
#define RX_PORT_WAIT_H

#include "base/bits.h"
#include "rx/port.h"

#include <rte_epoll.h>
#include <stdatomic.h>

struct port_wait {
	const struct port_ops *ops;
	int epoll_fd, wake_fd; /* -1: not open */
	struct rte_epoll_event wake;
	bool armed;
	unsigned n_queues;
	struct {
		uint16_t port, queue;
	} queues[PORT_QUEUES];
	/* Set by the sleeper; cleared by it, or by the first thread that wakes it. */
	_Atomic bool sleeps __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Opens it without queues: only port_wait_wake() ends a sleep. The struct must not be moved.
 * Returns 0 or -errno. */
int port_wait_open(struct port_wait *w, const struct port_ops *ops);

/* Adds a queue of a started port whose no_interrupts is NULL. Returns 0 or -errno; -E2BIG: too many
 * queues. */
int port_wait_add(struct port_wait *w, uint16_t port, uint16_t queue);

/* Removes the queues of a port. Called by the thread that sleeps here, while it is awake. */
void port_wait_remove(struct port_wait *w, uint16_t port);

/* Closes it, before the ports are closed. No thread may sleep here. */
void port_wait_close(struct port_wait *w);

/* Enables interrupts. Packets that arrived before may not cause one. */
void port_wait_arm(struct port_wait *w);
void port_wait_disarm(struct port_wait *w);

/* Sleeps for at most timeout_ms (-1: without limit). Returns how many queues and wakers ended the
 * sleep; 0: the timeout or a signal did. */
int port_wait_sleep(struct port_wait *w, int timeout_ms);

/* Wakes the sleeper. Any thread, at any rate: a system call is made only while it sleeps. */
void port_wait_wake(struct port_wait *w);

#endif
