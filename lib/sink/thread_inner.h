/* SPDX-License-Identifier: BSD-3-Clause */
/* What the loop of a sink's thread (thread.c) asks of its bookkeeping (thread_report.c). */
#ifndef SINK_THREAD_INNER_H
#define SINK_THREAD_INNER_H

#include "base/when.h"
#include "sink/thread.h"

/* The block's turn has come, or it is sent ahead: gives it its number, if it has none. */
static inline void thread_number(struct sink_thread *t, struct sink_block *b)
{
	if (b->seq == 0)
		b->seq = ++t->seq;
}

/* Gives the oldest pending block back to its logger. */
void thread_pop(struct sink_thread *t);

/* Tells loggers whether the thread has nothing to do. */
void thread_tell(struct sink_thread *t, bool hungry);

/* Says that the receiver is away, that it is back; each once. */
void thread_say_away(struct sink_thread *t, int64_t now);
void thread_say_back(struct sink_thread *t, int64_t now);

/* Once a minute: how many records were dropped since the last time, and why, as long as that goes
 * on. */
void thread_say_loss(struct sink_thread *t, int64_t now);

/* The sink has failed for good: says so; from now on its records are dropped. */
void thread_fail(struct sink_thread *t, int error);

/*
 * Makes room: what stands in memory goes into the spool where the queue is filling (live), and all
 * of it where the sink has failed or it is too late; what cannot go there is dropped and counted
 * then.
 */
void thread_relieve(struct sink_thread *t, bool late);

/*
 * Opens the spool that the sink's keys ask for. 0, or -errno, said: what is wrong with it is for
 * the operator to mend. One that cannot be opened now is tried again (t->spool_again_ns).
 */
int thread_spool_open(struct sink_thread *t, int64_t now);

/* spool_front(), with its faults counted and said. */
struct sink_block *thread_spool_front(struct sink_thread *t, uint32_t *from, int64_t now);

#endif
