/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a NIC spread packets as its twin (rx/rss.h) says? Looks at the first packets of each queue:
 * at the hash that the NIC left on them, where it does, and at the queue that they came by. The
 * tuple is that of the outermost IP header. What differs costs hand-overs between workers and
 * nothing else: their owner is the twin's.
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
	uint64_t differ; /* ... that is not the twin's */
	uint64_t other; /* ... but would be, with ports where we hash none, or the reverse */
	uint64_t astray; /* came by another queue than the twin says */
	uint64_t sample; /* the first hash that differs: the NIC's, then the twin's */
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
