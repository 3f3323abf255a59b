/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A filter of packets in the language of tcpdump (pcap-filter(7)): compiled by libpcap once for
 * each link type that is decoded, run by librte_bpf, as machine code where it has a compiler for
 * this machine.
 */
#ifndef RX_BPF_H
#define RX_BPF_H

#include "rx/frame.h"

#include <stdbool.h>
#include <stddef.h>

struct bpf;

enum bpf_verdict {
	BPF_PASS,
	BPF_OUT, /* the filter rejects it */
	BPF_UNFIT, /* the filter has no meaning for its link type */
};

/* True if this was built with libpcap. */
bool bpf_available(void);

/* Checks that the expression is valid for some link type. Returns 0, or -EINVAL with libpcap's
 * message for Ethernet in the `size` octets at `why`. */
int bpf_check(const char *expression, char *why, size_t size);

/* Compiles the expression, which needs a running EAL; the caller closes *b. Returns 0, -ENOMEM, or
 * -EINVAL with `why` as above. */
int bpf_open(struct bpf **b, const char *expression, char *why, size_t size);

/* Frees the filter; NULL is allowed. */ void bpf_close(struct bpf *b);

/* Runs the filter on a frame. Frames of link types that are not decoded pass: packet_walk() counts
 * them. Any number of threads may call it at once. */
enum bpf_verdict bpf_match(const struct bpf *b, const struct frame *frame);

/* True if the filter runs as machine code on Ethernet frames. */
bool bpf_is_compiled(const struct bpf *b);

#endif
