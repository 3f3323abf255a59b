/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where packets come from. A kind of input is one struct input_ops, for the run, and one or more
 * struct input_rx_ops, for a worker's side of it. The table of kinds (inputs.def) is asked once
 * which kind a configuration means; whoever uses an input knows these two structs and no kind.
 *
 *	plan -> share -> open -> (EAL starts) -> start -> poll, frames, time ... -> stop -> (EAL
 *ends)
 *	-> close
 */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include "config/conf.h"
#include "pipeline/pipeline.h"
#include "rx/mbuf.h"
#include "rx/port.h"
#include "rx/port_drops.h"
#include "rx/tap_time.h"

#include <stdatomic.h>
#include <stdio.h>

#define INPUT_END UINT64_MAX /* input_rx.mark: nothing more will come */
#define INPUT_NUMBERS 10

struct input;
struct input_rx;

/* What one poll gave. */
struct input_burst {
	unsigned n; /* frames */
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST]; /* their buffers; meaningless where there are none */
};

/*
 * A worker's side of an input. Only the worker calls it, but for wake(). Functions are called once
 * a burst or less often, never once a packet.
 */
struct input_rx_ops {
	/* Called first, on the worker's own core: reads the clocks. */
	void (*begin)(struct input_rx *rx);
	/*
	 * Receives a burst from queue `queue` (less than rx->queues) and makes frames of it.
	 * Returns how many packets it took; one that is no frame is counted and freed. In order, it
	 * sets rx->mark, and leaves the number of each packet in its note (mbuf_item()). At the end
	 * of the input it sets rx->ended.
	 */
	unsigned (*poll)(struct input_rx *rx, unsigned queue, struct input_burst *burst);
	/* The frames of the latest poll() are not used any more. */
	void (*done)(struct input_rx *rx);
	/* Frees n buffers of the latest poll(). */
	void (*drop)(struct input_rx *rx, struct rte_mbuf **packets, unsigned n);
	/* Leaves on a buffer what its owner cannot know of the frame. Unordered inputs only. */
	void (*leave)(const struct input_rx *rx, struct rte_mbuf *m, const struct frame *frame);
	/* Makes frames of n packets that this or another worker received, or put together, earlier:
	 * as poll() does. Returns how many, with their buffers in `of`. */
	unsigned (*frames)(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
		struct frame *frames, struct rte_mbuf **of);
	/*
	 * Is it time to expire what has waited too long? Then *clock_ns is the time of the input.
	 * latest_ns: the latest clock of the frames that were processed. A file's time is that of
	 * its frames alone: always false.
	 */
	bool (*time)(struct input_rx *rx, int64_t latest_ns, int64_t *clock_ns);
	/* A turn has ended, with `work` or without: rests where there was nothing to do. */
	void (*rest)(struct input_rx *rx, unsigned work);
	/* Something was left for the worker of rx. Any thread. */
	void (*wake)(struct input_rx *rx);
	/* Receives no more: poll() gives what was received already, then sets rx->ended. */
	void (*stop)(struct input_rx *rx);
};

/* Begins a kind's own struct. */
struct input_rx {
	const struct input_rx_ops *ops;
	struct metrics_worker *metrics;
	struct mbuf_scratch scratch;
	unsigned queues; /* that poll() is called for, in turn */
	uint16_t self; /* number of the worker */
	bool ended; /* poll() will give nothing more */
	uint64_t mark; /* in order: no packet up to this number will be given any more */
};

/* How an input is shared out; set before it starts. */
struct input_share {
	unsigned workers;
	const int *nodes; /* NUMA node of each worker, -1: unknown */
	bool rests; /* idle workers sleep: the input shall wake them */
};

/* What came, what was lost on the way, and what was damaged. */
struct input_counts {
	struct port_counts port;
	uint64_t cut; /* frames whose ends are missing, because they were too long */
};

/* What is lost before a worker sees it, for the loggers; written by the control loop. */
struct input_lost {
	_Atomic uint64_t missed, no_mbuf; /* the sums of input_counts */
	_Atomic uint64_t dropped; /* by the drivers' own counters; some of it may be in `missed` */
	_Atomic uint32_t blind; /* bit i: nothing comes from source i: it is gone or stands still */
	_Atomic unsigned interruptions; /* how often a source became blind */
};

/* How far the input has come. */
struct input_progress {
	uint64_t octets_read;
	uint64_t octets_total; /* 0: unknown */
	uint64_t frames;
};

struct input_number {
	const char *name; /* static */
	uint64_t n;
};

/* A device of an input, for reports. */
struct input_part {
	const char *device, *driver;
	struct input_number numbers[INPUT_NUMBERS];
	unsigned n_numbers;
	const struct port_drops *drops; /* the driver's own counters of losses */
};

/* Hands one word of DPDK's command line to whoever asked for them. */
typedef void input_word_fn(void *arg, const char *word);

struct input_ops {
	const char *name;
	/* Facts of the kind. */
	bool waits; /* what nobody takes stays where it is: nothing is lost, workers may wait */
	bool floats; /* threads run on any CPU and always rest; false: each has its CPU */
	bool ordered; /* packets have numbers, and are processed in their order */
	/* Does the configuration mean this kind? */
	bool (*suits)(const struct conf *conf);
	/* Before EAL. Looks at what in->conf names; sets in->node. 0, or -errno, said. */
	int (*plan)(struct input *in);
	/* in->share is known: sets in->receivers and in->unordered as far as they are. 0, or
	 * -errno, said. */
	int (*share)(struct input *in);
	/* For --plan: a line a source. */
	void (*describe)(const struct input *in, FILE *out);
	/* Octets of DPDK's memory that it needs. */
	uint64_t (*memory)(const struct input *in);
	/* File descriptors that it will open. */
	unsigned (*descriptors)(const struct input *in);
	/* Words for EAL's command line. */
	void (*words)(const struct input *in, input_word_fn *add, void *arg);
	/* After EAL: opens files, makes devices, starts ports, makes the workers' sides. Sets
	 * in->receivers, in->rss, in->unordered. 0, or -errno, said; stop() in both cases. */
	int (*start)(struct input *in);
	struct input_rx *(*rx)(const struct input *in, unsigned worker);
	/* The workers are about to begin: says so. NULL: nothing to say. */
	void (*announce)(const struct input *in);
	/* Called by the control loop now and then. -ENODEV once nothing can come any more. NULL:
	 * there is nothing to watch. */
	int (*watch)(struct input *in, int64_t now_ns);
	/* How far it has come; NULL: nobody knows. */
	void (*progress)(const struct input *in, struct input_progress *progress);
	/* What came and was lost since the start. */
	void (*counts)(const struct input *in, struct input_counts *counts);
	/* Frames that it gave, known for sure; NULL: nobody knows. */
	uint64_t (*given)(const struct input *in);
	/* Its numbers for the report, INPUT_NUMBERS at most; how many. */
	unsigned (*numbers)(const struct input *in, struct input_number *numbers);
	/* The name of source i, for a bit of in->lost.blind. NULL: none can be blind. */
	const char *(*source)(const struct input *in, unsigned i);
	/* Device i for the report; false: there is none. NULL: the kind has none. */
	bool (*part)(const struct input *in, unsigned i, struct input_part *part);
	/* Workers have ended: takes the last counts. */
	void (*finish)(struct input *in);
	/* 0, or -errno where some of the input could not be read, which was said then. NULL: there
	 * is no such thing. */
	int (*result)(const struct input *in);
	/* The first file with a link type that is not decoded, and the type; "" where there was
	 * none. At the end; may be NULL. */
	const char *(*strange)(const struct input *in);
	/* Before EAL ends: closes all that start() opened. */
	void (*stop)(struct input *in);
	/* Last: frees what plan() made. */
	void (*close)(struct input *in);
};

struct input {
	const struct input_ops *ops;
	const struct conf *conf; /* borrowed */
	void *state; /* the kind's own, from plan() to close() */
	struct input_share share;
	int node; /* NUMA node of the devices, -1: any */
	unsigned receivers; /* workers that receive: the first ones */
	bool unordered; /* packets come by several queues in no common order */
	const struct rss *rss; /* how NICs spread packets: it decides owners; or NULL */
	struct input_lost lost;
};

/* Chooses the kind of a configuration, and plans it. 0, or -errno, said; input_close() in both
 * cases. */
int input_plan(struct input *in, const struct conf *conf);

/* The same with this kind. */
int input_plan_kind(struct input *in, const struct conf *conf, const struct input_ops *ops);

/* Tells the input who will take its packets. `share` is copied; 0, or -errno, said. */
int input_share(struct input *in, const struct input_share *share);

/* Closes it, whatever state it is in; EAL has ended, or was never started. */
void input_close(struct input *in);

/* For the kinds. */

/* Packet buffers of a pool: `held` by the device, those that workers keep in their caches and have
 * in hand, and those on their way between workers. memory.mbufs goes over it. */
uint32_t input_mbufs(const struct input *in, uint64_t held);
/* The same without memory.mbufs: fewer are too few. */
uint32_t input_mbufs_least(const struct input *in, uint64_t held);

/* Free buffers without which no burst may be asked of net_pcap, which loses a packet that it has no
 * buffer for: those in the caches of other lcores do not help this one. */
unsigned input_reserve(const struct rte_mempool *pool, unsigned workers);

/* Does nothing: a begin(), done() or wake() of a kind for which nothing is to be done then. */
void input_rx_nothing(struct input_rx *rx);

_Static_assert((int)CONF_TIME_EXABLAZE - (int)CONF_TIME_CAPTURE == (int)TAP_TIME_EXABLAZE,
	"the choices have the order of enum tap_time");

/* Returns what gives packets their time. */
static inline enum tap_time input_time_from(const struct conf *conf)
{
	return (enum tap_time)((unsigned)conf->input_time_from - CONF_TIME_CAPTURE);
}

/* Frees buffers: the drop() of kinds that have some. */
void input_drop_mbufs(struct input_rx *rx, struct rte_mbuf **packets, unsigned n);

/* Frees a packet that is no frame, and counts it. */
void input_refuse(struct input_rx *rx, struct rte_mbuf *m);

/* Makes the frame of *m, which may become another buffer; `i` is its place in rx->scratch. False:
 * it is none. */
typedef bool input_frame_fn(
	struct input_rx *rx, struct frame *frame, struct rte_mbuf **m, unsigned i);

/* Makes frames of n packets by `one`, a constant, which is inlined: what poll() and frames() do. */
static inline __attribute__((always_inline)) unsigned input_frames(struct input_rx *rx,
	struct rte_mbuf **packets, unsigned n, struct frame *frames, struct rte_mbuf **of,
	input_frame_fn *one)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(packets[i], const char *));
	for (unsigned i = 0; i < n; i++) {
		if (bits_likely(one(rx, &frames[count], &packets[i], count)))
			of[count++] = packets[i];
		else
			input_refuse(rx, packets[i]);
	}
	return count;
}

#endif
