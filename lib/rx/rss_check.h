/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks whether a NIC spreads packets as the hash in software (rx/rss.h) does, by the first
 * packets of each queue: by the NIC's hash, where the driver stores it, and by the queue. The tuple
 * is that of the outermost IP header. Packets that differ are handed off between workers, and
 * nothing else: the hash in software decides their owner.
 */
#ifndef RX_RSS_CHECK_H
#define RX_RSS_CHECK_H

#include "rx/rss.h"

#include <stdbool.h>

#define RSS_CHECK_PACKETS 4096

struct rte_mbuf;

/* Counters of one queue; written by the worker that polls it, read by the control loop. */
struct rss_check {
	uint64_t packets; /* IP packets looked at */
	uint64_t hashed; /* with a hash by the NIC */
	uint64_t differ; /* ... that is not the one in software */
	uint64_t other; /* ... but would be, with ports where we hash none, or the reverse */
	uint64_t astray; /* arrived in another queue than expected */
	uint64_t sample; /* the first hash that differs: the NIC's, then the expected one */
};

/* What all queues of a port have seen. */
enum rss_verdict {
	RSS_TOO_FEW, /* too few packets to judge */
	RSS_AGREES,
	RSS_DIFFERS, /* the hash is another one */
	RSS_ASTRAY, /* the hash is not, or is not told; the queue is */
};

/*
 * Looks at n packets that came by `queue` of a port that hashes by rss_hf (RTE_ETH_RSS_). Whether
 * it wants to see more.
 */
bool rss_check_burst(struct rss_check *c, const struct rss *r, uint64_t rss_hf, uint16_t queue,
	struct rte_mbuf **packets, unsigned n);

/* Adds a queue's counters to `sum`. */
void rss_check_add(struct rss_check *sum, const struct rss_check *c);

/* A quarter may differ: tunnels that the NIC looks into, packets that it does not hash. */
enum rss_verdict rss_check_judge(const struct rss_check *sum);

#endif
