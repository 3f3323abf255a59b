/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations for unit tests: small tables, and the checks that hold at the end of any. */
#ifndef REASM_TALK_UNIT_H
#define REASM_TALK_UNIT_H

#include "reasm/talk.h"

#include <CUnit/Basic.h>

enum { FIN = TCP_FIN, SYN = TCP_SYN, RST = TCP_RST, PSH = TCP_PSH, ACK = TCP_ACK };

#define MS INT64_C(1000000)

static const struct tcp_conf unit_conf = {
	.max_streams = 64,
	.buffer_bytes = 1 << 20,
	.stream_bytes = 1 << 17,
	.idle_ns = 30000 * MS,
};

static inline void talk_unit_open(struct talk *k, uint64_t seed, uint32_t messages, uint32_t max)
{
	struct talk_rng r = {seed};
	talk_open(k, &unit_conf);
	k->guard = true;
	talk_fill(&k->side[0], messages, max, false, &r);
	talk_fill(&k->side[1], messages, max, true, &r);
}

static inline void talk_unit_close(struct talk *k)
{
	talk_finish(k);
	CU_ASSERT(talk_is_accounted(k));
	CU_ASSERT_EQUAL(k->garbled, 0);
	CU_ASSERT_EQUAL(k->disorder, 0);
	talk_close(k);
}

static inline void talk_unit_send_all(struct talk *k, bool reply)
{
	talk_segment(k, reply, 0, k->side[reply].len);
}

#endif
