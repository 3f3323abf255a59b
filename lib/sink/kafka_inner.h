/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the Kafka sink (kafka.c) and its use of librdkafka (kafka_client.c). */
#ifndef SINK_KAFKA_INNER_H
#define SINK_KAFKA_INNER_H

#include "base/when.h"
#include "sink/kafka_conf.h"
#include "sink/sink.h"

#include <pthread.h>

#define KAFKA_WINDOW 32 /* blocks, or parts of blocks, in flight */
#define KAFKA_PART 4096 /* documents of a part at most */
#define KAFKA_THREADS 64

/* DOC_NEW: to be produced; DOC_SENT: librdkafka has it; DOC_DELIVERED and DOC_REFUSED: settled. */
enum doc_state { DOC_NEW, DOC_SENT, DOC_DELIVERED, DOC_REFUSED };

/* A part of a block that is in flight. */
struct kafka_part {
	uint64_t seq;
	uint32_t from, n;
	uint32_t sent; /* documents from this one on were never produced */
	uint32_t to_resend; /* documents before it that must be produced again */
	uint32_t settled; /* how many of its first documents are settled */
	uint8_t state[KAFKA_PART]; /* enum doc_state; written in kafka_reported(), which runs in
				      poll() */
};

struct kafka {
	struct sink *sink;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	unsigned first, count; /* of the window */
	struct kafka_part window[KAFKA_WINDOW];
	uint32_t outstanding; /* documents without a delivery report */
	bool full; /* librdkafka's queue is */
	bool away; /* an error was reported since the last delivery */
	bool broken; /* the producer must be recreated */
	char error_text[160];
	struct text encoded; /* of one burst */
	pthread_mutex_t
		lock; /* of the fields below, which librdkafka's threads write when they start */
	pid_t thread[KAFKA_THREADS];
	unsigned threads;
	bool affinity_set;
};

/* Creates a producer. Returns 0, or -EINVAL with s->error_text. */
int kafka_start(struct sink *s, struct kafka *k);

/* Purges and destroys the producer. */
void kafka_stop(struct kafka *k);

/* Purges the producer's messages and clears the window. Messages in flight may still arrive. */
void kafka_purge(struct kafka *k);

/*
 * Replaces a broken producer by a new one, which is given the undelivered documents of the window
 * again. Returns 0, or -EINVAL with s->error_text.
 */
int kafka_recreate(struct sink *s, struct kafka *k);

/* Binds the producer's threads to the CPUs of the calling thread, the sink's own. */
void kafka_set_affinity(struct kafka *k);

/* Handles the delivery report of one document: librdkafka's callback; rk NULL: it was not accepted.
 */
void kafka_delivery_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* Keeps an error, to be reported if no document is delivered. */
void kafka_set_error(struct kafka *k, const char *text);

/* True if the same message would fail again, whenever it is sent. */
bool kafka_is_permanent(const rd_kafka_message_t *m);

#endif
