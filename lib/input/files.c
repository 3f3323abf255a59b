/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture files, through the feeder (rx/feed.h). A single worker reads the frames in the feeder's
 * memory; for several, or with input.net_pcap, net_pcap reads the feeder's pipes into buffers.
 */
#include "base/log.h"
#include "base/text.h"
#include "input/files_inner.h"
#include "rx/eal_log.h"

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
		fprintf(out, "input    file %s%s\n", in->conf->input_files.at[i],
			in->conf->input_follow && i + 1 == in->conf->input_files.count
				? ", followed"
				: "");
}

static uint64_t memory(const struct input *in)
{
	const struct files *f = in->state;
	return f->direct ? 0 : (uint64_t)input_mbufs(in, HELD) * BUFFER_OCTETS * in->receivers;
}

static unsigned descriptors(const struct input *in)
{
	return 3 * in->receivers; /* a pipe's two ends, and net_pcap's descriptor */
}

static int start_feed(struct input *in)
{
	struct files *f = in->state;
	struct feed_options options = {.queues = in->receivers,
		.seed = in->conf->input_seed,
		.direct = f->direct,
		.follow = in->conf->input_follow,
		.jump_ns = (int64_t)in->conf->txn_jump_s * WHEN_NS_PER_S,
		.time_from = input_time_from(in->conf)};
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

/* Creates the device that reads the feeder's pipes. Returns 0 or -errno. */
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
	eal_log_capture(&log, in->conf->eal_log, RTE_LOG_INFO);
	int error = rte_dev_probe(devargs);
	eal_log_end(&log);
	eal_log_free(&log);
	return error;
}

/* Starts the port without offloads: lengths and times are in the feeder's preambles. Returns 0, or
 * -errno, logged. */
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
		.rx = {.ops = f->direct ? &files_direct_ops : &files_pipe_ops,
			.self = self,
			.queues = receives,
			.ended = !receives,
			.mark = receives ? 0 : INPUT_END}};
	/* A single worker has freed what it received before it receives again. */
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

static const struct feed *feed_of(const struct input *in)
{
	return &((const struct files *)in->state)->feed;
}

static void progress(const struct input *in, struct input_progress *p)
{
	struct feed_progress feed;

	feed_progress(feed_of(in), &feed);
	*p = (struct input_progress){feed.octets_read, feed.octets_total, feed.frames};
}

static void counts(const struct input *in, struct input_counts *c)
{
	const struct files *f = in->state;
	*c = (struct input_counts){.cut = atomic_load(&f->feed.frames_cut)};
	port_counts(&f->port, &c->port);
}

static uint64_t given(const struct input *in)
{
	return atomic_load(&feed_of(in)->frames);
}

static unsigned numbers(const struct input *in, struct input_number *rows)
{
	struct feed_progress p;
	struct input_counts c;

	feed_progress(feed_of(in), &p);
	counts(in, &c);
	rows[0] = (struct input_number){"octets", p.octets_read};
	rows[1] = (struct input_number){"frames", p.frames};
	rows[2] = (struct input_number){"frames_cut", p.frames_cut};
	rows[3] = (struct input_number){"files_failed", p.files_failed};
	rows[4] = (struct input_number){"stamps_odd", p.stamps_odd};
	rows[5] = (struct input_number){"clock_back", p.clock_back};
	rows[6] = (struct input_number){"no_mbuf", c.port.no_mbuf};
	rows[7] = (struct input_number){"files_rewritten", p.files_rewritten};
	rows[8] = (struct input_number){"files_missed", p.files_missed};
	return 9;
}

/* Reports timestamps that the clock did not follow, or followed back. */
static void finish(struct input *in)
{
	const unsigned long long jump_s = in->conf->txn_jump_s;
	struct feed_progress p;

	feed_progress(feed_of(in), &p);
	if (p.stamps_odd)
		log_note("%llu packets have a timestamp more than txn.jump_s (%llu s) from the "
			 "clock, which "
			 "ignored them",
			(unsigned long long)p.stamps_odd, jump_s);
	if (p.clock_back)
		log_note("time went back by more than txn.jump_s (%llu s) %llu times: timeouts "
			 "went on from there; are the files in order?",
			jump_s, (unsigned long long)p.clock_back);
}

static int result(const struct input *in)
{
	return feed_result(feed_of(in), NULL);
}

static const char *undecoded(const struct input *in)
{
	return feed_undecoded(feed_of(in));
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
	.undecoded = undecoded,
	.stop = stop,
	.close = close_files,
};
