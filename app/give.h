/* SPDX-License-Identifier: BSD-3-Clause */
/* Several workers: received packets go to those that own their flows. */
#ifndef APP_GIVE_H
#define APP_GIVE_H

struct worker;
struct frame;
struct rte_mbuf;

/* Hands n packets, at least one, to worker `to`, in order. How many were lost. */
typedef unsigned give_fn(struct worker *w, unsigned to, struct rte_mbuf **packets, unsigned n);

/*
 * Of n received frames with their buffers (at most PIPELINE_BURST), whose owners are known, gives
 * those of other workers to these, each one's in order and at once, and counts them.
 */
void give_others(struct worker *w, const struct frame *frames, struct rte_mbuf **of, unsigned n,
	give_fn *give);

#endif
