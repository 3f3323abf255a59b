/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/worker.h"

#include "engine/thread.h"

#include <errno.h>
#include <string.h>

#define TURNS 256 /* between two runs of housekeeping, if each turn has work */

int worker_init(struct worker *w, const struct worker_conf *conf)
{
	memset(w, 0, sizeof(*w));
	w->self = conf->pipeline.self;
	w->bpf = conf->bpf;
	w->stop = conf->stop;
	w->ended = conf->ended;
	w->rests = conf->rests;
	w->rx = conf->input->ops->rx(conf->input, w->self);
	w->rx->metrics = &w->metrics;
	if (memory_open(&w->tables, pipeline_bytes(&conf->pipeline), conf->queue.populate))
		return -ENOMEM;
	int error = queue_open(&w->queue, &conf->queue, &w->metrics.record);
	if (error)
		return error;
	pipeline_init(&w->pipeline, w->tables.at, &conf->pipeline, conf->packets, &w->queue.arena,
		&w->metrics);
	const struct steer_parts parts = {.pipeline = &w->pipeline,
		.rx = w->rx,
		.metrics = &w->metrics,
		.self = w->self,
		.ordered = conf->input->ops->ordered};
	return steer_init(&w->steer, conf->group, &parts);
}

void worker_free(struct worker *w)
{
	steer_free(&w->steer);
	queue_close(&w->queue);
	memory_close(&w->tables);
}

/* Drops the packets that filter.bpf does not match. */
static void filter(struct worker *w, struct input_burst *b)
{
	unsigned left = 0, n_out = 0;
	struct rte_mbuf *out[PIPELINE_BURST];

	for (unsigned i = 0; i < b->n; i++) {
		enum bpf_verdict verdict = bpf_match(w->bpf, &b->frames[i]);
		if (bits_unlikely(verdict != BPF_PASS)) {
			packet_count(&w->metrics.packet,
				verdict == BPF_OUT ? PACKET_filtered : PACKET_filter_unfit);
			out[n_out++] = b->of[i];
			continue;
		}
		b->frames[left] = b->frames[i];
		b->of[left++] = b->of[i];
	}
	b->n = left;
	w->rx->ops->drop(w->rx, out, n_out);
}

/* Counts received frames. The link type of datagrams and subframes is internal: a capture that
 * claims it has an unknown link type. */
static void admit(struct worker *w, struct input_burst *b)
{
	uint64_t octets = 0;

	for (unsigned i = 0; i < b->n; i++) {
		octets += b->frames[i].len;
		if (bits_unlikely(b->frames[i].time != FRAME_TIME_CAPTURE))
			metrics_add(b->frames[i].time == FRAME_TIME_TAP ? &w->metrics.rx.time_tap
									: &w->metrics.rx.time_kept,
				1);
		if (bits_unlikely(frame_is_inner(b->frames[i].link_type)))
			b->frames[i].link_type = FRAME_LINK_UNKNOWN;
	}
	metrics_add(&w->metrics.rx.octets, octets);
	if (bits_unlikely(w->bpf))
		filter(w, b);
}

/* Polls each queue once, processes the packets that this worker owns and hands off the others.
 * Returns how many were received. */
static unsigned receive(struct worker *w)
{
	struct input_rx *rx = w->rx;
	unsigned total = 0, full = 0;

	for (unsigned q = 0; q < rx->queues; q++) {
		unsigned n = rx->ops->poll(rx, q, &w->burst);
		if (n == 0)
			continue;
		full += n == PIPELINE_BURST;
		admit(w, &w->burst);
		w->steer.ops->received(&w->steer, &w->burst);
		rx->ops->done(rx);
		total += n;
	}
	w->steer.emptied = full == 0;
	return total;
}

/* Expires what is due, every TURNS turns and in each idle turn of a worker that sleeps. Returns
 * true if more is to expire. */
static unsigned housekeep(struct worker *w, unsigned work)
{
	if (++w->turns < TURNS && (work || !w->rests))
		return 0;
	w->turns = 0;
	/* Before the first packet nothing is pending, and the clock is not known. */
	if (w->rx->ops->time(w->rx, w->pipeline.clock_ns, &w->clock_ns))
		w->behind = w->steer.settled && w->pipeline.clock_ns != INT64_MIN;
	if (w->behind)
		w->behind = pipeline_expire(&w->pipeline, w->clock_ns);
	return w->behind;
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct steer *steer = &w->steer;
	struct input_rx *rx = w->rx;

	thread_name("worker", w->self);
	rx->ops->begin(rx);
	while (!rx->ended) {
		unsigned work = steer->ops->turn(steer);
		work += receive(w);
		work += housekeep(w, work);
		rx->ops->rest(rx, work);
		if (bits_unlikely(atomic_load_explicit(w->stop, memory_order_relaxed)))
			rx->ops->stop(rx);
	}
	steer->ops->finish(steer);
	pipeline_finish(&w->pipeline);
	atomic_fetch_add_explicit(w->ended, 1, memory_order_release);
	return 0;
}
