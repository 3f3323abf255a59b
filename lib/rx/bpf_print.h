/* SPDX-License-Identifier: BSD-3-Clause */
/* What libbpf and libxdp, which net_af_xdp loads, have to say. */
#ifndef RX_BPF_PRINT_H
#define RX_BPF_PRINT_H

/* Makes them say it through DPDK's log instead of on standard error. Does nothing where they are
 * not loaded. */
void bpf_print_to_log(void);

#endif
