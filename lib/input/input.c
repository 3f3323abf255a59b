/* SPDX-License-Identifier: BSD-3-Clause */
#include "input/input.h"

#include "rx/feed_pipe.h"
#include "rx/handoff.h"

/* Buffers of one burst of the largest frames. */
#define BURST_MBUFS (PIPELINE_BURST * (FEED_CAPTURE_MAX / 2048 + 1))

int input_plan_kind(struct input *in, const struct conf *conf, const struct input_ops *ops)
{
	*in = (struct input){.ops = ops, .conf = conf, .node = -1};
	return ops->plan(in);
}

int input_share(struct input *in, const struct input_share *share)
{
	in->share = *share;
	in->receivers = share->workers;
	return in->ops->share(in);
}

void input_close(struct input *in)
{
	if (in->ops)
		in->ops->close(in);
	in->ops = NULL;
}

uint32_t input_mbufs_min(const struct input *in, uint64_t held)
{
	const unsigned workers = in->share.workers;
	return (uint32_t)held + workers * 512 + (workers > 1 ? HANDOFF_SIZE : 0);
}

uint32_t input_mbufs(const struct input *in, uint64_t held)
{
	if (in->conf->memory_mbufs)
		return (uint32_t)in->conf->memory_mbufs;
	return bits_pow2(input_mbufs_min(in, held)) -
	       1; /* the optimum size of a mempool is 2^n - 1 */
}

unsigned input_reserve(const struct rte_mempool *pool, unsigned workers)
{
	unsigned need = BURST_MBUFS + workers * 384, max = pool->size / 4 * 3;
	return need < max ? need : max;
}

void input_rx_nothing(struct input_rx *rx)
{
	(void)rx;
}

void input_drop_mbufs(struct input_rx *rx, struct rte_mbuf **packets, unsigned n)
{
	(void)rx;
	rte_pktmbuf_free_bulk(packets, n);
}

void input_refuse(struct input_rx *rx, struct rte_mbuf *m)
{
	packet_count(&rx->metrics->packet, PACKET_too_large);
	rte_pktmbuf_free(m);
}
