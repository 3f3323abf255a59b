/* SPDX-License-Identifier: BSD-3-Clause */
/* How the stages of a pipeline share its memory. */
#include "pipeline/pipeline.h"

static size_t whole_lines(size_t bytes)
{
	return (bytes + BITS_CACHE_LINE - 1) & ~(size_t)(BITS_CACHE_LINE - 1);
}

size_t pipeline_bytes(const struct pipeline_conf *conf)
{
	return whole_lines(txn_bytes(&conf->txn)) + whole_lines(tcp_bytes(&conf->tcp)) +
	       whole_lines(ip_frag_bytes(&conf->frag)) + sight_bytes(&conf->sight);
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
	p->pieces_ns = INT64_MIN;
	txn_init(&p->txn, at, &conf->txn, &conf->secret, out, &metrics->txn);
	at += whole_lines(txn_bytes(&conf->txn));
	tcp_init(&p->tcp, at, &conf->tcp, packets, &conf->secret, &metrics->reasm);
	at += whole_lines(tcp_bytes(&conf->tcp));
	ip_frag_init(&p->frag, at, &conf->frag, &conf->secret, &metrics->reasm);
	at += whole_lines(ip_frag_bytes(&conf->frag));
	sight_init(&p->sight, at, &conf->sight, packets, &conf->secret, out, &metrics->sight);
}
