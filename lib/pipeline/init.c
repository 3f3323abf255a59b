/* SPDX-License-Identifier: BSD-3-Clause */
/* How the stages of a pipeline share its memory. */
#include "pipeline/pipeline.h"

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
	p->fragments_ns = INT64_MIN;
	txn_init(&p->txn, at, &conf->txn, &conf->secret, out, &metrics->txn);
	at += BITS_WHOLE_LINES(txn_bytes(&conf->txn));
	tcp_init(&p->tcp, at, &conf->tcp, packets, &conf->secret, &metrics->reasm);
	at += BITS_WHOLE_LINES(tcp_bytes(&conf->tcp));
	ip_frag_init(&p->frag, at, &conf->frag, &conf->secret, &metrics->reasm);
	at += BITS_WHOLE_LINES(ip_frag_bytes(&conf->frag));
	sight_init(&p->sight, at, &conf->sight, packets, &conf->secret, out, &metrics->sight);
}
