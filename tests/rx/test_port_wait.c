/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping until packets arrive. A sleep that is never ended would hang until the time limit. */
#include "rx/port_wait.h"

#include "rx/fake_port.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

void test_rx_port_wait(void);

static struct port_wait wait_;
static struct port port;

/* A port of `queues` queues that interrupt, all of them waited for. */
static void begin(uint16_t queues)
{
	struct port_want want = {
		.queues = queues, .descriptors = 64, .live = true, .interrupts = true};
	nic(40, 128);
	for (uint16_t q = 0; q < queues; q++)
		fake.efds[q] = eventfd(0, EFD_NONBLOCK);
	port = (struct port){.id = 3};
	CU_ASSERT_EQUAL_FATAL(port_prepare(&port, &want, &ops), 0);
	port.plan.reta_size = 0;
	CU_ASSERT_EQUAL_FATAL(port_start(&port, NULL, &ops), 0);
	CU_ASSERT_PTR_NULL_FATAL(port.no_interrupts);
	CU_ASSERT_EQUAL(fake.watched, 0); /* it was a trial */
	CU_ASSERT_EQUAL_FATAL(port_wait_open(&wait_, &ops), 0);
	for (uint16_t q = 0; q < queues; q++)
		CU_ASSERT_EQUAL(port_wait_add(&wait_, port.id, q), 0);
	CU_ASSERT_EQUAL(fake.watched, queues);
}

static void end(uint16_t queues)
{
	port_wait_close(&wait_);
	CU_ASSERT_EQUAL(fake.watched, 0);
	for (uint16_t q = 0; q < queues; q++) {
		CU_ASSERT_EQUAL(fake.enabled[q], 0);
		close(fake.efds[q]);
	}
	port_wait_close(&wait_); /* once more: nothing */
}

static void packet(uint16_t queue)
{
	CU_ASSERT_EQUAL(eventfd_write(fake.efds[queue], 1), 0);
}

static void test_packets(void)
{
	begin(3);
	for (uint16_t q = 0; q < 3; q++) {
		port_wait_arm(&wait_);
		CU_ASSERT_EQUAL(fake.enabled[0] + fake.enabled[1] + fake.enabled[2], 3);
		packet(q);
		CU_ASSERT_EQUAL(port_wait_sleep(&wait_, -1), 1);
		port_wait_disarm(&wait_);
		CU_ASSERT_EQUAL(fake.enabled[0] + fake.enabled[1] + fake.enabled[2], 0);
	}
	/* An interrupt that came while nobody slept ends the next sleep. */
	packet(1);
	packet(2);
	port_wait_arm(&wait_);
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, -1), 2);
	port_wait_disarm(&wait_);
	port_wait_disarm(&wait_);
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, 1), 0); /* edges: nothing new, time is over */
	port_wait_arm(&wait_);
	end(3);
}

static void test_wake(void)
{
	begin(1);
	port_wait_wake(&wait_); /* it is awake */
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, 0), 0);
	port_wait_arm(&wait_);
	port_wait_wake(&wait_);
	port_wait_wake(&wait_);
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, -1), 1);
	port_wait_disarm(&wait_);
	/* One of them was enough, and it is used up. */
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, 0), 0);
	/* Woken before it slept: the next sleep ends at once, that after it does not. */
	port_wait_arm(&wait_);
	port_wait_wake(&wait_);
	port_wait_disarm(&wait_);
	port_wait_arm(&wait_);
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, -1), 1);
	CU_ASSERT_EQUAL(port_wait_sleep(&wait_, 0), 0);
	end(1);
}

static void test_refused(void)
{
	begin(1);
	fake.intr.ctl = -EIO;
	CU_ASSERT_EQUAL(port_wait_add(&wait_, port.id, 1), -EIO);
	fake.intr.ctl = 0;
	for (uint16_t q = 1; q < PORT_QUEUES; q++)
		CU_ASSERT_EQUAL(port_wait_add(&wait_, port.id, 1), 0);
	CU_ASSERT_EQUAL(port_wait_add(&wait_, port.id, 1), -E2BIG);
	end(1);
}

#define HAND_OVERS 20000
static _Atomic unsigned given, taken;

static void *give(void *arg)
{
	for (unsigned i = 1; i <= HAND_OVERS; i++) {
		atomic_store_explicit(&given, i, memory_order_release);
		port_wait_wake(arg);
		while (atomic_load_explicit(&taken, memory_order_acquire) < i)
			sched_yield();
	}
	return NULL;
}

/* No work that another thread enqueues at any moment is overslept. */
static void test_race(void)
{
	pthread_t thread;
	begin(1);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, give, &wait_), 0);
	for (unsigned had = 0; had < HAND_OVERS;) {
		unsigned now = atomic_load_explicit(&given, memory_order_acquire);
		if (now != had) {
			had = now;
			port_wait_disarm(&wait_);
			atomic_store_explicit(&taken, had, memory_order_release);
		} else if (!wait_.armed) {
			port_wait_arm(&wait_);
		} else {
			CU_ASSERT_EQUAL(port_wait_sleep(&wait_, -1), 1);
			port_wait_disarm(&wait_);
		}
	}
	pthread_join(thread, NULL);
	end(1);
}

void test_rx_port_wait(void)
{
	CU_pSuite s = CU_add_suite("rx/port_wait", NULL, NULL);

	CU_add_test(s, "packets wake", test_packets);
	CU_add_test(s, "threads wake", test_wake);
	CU_add_test(s, "refused", test_refused);
	CU_add_test(s, "nothing is overslept", test_race);
}
