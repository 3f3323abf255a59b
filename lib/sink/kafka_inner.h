/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of Kafka (kafka_client.c) and what is on its way by it (kafka.c). */
#ifndef SINK_KAFKA_INNER_H
#define SINK_KAFKA_INNER_H

#include "base/when.h"
#include "sink/kafka_conf.h"
#include "sink/sink.h"

#include <pthread.h>

#define KAFKA_WINDOW 32 /* blocks, or parts of them, with librdkafka at a time */
#define KAFKA_PART 4096 /* documents of a block at most in one of them */
#define KAFKA_THREADS 64

enum doc_state { DOC_NEW, DOC_SENT, DOC_DONE, DOC_REFUSED };

/* Documents of one block that librdkafka has. */
struct part {
	uint64_t seq;
	uint32_t from, n;
	uint32_t sent; /* none from this one on was ever given to librdkafka */
	uint32_t again; /* how many before it are to be given once more */
	uint32_t settled; /* its first so many are */
	uint8_t state[KAFKA_PART]; /* enum doc_state; written in kafka_reported(), which runs in
				      poll() */
};

struct kafka {
	struct sink *sink;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	unsigned first, count; /* of the window */
	struct part window[KAFKA_WINDOW];
	uint32_t outstanding; /* documents that librdkafka has */
	bool full; /* librdkafka's queue */
	bool away; /* since it was last said that something works */
	bool broken; /* the producer is of no use any more: a new one is needed */
	char why[160];
	struct text encoded; /* of one burst */
	pthread_mutex_t lock; /* of what follows: librdkafka's threads write it when they start */
	pid_t thread[KAFKA_THREADS];
	unsigned threads;
	bool placed; /* its threads run where the sink's own may */
};

/* A new producer. 0, or -EINVAL with s->why. */
int kafka_start(struct sink *s, struct kafka *k);

/* Takes all back that it has, and ends it. */
void kafka_stop(struct kafka *k);

/* Takes all back and empties the window; what was in flight may arrive all the same. */
void kafka_take_back(struct kafka *k);

/*
 * A new producer in place of a broken one: it gets again what the window has undelivered. 0, or
 * -EINVAL with s->why.
 */
int kafka_renew(struct sink *s, struct kafka *k);

/* Binds its threads to the CPUs of the calling one, the sink's own. */
void kafka_place(struct kafka *k);

/* The delivery report of one document: as librdkafka's callback; rk NULL: it was never taken. */
void kafka_reported(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* Remembers what is wrong, to be said if nothing goes on. */
void kafka_trouble(struct kafka *k, const char *what);

/* Is the report an error that the same message will meet again, whenever it is sent? */
bool kafka_is_final(const rd_kafka_message_t *m);

#endif
