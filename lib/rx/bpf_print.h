/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages of libbpf and libxdp, which net_af_xdp loads. */
#ifndef RX_BPF_PRINT_H
#define RX_BPF_PRINT_H

/* Redirects their messages from standard error to DPDK's log. Does nothing if they are not loaded.
 */
void bpf_print_to_log(void);

#endif
