/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture files, through the feeder (rx/feed.h). A single worker takes the frames where the feeder
 * has put them; for several, or with input.net_pcap, net_pcap reads the feeder's pipes into
 * buffers.
 */
#include "base/log.h"
#include "base/text.h"
#include "base/when.h"
#include "input/input.h"
#include "rx/eal_log.h"
#include "rx/feed.h"
#include "rx/idle.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <stdlib.h>

#define FILES_PORT "net_pcap0"
#define DESCRIPTORS 1024
#define HELD 4128 /* buffers: a burst of the largest frames */
#define BUFFER_OCTETS                                                                              \
	4352 /* without hugepages each takes a page, because none may cross its end                \
	      */

struct files;

struct files_rx {
	struct input_rx rx;
	struct files *files;
	uint64_t received; /* packets */
	unsigned reserve; /* free buffers without which it does not receive */
	unsigned idle;
} __attribute__((aligned(BITS_CACHE_LINE)));

struct files {
	struct feed feed;
	struct port port; /* that reads the feeder's pipes */
	bool direct; /* the one worker takes frames from the feeder, not from a port */
	struct files_rx *rx; /* one a worker */
	unsigned workers;
};

static unsigned poll_direct(struct input_rx *rx, unsigned queue, struct input_burst *b)
{
	struct files_rx *f = (struct files_rx *)rx;
	struct feed *feed = &f->files->feed;
	bool done = feed_done(feed);

	b->n = feed_available(feed, queue) == f->received
		       ? 0
		       : feed_take(feed, queue, b->frames, PIPELINE_BURST);
	rx->ended = b->n == 0 && done;
	f->received += b->n;
	metrics_add(&rx->metrics->rx.packets, b->n);
	return b->n;
}

static void done_direct(struct input_rx *rx)
{
	feed_release(&((struct files_rx *)rx)->files->feed, rx->self);
}

static void drop_direct(struct input_rx *rx, struct rte_mbuf **packets, unsigned n)
{
	(void)rx;
	(void)packets;
	(void)n;
}

static inline bool frame_fed(
	struct input_rx *rx, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	return mbuf_frame_fed(frame, *m, &rx->scratch, i, &rx->metrics->rx);
}

static unsigned frames_fed(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	return input_frames(rx, packets, n, frames, of, frame_fed);
}

/* No more is asked of net_pcap than is in the pipe, so that it never waits in a read. */
static unsigned poll_pipe(struct input_rx *rx, unsigned queue, struct input_burst *b)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct files_rx *f = (struct files_rx *)rx;
	const struct feed *feed = &f->files->feed;
	const struct port *port = &f->files->port;
	bool done = feed_done(feed);
	uint64_t dealt = feed_dealt(feed);
	uint64_t there = feed_available(feed, rx->self) - f->received;

	(void)queue; /* each worker has the one of its number */
	b->n = 0;
	if (there == 0) {
		rx->ended = done;
		rx->mark = done ? INPUT_END : dealt;
		return 0;
	}
	if (f->reserve && rte_mempool_avail_count(port->pools[rx->self]) < f->reserve)
		return 0;
	uint16_t n = rte_eth_rx_burst(port->id, rx->self, packets,
		there < PIPELINE_BURST ? (uint16_t)there : PIPELINE_BURST);
	f->received += n;
	metrics_add(&rx->metrics->rx.packets, n);
	for (unsigned i = 0; i < n; i++)
		mbuf_item(packets[i])->number = rx->mark = mbuf_number(packets[i]);
	b->n = frames_fed(rx, packets, n, b->frames, b->of);
	return n;
}

static bool time_of_frames(struct input_rx *rx, int64_t latest_ns, int64_t *clock_ns)
{
	(void)rx;
	(void)latest_ns;
	(void)clock_ns;
	return false;
}

static void rest(struct input_rx *rx, unsigned work)
{
	struct files_rx *f = (struct files_rx *)rx;
	if (work)
		f->idle = 0;
	else
		idle_turn(&f->idle);
}

static void stop_receiving(struct input_rx *rx)
{
	rx->ended = true;
	rx->mark = INPUT_END;
}

static const struct input_rx_ops direct_ops = {
	.begin = input_rx_nothing,
	.poll = poll_direct,
	.done = done_direct,
	.drop = drop_direct,
	.time = time_of_frames,
	.rest = rest,
	.wake = input_rx_nothing,
	.stop = stop_receiving,
};

static const struct input_rx_ops pipe_ops = {
	.begin = input_rx_nothing,
	.poll = poll_pipe,
	.done = input_rx_nothing,
	.drop = input_drop_mbufs,
	.frames = frames_fed,
	.time = time_of_frames,
	.rest = rest,
	.wake = input_rx_nothing,
	.stop = stop_receiving,
};

static bool suits(const struct conf *conf)
{
	return conf->input_files.count > 0;
}

static int plan(struct input *in)
{
	in->state = aligned_alloc(BITS_CACHE_LINE, sizeof(struct files));
	if (in->state)
		memset(in->state, 0, sizeof(struct files));
	else
		log_error("out of memory");
	return in->state ? 0 : -ENOMEM;
}

static int share(struct input *in)
{
	struct files *f = in->state;

	if (in->conf->input_queues < in->share.workers)
		in->receivers = (unsigned)in->conf->input_queues;
	f->direct = in->share.workers == 1 && !in->conf->input_net_pcap;
	return 0;
}

static void describe(const struct input *in, FILE *out)
{
	for (size_t i = 0; i < in->conf->input_files.count; i++)
		fprintf(out, "input    file %s\n", in->conf->input_files.at[i]);
}

static uint64_t memory(const struct input *in)
{
	const struct files *f = in->state;
	return f->direct ? 0 : (uint64_t)input_mbufs(in, HELD) * BUFFER_OCTETS * in->receivers;
}

static unsigned descriptors(const struct input *in)
{
	return 3 * in->receivers; /* a pipe's two ends, and net_pcap's own */
}

static int start_feed(struct input *in)
{
	struct files *f = in->state;
	struct feed_options options = {.queues = in->receivers,
		.seed = in->conf->input_seed,
		.direct = f->direct,
		.jump_ns = (int64_t)in->conf->txn_jump_s * WHEN_NS_PER_S};
	int error = feed_start(&f->feed, (const char *const *)in->conf->input_files.at,
		in->conf->input_files.count, &options);
	if (error)
		log_error("%s", f->feed.message);
	return error;
}

static void words(const struct input *in, input_word_fn *add, void *arg)
{
	(void)in;
	add(arg, "--no-pci");
}

/* Makes the device that reads the feeder's pipes. */
static int make_port(const struct input *in)
{
	const struct files *f = in->state;
	char devargs[4096];
	struct text t = text_of(devargs, sizeof(devargs) - 1);
	struct eal_log log;

	text_format(&t, "%s", FILES_PORT);
	for (unsigned q = 0; q < in->receivers; q++)
		text_format(&t, ",rx_pcap=/proc/self/fd/%d", feed_fd(&f->feed, q));
	*t.at = '\0';
	eal_log_catch(&log, in->conf->eal_log, RTE_LOG_INFO);
	int error = rte_dev_probe(devargs);
	eal_log_end(&log);
	eal_log_free(&log);
	return error;
}

/* The port is taken as it is: what the feeder's preamble says counts. */
static int start_port(struct input *in)
{
	struct files *f = in->state;
	struct port *port = &f->port;
	struct port_want want = {.queues = (uint16_t)in->receivers, .descriptors = DESCRIPTORS};
	int error = make_port(in);

	if (error == 0)
		error = port_find(port, FILES_PORT);
	if (error == 0)
		error = port_prepare(port, &want, &port_ops_dpdk);
	if (error == 0)
		error = port_pools(port, 0, input_mbufs(in, HELD));
	if (error == 0)
		error = port_start(port, NULL, &port_ops_dpdk);
	if (error)
		log_error("cannot open the port %s: %s: %s", FILES_PORT, port->failed,
			strerror(-error));
	return error;
}

static int rx_init(struct input *in, struct files_rx *r, uint16_t self)
{
	struct files *f = in->state;
	const bool receives = self < in->receivers;

	*r = (struct files_rx){.files = f,
		.rx = {.ops = f->direct ? &direct_ops : &pipe_ops,
			.self = self,
			.queues = receives,
			.ended = !receives,
			.mark = receives ? 0 : INPUT_END}};
	/* What a single worker received it has freed before it receives again. */
	if (in->share.workers > 1 && receives)
		r->reserve = input_reserve(f->port.pools[self], in->share.workers);
	return mbuf_scratch_init(&r->rx.scratch, PIPELINE_BURST);
}

static int start(struct input *in)
{
	struct files *f = in->state;
	int error = start_feed(in);

	if (error == 0 && !f->direct)
		error = start_port(in);
	if (error)
		return error;
	f->rx = aligned_alloc(BITS_CACHE_LINE, in->share.workers * sizeof(*f->rx));
	error = f->rx ? 0 : -ENOMEM;
	for (; error == 0 && f->workers < in->share.workers; f->workers++)
		error = rx_init(in, &f->rx[f->workers], (uint16_t)f->workers);
	if (error)
		log_error("out of memory");
	return error;
}

static struct input_rx *rx_of(const struct input *in, unsigned worker)
{
	return &((struct files *)in->state)->rx[worker].rx;
}

static void progress(const struct input *in, struct input_progress *p)
{
	struct feed_progress feed;

	feed_progress(&((const struct files *)in->state)->feed, &feed);
	*p = (struct input_progress){.octets_read = feed.octets_read,
		.octets_total = feed.octets_total,
		.frames = feed.frames};
}

static void counts(const struct input *in, struct input_counts *c)
{
	const struct files *f = in->state;
	*c = (struct input_counts){.cut = atomic_load(&f->feed.frames_cut)};
	port_counts(&f->port, &c->port);
}

static uint64_t given(const struct input *in)
{
	return atomic_load(&((const struct files *)in->state)->feed.frames);
}

static unsigned numbers(const struct input *in, struct input_number *rows)
{
	struct feed_progress p;
	struct input_counts c;

	feed_progress(&((const struct files *)in->state)->feed, &p);
	counts(in, &c);
	rows[0] = (struct input_number){"octets", p.octets_read};
	rows[1] = (struct input_number){"frames", p.frames};
	rows[2] = (struct input_number){"frames_cut", p.frames_cut};
	rows[3] = (struct input_number){"files_failed", p.files_failed};
	rows[4] = (struct input_number){"stamps_odd", p.stamps_odd};
	rows[5] = (struct input_number){"clock_back", p.clock_back};
	rows[6] = (struct input_number){"no_mbuf", c.port.no_mbuf};
	return 7;
}

/* Says which stamps the clock did not follow, or followed back. */
static void finish(struct input *in)
{
	const unsigned long long jump_s = in->conf->txn_jump_s;
	struct feed_progress p;

	feed_progress(&((const struct files *)in->state)->feed, &p);
	if (p.stamps_odd)
		log_note("stamps more than txn.jump_s, %llu s, off those around them, which moved "
			 "no clock: %llu",
			jump_s, (unsigned long long)p.stamps_odd);
	if (p.clock_back)
		log_note("time went back by more than txn.jump_s, %llu s, and timeouts went on from "
			 "there, times: %llu; are the files in order?",
			jump_s, (unsigned long long)p.clock_back);
}

static int result(const struct input *in)
{
	return feed_result(&((const struct files *)in->state)->feed, NULL);
}

static const char *strange(const struct input *in)
{
	return feed_strange(&((const struct files *)in->state)->feed);
}

static void stop(struct input *in)
{
	struct files *f = in->state;

	for (unsigned i = 0; i < f->workers; i++)
		mbuf_scratch_free(&f->rx[i].rx.scratch);
	free(f->rx);
	f->rx = NULL;
	f->workers = 0;
	port_close(&f->port);
	feed_stop(&f->feed);
}

static void close_files(struct input *in)
{
	free(in->state);
	in->state = NULL;
}

const struct input_ops input_files = {
	.name = "files",
	.waits = true,
	.floats = true,
	.ordered = true,
	.suits = suits,
	.plan = plan,
	.share = share,
	.describe = describe,
	.memory = memory,
	.descriptors = descriptors,
	.words = words,
	.start = start,
	.rx = rx_of,
	.progress = progress,
	.counts = counts,
	.given = given,
	.numbers = numbers,
	.finish = finish,
	.result = result,
	.strange = strange,
	.stop = stop,
	.close = close_files,
};
