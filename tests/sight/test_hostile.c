/* SPDX-License-Identifier: BSD-3-Clause */
/* A search in a bucket is bounded, however many connections share it. */
#include "sight/rig.h"

void test_sight_hostile(void);

#define MANY 1000

static void one_bucket(void)
{
	begin(2 * MANY);
	build_tls(&w, &named);
	k.s.table.slots.mask = 0;
	for (unsigned i = 0; i < MANY; i++) {
		client_segment(i, SYN, 0, 0);
		if (i % 2)
			client_segment(i, ACK, 0, w.len); /* has its record */
		CU_ASSERT(k.s.table.slots.used <= HASH_CHAIN);
	}
	CU_ASSERT_EQUAL(k.m.flows, MANY);
	CU_ASSERT_EQUAL(k.m.evicted + k.m.forgotten, MANY - HASH_CHAIN);
	CU_ASSERT_EQUAL(k.m.sni, MANY / 2);
	end();
}

void test_sight_hostile(void)
{
	CU_pSuite s = CU_add_suite("sight/hostile", NULL, NULL);
	CU_add_test(s, "one bucket", one_bucket);
}
