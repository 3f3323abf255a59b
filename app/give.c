/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/give.h"

#include "app/run.h"

void give_others(struct worker *w, const struct frame *frames, struct rte_mbuf **of, unsigned n,
	give_fn *give)
{
	struct rte_mbuf *theirs[PIPELINE_BURST];
	unsigned others = 0;

	for (unsigned i = 0; i < n; i++)
		others += frames[i].owner != w->self && frames[i].owner != PIPELINE_NOBODY;
	metrics_add(&w->metrics.rx.handed_over, others);
	for (unsigned to = 0; others && to < w->run->workers; to++) {
		unsigned k = 0;
		for (unsigned i = 0; i < n && to != w->self; i++)
			if (frames[i].owner == to)
				theirs[k++] = of[i];
		if (k)
			metrics_add(&w->metrics.rx.handoff_lost, give(w, to, theirs, k));
		others -= k;
	}
}
