/* SPDX-License-Identifier: BSD-3-Clause */
/* Which programs may be compiled to machine code, and which are invalid. tests/e2e/test_filter.py
 * compares verdicts with tcpdump's. */
#include "rx/bpf.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void test_rx_bpf(void);

#ifdef RX_BPF
#include "rx/bpf_safe.h"

static bool is_safe(const char *expression)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	CU_ASSERT_EQUAL_FATAL(pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	bool safe = bpf_is_safe(program.bf_insns, program.bf_len);
	pcap_freecode(&program);
	pcap_close(p);
	return safe;
}

static void safe(void)
{
	CU_ASSERT_TRUE(is_safe("port 53"));
	CU_ASSERT_TRUE(is_safe("udp port 53 and not host 192.0.2.1"));
	CU_ASSERT_TRUE(is_safe("udp[10] & 0x80 != 0"));
	/* `test` with a small constant */
	CU_ASSERT_FALSE(is_safe("tcp[13] & 3 != 0"));
	CU_ASSERT_FALSE(is_safe("ether multicast"));
	/* operations that were not compared */
	CU_ASSERT_FALSE(is_safe("ip[2:2] / 2 > 30"));
	CU_ASSERT_FALSE(is_safe("greater 100"));
}

/* n tests in a row, each with two branches: 2^n paths. */
static void paths(void)
{
	struct bpf_insn insns[520];
	for (unsigned n = 0; n < 260; n++) {
		for (unsigned i = 0; i < n; i++) {
			insns[2 * i] =
				(struct bpf_insn)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i, 1, 0);
			insns[2 * i + 1] = (struct bpf_insn)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, i);
		}
		insns[2 * n] = (struct bpf_insn)BPF_STMT(BPF_RET | BPF_K, 0);
		CU_ASSERT_EQUAL(bpf_is_safe(insns, 2 * n + 1), n <= 12);
	}
	CU_ASSERT_FALSE(bpf_is_safe(insns, 0));
}

static void meaning(void)
{
	char why[200];
	CU_ASSERT_TRUE(bpf_available());
	CU_ASSERT_EQUAL(bpf_check("port 53", why, sizeof(why)), 0);
	CU_ASSERT_EQUAL(bpf_check("type mgt", why, sizeof(why)), 0); /* of 802.11 only */
	CU_ASSERT_NOT_EQUAL(bpf_check("prot 53", why, sizeof(why)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "syntax error"));
}
#endif

void test_rx_bpf(void)
{
	CU_pSuite s = CU_add_suite("rx/bpf", NULL, NULL);
#ifdef RX_BPF
	CU_add_test(s, "what may become machine code", safe);
	CU_add_test(s, "how many paths", paths);
	CU_add_test(s, "meaning", meaning);
#else
	CU_ASSERT_FALSE(bpf_available());
	(void)s;
#endif
}
