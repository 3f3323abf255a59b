/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decides which filter programs librte_bpf may run. DPDK 22.11 has three faults, found by comparing
 * it with libpcap's own interpreter on random expressions:
 * - rte_bpf_convert() takes the register of a load at [x + k] from a bit that in loads is part of
 * the size, and is right for two octets only: bpf_repair();
 * - the compiler for x86 writes `test` with a constant below 128 one octet long, which the
 * processor reads as four: the next instruction is executed from its middle;
 * - rte_bpf_load() walks every path through the program, however many there are.
 * libpcap interprets all other programs, with the same verdicts.
 */
#ifndef RX_BPF_SAFE_H
#define RX_BPF_SAFE_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

struct ebpf_insn;

/* True if librte_bpf gives libpcap's verdicts for the program. */ bool bpf_is_safe(
	const struct bpf_insn *insns, unsigned n);

/* Sets the register of loads at [x + k] in a program of rte_bpf_convert(). */
void bpf_repair(struct ebpf_insn *insns, uint32_t n);

#endif
