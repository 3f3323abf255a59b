/* SPDX-License-Identifier: BSD-3-Clause */
/* A kind of input for tests: frames in memory, without EAL, or buffers from the test. */
#ifndef TESTS_ENGINE_FAKE_H
#define TESTS_ENGINE_FAKE_H

#include "engine/worker.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)
#define FAKE_WORKERS 3

struct fake_rx {
	struct input_rx rx;
	const struct frame *frames; /* without buffers */
	struct rte_mbuf **packets; /* or with */
	const uint64_t *numbers; /* of the packets */
	unsigned n, at, burst; /* how many, the next one, the maximum of a poll */
	unsigned linger; /* empty polls before the end */
	int64_t now_ns; /* 0: time() is never due */
	_Atomic bool *stops; /* set at the end, instead of ending */
	/* calls */
	unsigned begun, polls, done, dropped, rests, idle, stopped;
	uint64_t expired; /* txn.no_reply at the end */
};

static struct fake_rx fake[FAKE_WORKERS];

static inline void fake_begin(struct input_rx *rx)
{
	((struct fake_rx *)rx)->begun++;
}

static inline unsigned fake_poll(struct input_rx *rx, unsigned queue, struct input_burst *b)
{
	struct fake_rx *f = (struct fake_rx *)rx;
	unsigned n = f->n - f->at < f->burst ? f->n - f->at : f->burst;

	CU_ASSERT_EQUAL(queue, 0);
	CU_ASSERT_FALSE(rx->ended);
	f->polls++;
	b->n = 0;
	if (n == 0 && f->linger) {
		f->linger--;
		return 0;
	}
	if (n == 0) {
		f->expired = rx->metrics->txn.no_reply;
		rx->mark = INPUT_END;
		if (f->stops)
			atomic_store(f->stops, true);
		else
			rx->ended = true;
		return 0;
	}
	metrics_add(&rx->metrics->rx.packets, n);
	if (f->packets) {
		for (unsigned i = 0; i < n; i++)
			mbuf_item(f->packets[f->at + i])->number = rx->mark = f->numbers[f->at + i];
		b->n = rx->ops->frames(rx, f->packets + f->at, n, b->frames, b->of);
	} else {
		memcpy(b->frames, f->frames + f->at, n * sizeof(b->frames[0]));
		b->n = n;
	}
	f->at += n;
	return n;
}

static inline bool fake_frame(
	struct input_rx *rx, struct frame *to, struct rte_mbuf **m, unsigned i)
{
	return mbuf_frame_fed(to, *m, &rx->scratch, i, &rx->metrics->rx);
}

static inline unsigned fake_frames(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	return input_frames(rx, packets, n, frames, of, fake_frame);
}

static inline void fake_done(struct input_rx *rx)
{
	((struct fake_rx *)rx)->done++;
}

static inline void fake_drop(struct input_rx *rx, struct rte_mbuf **packets, unsigned n)
{
	struct fake_rx *f = (struct fake_rx *)rx;
	f->dropped += n;
	if (f->packets)
		rte_pktmbuf_free_bulk(packets, n);
}

static inline void fake_leave(const struct input_rx *rx, struct rte_mbuf *m, const struct frame *f)
{
	(void)rx;
	(void)m;
	(void)f;
}

static inline bool fake_time(struct input_rx *rx, int64_t latest_ns, int64_t *clock_ns)
{
	const struct fake_rx *f = (struct fake_rx *)rx;
	(void)latest_ns;
	*clock_ns = f->now_ns;
	return f->now_ns != 0;
}

static inline void fake_rest(struct input_rx *rx, unsigned work)
{
	struct fake_rx *f = (struct fake_rx *)rx;
	f->rests++;
	f->idle += work == 0;
}

static inline void fake_stop(struct input_rx *rx)
{
	((struct fake_rx *)rx)->stopped++;
	rx->ended = true;
	rx->mark = INPUT_END;
}

static const struct input_rx_ops fake_rx_ops = {
	.begin = fake_begin,
	.poll = fake_poll,
	.done = fake_done,
	.drop = fake_drop,
	.leave = fake_leave,
	.frames = fake_frames,
	.time = fake_time,
	.rest = fake_rest,
	.wake = input_rx_nothing,
	.stop = fake_stop,
};

static inline struct input_rx *fake_rx_of(const struct input *in, unsigned worker)
{
	(void)in;
	return &fake[worker].rx;
}

static inline uint64_t fake_given(const struct input *in)
{
	(void)in;
	return fake[0].n + fake[1].n + fake[2].n;
}

static inline const char *fake_source(const struct input *in, unsigned i)
{
	(void)in;
	return i == 1 ? "fake1" : "fake";
}

static const struct input_ops fake_ordered = {.name = "fake",
	.ordered = true,
	.rx = fake_rx_of,
	.given = fake_given,
	.source = fake_source};
static const struct input_ops fake_unordered = {
	.name = "fake", .rx = fake_rx_of, .given = fake_given, .source = fake_source};

static struct packet_conf packets;
static struct input input;
static struct steer_group group;
static struct worker *workers[FAKE_WORKERS];
static _Atomic bool stop;
static _Atomic unsigned ended;

/* Returns a frame of the wire's octets. */
static inline struct frame fake_frame_of(const struct wire *w, int64_t ts_ns)
{
	return (struct frame){.data = w->octets,
		.len = w->len,
		.wire_len = w->len,
		.ts_ns = ts_ns,
		.clock_ns = ts_ns,
		.link_type = FRAME_LINK_ETHERNET};
}

/* Makes a query of client number `client`, or its reply. */
static inline void fake_message(struct wire *w, unsigned client, bool reply)
{
	static struct wire message;
	wire_clear(&message);
	wire_message(&message, 7 + client, reply ? 0x8180 : 0x0100, "example.com", 1);
	wire_clear(w);
	wire_ethernet(w, 0x0800);
	uint32_t ip = w->len;
	wire_ipv4(w, 17, 8 + message.len);
	wire_udp(w, reply ? 53 : 4000, reply ? 4000 : 53, message.len);
	wire_put(w, message.octets, message.len);
	/* 192.0.2.1 and 192.0.2.53 become 10.0.x.y and 192.0.2.53, in either direction. */
	uint8_t *src = w->octets + ip + 12, *dst = w->octets + ip + 16;
	const uint8_t from[4] = {10, 0, (uint8_t)(client >> 8), (uint8_t)client};
	const uint8_t to[4] = {192, 0, 2, 53};
	memcpy(src, reply ? to : from, 4);
	memcpy(dst, reply ? from : to, 4);
	memset(w->octets + ip + 10, 0, 2); /* no checksums: as captures of senders have it */
}

static inline void fake_setup(const struct input_ops *ops, unsigned n, const struct bpf *bpf)
{
	packet_conf_init(&packets);
	packet_port_add(&packets, 53);
	memset(fake, 0, sizeof(fake));
	atomic_store(&stop, false);
	atomic_store(&ended, 0);
	input = (struct input){.ops = ops, .share = {.workers = n}};
	CU_ASSERT_EQUAL_FATAL(steer_group_init(&group, n), 0);
	for (unsigned i = 0; i < n; i++) {
		fake[i].rx =
			(struct input_rx){.ops = &fake_rx_ops, .queues = 1, .self = (uint16_t)i};
		fake[i].burst = PIPELINE_BURST;
		CU_ASSERT_EQUAL_FATAL(mbuf_scratch_init(&fake[i].rx.scratch, PIPELINE_BURST), 0);
		const struct worker_conf conf = {
			.pipeline = {.txn = {.max_open = 1024,
					     .timeout_ns = 5 * SECOND,
					     .reorder_ns = SECOND,
					     .early = {.unordered = !ops->ordered,
						     .wait_ns = ops->ordered ? 0 : SECOND,
						     .later_ns = ops->ordered ? 0 : INT64_MAX}},
				.tcp = {.max_streams = 64,
					.buffer_bytes = 1 << 20,
					.stream_bytes = 1 << 17,
					.idle_ns = 60 * SECOND},
				.frag = {.max_datagrams = 16, .timeout_ns = 30 * SECOND},
				.secret = hash_fixed(5),
				.self = (uint16_t)i,
				.workers = (uint16_t)n},
			.packets = &packets,
			.bpf = bpf,
			.input = &input,
			.group = &group,
			.queue = {.bytes = RECORD_ARENA_MIN},
			.rests = true,
			.stop = &stop,
			.ended = &ended};
		workers[i] = aligned_alloc(BITS_CACHE_LINE, sizeof(*workers[i]));
		CU_ASSERT_EQUAL_FATAL(worker_init(workers[i], &conf), 0);
	}
}

static inline void fake_teardown(void)
{
	for (unsigned i = 0; i < group.workers; i++) {
		worker_free(workers[i]);
		free(workers[i]);
		mbuf_scratch_free(&fake[i].rx.scratch);
	}
	steer_group_free(&group);
}

#endif
