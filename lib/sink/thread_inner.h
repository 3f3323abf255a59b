/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of a sink's thread share: its loop (thread.c), the spool (thread_spool.c),
 * messages and states (thread_report.c). */
#ifndef SINK_THREAD_INNER_H
#define SINK_THREAD_INNER_H

#include "base/when.h"
#include "sink/thread.h"

/* Numbers a block that is about to be sent, if it has no number yet. */
static inline void sink_thread_number_block(struct sink_thread *t, struct sink_block *b)
{
	if (b->seq == 0)
		b->seq = ++t->seq;
}

/* Releases the oldest pending block to its logger. */
void sink_thread_release_oldest(struct sink_thread *t);

/* Shows the loggers whether the thread is idle. */
void sink_thread_set_idle(struct sink_thread *t, bool idle);

/* Shows the loggers whether the spool is full. */
void sink_thread_set_spool_full(struct sink_thread *t, bool full);

/* Report that the receiver is away, that it is back; each once. */
void sink_thread_report_away(struct sink_thread *t, int64_t now);
void sink_thread_report_back(struct sink_thread *t, int64_t now);

/* Reports once a minute the records dropped since the last report, and why, while that goes on. */
void sink_thread_report_loss(struct sink_thread *t, int64_t now);

/* Reports that the sink has failed for good; from now on its records are dropped. */
void sink_thread_fail(struct sink_thread *t, int error);

/*
 * Spills blocks from memory to the spool: live, the oldest while the queue is more than half full;
 * all of them if the sink has failed or its time is over (`late`), when the rest is dropped and
 * counted.
 */
void sink_thread_spill(struct sink_thread *t, bool late);

/*
 * Opens the spool that the sink's keys ask for. Returns 0, or -errno after reporting a fault that
 * the operator must mend. A spool that cannot be opened for another reason is tried again
 * (t->spool_reopen_ns).
 */
int sink_thread_open_spool(struct sink_thread *t, int64_t now);

/* Calls spool_peek(); counts and reports its faults. */
struct sink_block *sink_thread_read_spool(struct sink_thread *t, uint32_t *from, int64_t now);

#endif
