/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a thread with nothing to do sleeps until one of its queues has packets (receive
 * interrupts) or another thread wakes it. In this order nothing is overslept:
 *
 *	port_wait_arm(), look at all queues once more, port_wait_sleep() if they are empty,
 *	port_wait_disarm()
 *
 * and whoever leaves work for the sleeper calls port_wait_wake() after that.
 */
#ifndef RX_PORT_WAIT_H
#define RX_PORT_WAIT_H

#include "base/bits.h"
#include "rx/port.h"

#include <rte_epoll.h>
#include <stdatomic.h>

struct port_wait {
	const struct port_ops *ops;
	int epoll_fd, wake_fd; /* -1: there is none, and nothing can be slept on */
	struct rte_epoll_event wake;
	bool armed;
	unsigned n_queues;
	struct {
		uint16_t port, queue;
	} queues[PORT_QUEUES];
	/* Set by the sleeper, taken back by it or by the first that wakes it. */
	_Atomic bool sleeps __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Sleeps on nothing yet but on port_wait_wake(). The struct must not be moved. 0 or -errno. */
int port_wait_open(struct port_wait *w, const struct port_ops *ops);

/* Of a started port whose no_interrupts is NULL. 0 or -errno; -E2BIG: too many queues. */
int port_wait_add(struct port_wait *w, uint16_t port, uint16_t queue);

/* No queue of that port wakes it any more. By the thread that sleeps there, which does not now. */
void port_wait_drop(struct port_wait *w, uint16_t port);

/* Nothing may sleep there any more. Before the ports are closed. */
void port_wait_close(struct port_wait *w);

/* Interrupts on. What came before they were need not cause one. */
void port_wait_arm(struct port_wait *w);
void port_wait_disarm(struct port_wait *w);

/* At most for timeout_ms (-1: for ever). What woke it: so many queues and wakers; 0: the time is
 * over, or a signal came. */
int port_wait_sleep(struct port_wait *w, int timeout_ms);

/* Called by other threads, however often: a system call only where the thread does sleep. */
void port_wait_wake(struct port_wait *w);

#endif
