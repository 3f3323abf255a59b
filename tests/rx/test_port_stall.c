/* SPDX-License-Identifier: BSD-3-Clause */
/* Stalled queues, and the names of drop counters. */
#include "rx/port_stall.h"

#include "base/bits.h"
#include "rx/port_drops.h"

#include <CUnit/CUnit.h>

void test_rx_port_stall(void);

static void test_stall(void)
{
	struct port_stall s = {0};

	CU_ASSERT_EQUAL(port_stall_check(&s, 1000, 1000), PORT_STALL_NOTHING);
	for (unsigned i = 1; i < PORT_STALL_CHECKS; i++)
		CU_ASSERT_EQUAL(port_stall_check(&s, 1000 + i, 1000), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 2000, 1000), PORT_STALL_STALLED);
	CU_ASSERT_EQUAL(port_stall_packets(&s), 1000);
	for (unsigned i = 1; i < 10; i++)
		CU_ASSERT_EQUAL(port_stall_check(&s, 2000 + i, 1000), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 3000, 1001), PORT_STALL_RESUMED);
	CU_ASSERT_EQUAL(port_stall_check(&s, 3000, 1001), PORT_STALL_NOTHING);
}

/* Silence is no stall, nor is a packet now and then that is received late. */
static void test_silence(void)
{
	struct port_stall s = {0};

	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(port_stall_check(&s, 5, 5), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 6, 5), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 7, 5), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 8, 6), PORT_STALL_NOTHING);
	CU_ASSERT_EQUAL(port_stall_check(&s, 9, 6), PORT_STALL_NOTHING);
	/* A port that is opened again counts from 0. */
	CU_ASSERT_EQUAL(port_stall_check(&s, 1, 6), PORT_STALL_NOTHING);
	CU_ASSERT_FALSE(s.stalled);
}

static void test_names(void)
{
	static const char *const are[] = {"rx_q0_drop_total", "rx_out_of_buffer",
		"rx_q1_rx_buf_alloc_failure", "rx_mbuf_alloc_fail", "rx_discards", "rx_dropped",
		"rx_priority3_dropped", "rx_fifo_overflow", "rx_missed_packets", "rx_no_desc_drops",
		"rx_wqe_err_no_buf", "rx_overruns"};
	static const char *const not [] = {"rx_good_packets", "rx_missed_errors",
		"rx_mbuf_allocation_errors", "tx_dropped", "tx_q0_drop_total", "rx_q0_packets",
		"rx_unicast_packets", "rx_size_64_packets", "out_discards", "rx_errors"};
	for (size_t i = 0; i < BITS_COUNT(are); i++)
		CU_ASSERT_TRUE(port_drops_is(are[i]));
	for (size_t i = 0; i < BITS_COUNT(not ); i++)
		CU_ASSERT_FALSE(port_drops_is(not [i]));
}

void test_rx_port_stall(void)
{
	CU_pSuite s = CU_add_suite("rx/port_stall", NULL, NULL);

	CU_add_test(s, "a stalled queue", test_stall);
	CU_add_test(s, "silence", test_silence);
	CU_add_test(s, "names of drivers' counters", test_names);
}
