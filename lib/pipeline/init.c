/* SPDX-License-Identifier: BSD-3-Clause */
/* How the stages of a pipeline share its memory. */
#include "pipeline/pipeline.h"

#include "base/when.h"

size_t pipeline_bytes(const struct pipeline_conf *conf)
{
	return BITS_WHOLE_LINES(txn_bytes(&conf->txn)) + BITS_WHOLE_LINES(tcp_bytes(&conf->tcp)) +
	       BITS_WHOLE_LINES(ip_frag_bytes(&conf->frag)) + sight_bytes(&conf->sight);
}

void pipeline_init(struct pipeline *p, void *memory, const struct pipeline_conf *conf,
	const struct packet_conf *packets, struct record_arena *out, struct metrics_worker *metrics)
{
	uint8_t *at = memory;

	memset(p, 0, sizeof(*p));
	p->packets = packets;
	p->secret = conf->secret;
	p->rss = conf->rss;
	p->metrics = metrics;
	p->self = conf->self;
	p->workers = conf->workers;
	p->clock_ns = INT64_MIN;
	/* A millisecond is the least of all settings but that of replies before their queries. */
	p->expire_min_ns = WHEN_NS_PER_MS;
	if (conf->txn.early.wait_ns && conf->txn.early.wait_ns < p->expire_min_ns)
		p->expire_min_ns = conf->txn.early.wait_ns;
	p->fragments_ns = INT64_MIN;
	txn_init(&p->txn, at, &conf->txn, &conf->secret, out, &metrics->txn);
	at += BITS_WHOLE_LINES(txn_bytes(&conf->txn));
	tcp_init(&p->tcp, at, &conf->tcp, packets, &conf->secret, &metrics->reasm);
	at += BITS_WHOLE_LINES(tcp_bytes(&conf->tcp));
	ip_frag_init(&p->frag, at, &conf->frag, &conf->secret, &metrics->reasm);
	at += BITS_WHOLE_LINES(ip_frag_bytes(&conf->frag));
	sight_init(&p->sight, at, &conf->sight, packets, &conf->secret, out, &metrics->sight);
}
