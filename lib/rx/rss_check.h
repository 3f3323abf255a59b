/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks that a NIC spreads packets as the software hash (rx/rss.h) does. Compares the NIC's hash
 * of the first packets of each queue, if it reports one, and the queue that received them. The
 * tuple is that of the outermost IP header. A difference costs hand-offs between workers and
 * nothing else, because the software hash decides the owner.
 */
#ifndef RX_RSS_CHECK_H
#define RX_RSS_CHECK_H

#include "rx/rss.h"

#include <stdbool.h>

#define RSS_CHECK_PACKETS 4096

struct rte_mbuf;

/* Counters of one queue; written by the worker that polls it, read by the control loop. */
struct rss_check {
	uint64_t packets; /* IP packets checked */
	uint64_t hashed; /* with a hash by the NIC */
	uint64_t differ; /* ... that is not the software's */
	uint64_t other; /* ... but would be if it hashed ports where we do not, or the reverse */
	uint64_t astray; /* received by another queue than by the software hash */
	uint64_t sample; /* the first hash that differs: the NIC's, then the software's */
};

/* The result of all queues of a port. */
enum rss_verdict {
	RSS_TOO_FEW, /* too few packets to judge */
	RSS_AGREES,
	RSS_DIFFERS, /* the hash differs */
	RSS_ASTRAY, /* the queue differs, but not the hash, if it is reported */
};

/*
 * Checks n packets that `queue` received, of a port that hashes by rss_hf (RTE_ETH_RSS_). Returns
 * false once it has checked enough.
 */
bool rss_check_burst(struct rss_check *c, const struct rss *r, uint64_t rss_hf, uint16_t queue,
	struct rte_mbuf **packets, unsigned n);

/* Adds a queue's counters to `sum`. */
void rss_check_add(struct rss_check *sum, const struct rss_check *c);

/* Returns the verdict on a sum. A quarter may differ: tunnels whose inner header the NIC hashes,
 * packets that it does not hash. */
enum rss_verdict rss_check_verdict(const struct rss_check *sum);

#endif
