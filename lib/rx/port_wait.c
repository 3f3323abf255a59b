/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_wait.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 16 /* read at once; further ones stay pending */

static void drain(int fd, void *arg)
{
	uint64_t count;
	(void)arg;
	if (read(fd, &count, sizeof(count)) < 0)
		return; /* it was read before */
}

int port_wait_open(struct port_wait *w, const struct port_ops *ops)
{
	*w = (struct port_wait){.ops = ops,
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.wake = {.epdata = {.event = EPOLLIN, .cb_fun = drain}}};
	int error = w->epoll_fd < 0 || w->wake_fd < 0 ? -errno : 0;
	if (error == 0)
		error = rte_epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &w->wake);
	if (error)
		port_wait_close(w);
	return error;
}

int port_wait_add(struct port_wait *w, uint16_t port, uint16_t queue)
{
	if (w->n_queues == PORT_QUEUES)
		return -E2BIG;
	int error = w->ops->intr_ctl(port, queue, w->epoll_fd, RTE_INTR_EVENT_ADD, NULL);
	if (error)
		return error;
	w->queues[w->n_queues].port = port;
	w->queues[w->n_queues++].queue = queue;
	return 0;
}

void port_wait_remove(struct port_wait *w, uint16_t port)
{
	unsigned left = 0;

	port_wait_disarm(w);
	for (unsigned i = 0; i < w->n_queues; i++)
		if (w->queues[i].port == port)
			w->ops->intr_ctl(
				port, w->queues[i].queue, w->epoll_fd, RTE_INTR_EVENT_DEL, NULL);
		else
			w->queues[left++] = w->queues[i];
	w->n_queues = left;
}

void port_wait_close(struct port_wait *w)
{
	port_wait_disarm(w);
	for (unsigned i = 0; i < w->n_queues; i++)
		w->ops->intr_ctl(w->queues[i].port, w->queues[i].queue, w->epoll_fd,
			RTE_INTR_EVENT_DEL, NULL);
	w->n_queues = 0;
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	w->wake_fd = w->epoll_fd = -1;
}

/* A device whose interrupt cannot be enabled always signals (port_start() has checked). */
void port_wait_arm(struct port_wait *w)
{
	w->armed = true;
	for (unsigned i = 0; i < w->n_queues; i++)
		w->ops->intr_enable(w->queues[i].port, w->queues[i].queue);
	/* Before the queues are polled once more: either we see what others enqueue for us, or they
	 * see that we sleep. */
	atomic_store(&w->sleeps, true);
	atomic_thread_fence(memory_order_seq_cst);
}

void port_wait_disarm(struct port_wait *w)
{
	if (!w->armed)
		return;
	w->armed = false;
	atomic_store_explicit(&w->sleeps, false, memory_order_relaxed);
	for (unsigned i = 0; i < w->n_queues; i++)
		w->ops->intr_disable(w->queues[i].port, w->queues[i].queue);
}

int port_wait_sleep(struct port_wait *w, int timeout_ms)
{
	struct rte_epoll_event events[EVENTS];
	int n = rte_epoll_wait(w->epoll_fd, events, EVENTS, timeout_ms);
	return n < 0 ? 0 : n;
}

void port_wait_wake(struct port_wait *w)
{
	static const uint64_t one = 1;
	atomic_thread_fence(memory_order_seq_cst);
	if (bits_likely(!atomic_load_explicit(&w->sleeps, memory_order_relaxed)) ||
		!atomic_exchange(&w->sleeps, false))
		return;
	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it is awake already */
}
