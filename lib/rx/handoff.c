/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/handoff.h"

#include <rte_errno.h>
#include <rte_ring.h>
#include <stdio.h>
#include <string.h>

int handoff_init(struct handoff *h, unsigned workers)
{
	memset(h, 0, sizeof(*h));
	h->workers = workers;
	for (unsigned i = 0; workers > 1 && i < workers; i++) {
		char name[32];
		snprintf(name, sizeof(name), "handoff%u", i);
		h->rings[i] = rte_ring_create(name, HANDOFF_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (!h->rings[i]) {
			int error = -rte_errno;
			handoff_free(h);
			return error;
		}
	}
	return 0;
}

void handoff_free(struct handoff *h)
{
	for (unsigned i = 0; i < h->workers; i++)
		rte_ring_free(h->rings[i]);
	memset(h, 0, sizeof(*h));
}

unsigned handoff_enqueue(struct handoff *h, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	return rte_ring_enqueue_burst(h->rings[to], (void **)packets, n, NULL);
}

unsigned handoff_dequeue(struct handoff *h, unsigned self, struct rte_mbuf **packets, unsigned n)
{
	return rte_ring_dequeue_burst(h->rings[self], (void **)packets, n, NULL);
}
