/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources of packets. A kind of input is one struct input_ops, for the run, and one or more struct
 *input_rx_ops, for a worker's side of it. input_plan() chooses the kind of a configuration from the
 *table (inputs.def); users of an input know these two structs and no kind.
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

#define INPUT_END UINT64_MAX /* input_rx.mark: the input has ended */
#define INPUT_NUMBERS 10

struct input;
struct input_rx;

/* The frames of one poll. */
struct input_burst {
	unsigned n; /* frames */
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST]; /* their buffers; unused by kinds without buffers */
};

/*
 * A worker's side of an input. Only the worker calls it, except wake(). Functions are called once a
 * burst or less often, never once a packet.
 */
struct input_rx_ops {
	/* Called first, on the worker's own core: reads the clocks. */
	void (*begin)(struct input_rx *rx);
	/*
	 * Receives a burst from queue `queue` (less than rx->queues) and makes frames of it.
	 * Returns how many packets it received; counts and frees those that are no frame. In order,
	 * it sets rx->mark, and the number of each packet in its order item (mbuf_item()). At the
	 * end of the input it sets rx->ended.
	 */
	unsigned (*poll)(struct input_rx *rx, unsigned queue, struct input_burst *burst);
	/* Releases the frames of the latest poll(). */
	void (*done)(struct input_rx *rx);
	/* Frees n buffers of the latest poll(). */
	void (*drop)(struct input_rx *rx, struct rte_mbuf **packets, unsigned n);
	/* Stores in a buffer the metadata of its frame, for another worker. Unordered inputs only.
	 */
	void (*leave)(const struct input_rx *rx, struct rte_mbuf *m, const struct frame *frame);
	/* Makes frames of n packets that this or another worker received or made earlier, as poll()
	 * does. Returns how many, with their buffers in `of`. */
	unsigned (*frames)(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
		struct frame *frames, struct rte_mbuf **of);
	/*
	 * Returns true if it is time to expire entries, with the time of the input in *clock_ns.
	 * latest_ns: the latest clock of the frames that were processed. Always false for files,
	 * whose time is that of their frames.
	 */
	bool (*time)(struct input_rx *rx, int64_t latest_ns, int64_t *clock_ns);
	/* Ends a turn that processed `work` packets: spins or sleeps if it was 0. */
	void (*rest)(struct input_rx *rx, unsigned work);
	/* Wakes the worker of rx, for which packets were enqueued. Any thread. */
	void (*wake)(struct input_rx *rx);
	/* Stops receiving: poll() returns packets that were received already, then sets rx->ended.
	 */
	void (*stop)(struct input_rx *rx);
};

/* Begins a kind's own struct. */
struct input_rx {
	const struct input_rx_ops *ops;
	struct metrics_worker *metrics;
	struct mbuf_scratch scratch;
	unsigned queues; /* that poll() is called for, in turn */
	uint16_t self; /* number of the worker */
	bool ended; /* poll() will return no more packets */
	uint64_t mark; /* in order: poll() will return no more packets up to this number */
};

/* How workers share an input; set before it starts. */
struct input_share {
	unsigned workers;
	const int *nodes; /* NUMA node of each worker, -1: unknown */
	bool rests; /* idle workers sleep, and the input wakes them */
};

/* Counters of packets that arrived, were dropped or damaged. */
struct input_counts {
	struct port_counts port;
	uint64_t cut; /* frames truncated because they were too long */
};

/* Drops before a worker sees the packet, for the loggers; written by the control loop. */
struct input_lost {
	_Atomic uint64_t missed, no_mbuf; /* the sums of input_counts */
	_Atomic uint64_t dropped; /* by the drivers' own counters; may include some of `missed` */
	_Atomic uint32_t blind; /* bit i: source i delivers nothing: it is gone or stalled */
	_Atomic unsigned interruptions; /* how often a source became blind */
};

/* Progress of an input. */
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

/* Receives one word of EAL's command line from struct input_ops.words(). */
typedef void input_word_fn(void *arg, const char *word);

struct input_ops {
	const char *name;
	/* Properties of the kind. */
	bool waits; /* packets stay in the source until polled: workers may wait without loss */
	bool floats; /* threads run on any CPU and always rest; false: each has a CPU of its own */
	bool ordered; /* packets have numbers, and are processed in their order */
	/* True if the configuration is of this kind. */
	bool (*suits)(const struct conf *conf);
	/* Checks the sources in in->conf before EAL starts; sets in->node. Returns 0, or -errno,
	 * logged. */
	int (*plan)(struct input *in);
	/* Sets in->receivers and in->unordered by in->share, as far as they are known. Returns 0,
	 * or -errno, logged. */
	int (*share)(struct input *in);
	/* Writes a line for each source, for --plan. */
	void (*describe)(const struct input *in, FILE *out);
	/* Returns the octets of DPDK's memory that it needs. */
	uint64_t (*memory)(const struct input *in);
	/* Returns how many file descriptors it will open. */
	unsigned (*descriptors)(const struct input *in);
	/* Calls `add` for each word of EAL's command line. */
	void (*words)(const struct input *in, input_word_fn *add, void *arg);
	/* Opens files, creates devices, starts ports and creates the workers' sides, once EAL runs.
	 * Sets in->receivers, in->rss, in->unordered. Returns 0, or -errno, logged; stop() must
	 * follow in both cases. */
	int (*start)(struct input *in);
	/* Returns a worker's side. */ struct input_rx *(*rx)(
		const struct input *in, unsigned worker);
	/* Logs that the workers begin. May be NULL. */
	void (*announce)(const struct input *in);
	/* Watches the sources; the control loop calls it periodically. Returns -ENODEV once no
	 * source is left. May be NULL. */
	int (*watch)(struct input *in, int64_t now_ns);
	/* Reads the progress. NULL: it is unknown. */
	void (*progress)(const struct input *in, struct input_progress *progress);
	/* Reads the counters since the start. */
	void (*counts)(const struct input *in, struct input_counts *counts);
	/* Returns exactly how many frames it delivered. NULL: it is unknown. */
	uint64_t (*given)(const struct input *in);
	/* Writes its numbers for the report, at most INPUT_NUMBERS, and returns how many. */
	unsigned (*numbers)(const struct input *in, struct input_number *numbers);
	/* Returns the name of source i, for bit i of in->lost.blind. NULL: no source can be blind.
	 */
	const char *(*source)(const struct input *in, unsigned i);
	/* Describes device i for the report. False: there is none. NULL: the kind has no devices.
	 */
	bool (*part)(const struct input *in, unsigned i, struct input_part *part);
	/* Reads the final counters after the workers have ended. */
	void (*finish)(struct input *in);
	/* Returns 0, or -errno if some of the input could not be read, which was logged. May be
	 * NULL. */
	int (*result)(const struct input *in);
	/* Returns the first file with a link type that is not decoded, and the type; "" if there is
	 * none. Called at the end; may be NULL. */
	const char *(*undecoded)(const struct input *in);
	/* Closes all that start() opened, before EAL ends. */
	void (*stop)(struct input *in);
	/* Frees the state of plan(). */
	void (*close)(struct input *in);
};

struct input {
	const struct input_ops *ops;
	const struct conf *conf; /* borrowed */
	void *state; /* the kind's own, from plan() to close() */
	struct input_share share;
	int node; /* NUMA node of the devices, -1: any */
	unsigned receivers; /* workers that receive: the first ones */
	bool unordered; /* packets arrive in several queues in no common order */
	const struct rss *rss; /* how NICs spread packets, which decides owners; or NULL */
	struct input_lost lost;
};

/* Chooses the kind of a configuration, and plans it. Returns 0, or -errno, logged; input_close()
 * must follow in both cases. */
int input_plan(struct input *in, const struct conf *conf);

/* Does the same with the given kind. */
int input_plan_kind(struct input *in, const struct conf *conf, const struct input_ops *ops);

/* Sets how workers share the input; `share` is copied. Returns 0, or -errno, logged. */
int input_share(struct input *in, const struct input_share *share);

/* Closes the input in any state. EAL has ended or was never started. */
void input_close(struct input *in);

/* For the kinds. */

/* Returns the packet buffers of a pool: memory.mbufs, or the sum of those that the device holds
 * (`held`), those in the workers' caches and bursts, and those in flight between workers. */
uint32_t input_mbufs(const struct input *in, uint64_t held);
/* Returns the same sum, the minimum, whatever memory.mbufs is. */
uint32_t input_mbufs_min(const struct input *in, uint64_t held);

/* Returns how many buffers must be free before net_pcap is polled, which drops a packet that it has
 * no buffer for. Buffers in the caches of other lcores do not count. */
unsigned input_reserve(const struct rte_mempool *pool, unsigned workers);

/* Does nothing: the begin(), done() or wake() of a kind that needs none. */
void input_rx_nothing(struct input_rx *rx);

_Static_assert((int)CONF_TIME_EXABLAZE - (int)CONF_TIME_CAPTURE == (int)TAP_TIME_EXABLAZE,
	"the choices have the order of enum tap_time");

/* Returns the source of packets' times, input.time_from. */
static inline enum tap_time input_time_from(const struct conf *conf)
{
	return (enum tap_time)((unsigned)conf->input_time_from - CONF_TIME_CAPTURE);
}

/* Frees buffers: the drop() of kinds that have buffers. */
void input_drop_mbufs(struct input_rx *rx, struct rte_mbuf **packets, unsigned n);

/* Counts and frees a packet that is no frame. */
void input_refuse(struct input_rx *rx, struct rte_mbuf *m);

/* Makes the frame of *m, which may become another buffer; `i` is its slot in rx->scratch. Returns
 * false if it is no frame. */
typedef bool input_frame_fn(
	struct input_rx *rx, struct frame *frame, struct rte_mbuf **m, unsigned i);

/* Makes frames of n packets with `one`, a constant, which is inlined. Used by poll() and frames().
 */
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
