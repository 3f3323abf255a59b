/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/bpf_safe.h"

#include <rte_bpf.h>

#define INSNS 512
#define PATHS 4096 /* rte_bpf_load() walks them well within a millisecond */

/* Operations whose machine code was compared with libpcap's verdicts. */
static bool is_known(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD: return BPF_MODE(i->code) == BPF_ABS || BPF_MODE(i->code) == BPF_IND;
	case BPF_LDX: return BPF_MODE(i->code) == BPF_MSH;
	case BPF_ALU: return i->code == (BPF_ALU | BPF_AND | BPF_K);
	case BPF_RET: return BPF_RVAL(i->code) == BPF_K;
	case BPF_JMP:
		switch (BPF_OP(i->code)) {
		case BPF_JA: return true;
		case BPF_JSET: return i->k > INT8_MAX && i->k <= INT32_MAX;
		case BPF_JEQ:
		case BPF_JGT:
		case BPF_JGE: return BPF_SRC(i->code) == BPF_K;
		default: return false;
		}
	default: return false;
	}
}

bool bpf_is_safe(const struct bpf_insn *insns, unsigned n)
{
	uint32_t paths[INSNS]; /* from here to an end; jumps only go forward */

	if (n == 0 || n > INSNS)
		return false;
	for (unsigned k = n; k-- > 0;) {
		const struct bpf_insn *i = &insns[k];
		uint64_t to[2] = {k + 1, n};
		if (!is_known(i))
			return false;
		if (BPF_CLASS(i->code) == BPF_JMP) {
			to[0] = (uint64_t)k + 1 + (BPF_OP(i->code) == BPF_JA ? i->k : i->jt);
			to[1] = BPF_OP(i->code) == BPF_JA ? n : k + 1u + i->jf;
		}
		paths[k] = BPF_CLASS(i->code) == BPF_RET;
		for (int t = 0; t < 2 && BPF_CLASS(i->code) != BPF_RET; t++)
			paths[k] += to[t] < n ? paths[to[t]] : 0;
		if (paths[k] > PATHS)
			return false;
	}
	return true;
}

void bpf_repair(struct ebpf_insn *insns, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t code = insns[i].code;
		if (BPF_CLASS(code) == BPF_LD && BPF_MODE(code) == BPF_IND)
			insns[i].src_reg = EBPF_REG_7; /* holds X */
		/* the second half of a 64-bit constant is no instruction */
		i += code == (BPF_LD | BPF_IMM | EBPF_DW);
	}
}
