/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts documents and discards them: for runs that need the counters alone, and to measure what
 * the stages before a sink cost.
 */
#include "sink/sink.h"

static int null_open(struct sink *s)
{
	(void)s;
	return 0;
}

static int null_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	(void)deadline_ms;
	metrics_add(&s->metrics->octets, b->len - sink_doc_start(b, from));
	return (int)(b->n_docs - from);
}

static int null_close(struct sink *s)
{
	(void)s;
	return 0;
}

const struct sink_ops sink_null = {
	.name = "null",
	.open = null_open,
	.deliver = null_deliver,
	.close = null_close,
};
