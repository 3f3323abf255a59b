/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/clock.h"
#include "sink/kafka_inner.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLOSE_MS 1000
#define LARGE (16 * 1024) /* octets of a document that may be too large by itself */

void kafka_set_error(struct kafka *k, const char *text)
{
	snprintf(k->error_text, sizeof(k->error_text), "%s", text);
	k->away = true;
}

/*
 * A broker refuses a whole batch for its size. A batch of small documents is a matter of settings,
 * which the operator can change; in a batch with a large document, that document is the cause.
 */
bool kafka_is_permanent(const rd_kafka_message_t *m)
{
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE: return m->len >= LARGE;
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD: return true;
	default: return false;
	}
}

void kafka_delivery_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka *k = opaque;
	uintptr_t at = (uintptr_t)m->_private;
	struct kafka_part *p = &k->window[at / KAFKA_PART];
	uint32_t i = (uint32_t)(at % KAFKA_PART);
	k->outstanding--;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->state[i] = DOC_DELIVERED;
		k->away = false;
		metrics_add(&k->sink->metrics->octets, m->len);
	} else if (kafka_is_permanent(m)) {
		p->state[i] = DOC_REFUSED;
	} else {
		p->state[i] = DOC_NEW;
		p->to_resend++;
		if (rk && m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
			m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
			kafka_set_error(k, rd_kafka_err2str(m->err));
	}
}

/* Handles an error of the cluster as a whole. librdkafka recovers by itself, unless it is fatal. */
static void on_error(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
	struct kafka *k = opaque;
	if (error == RD_KAFKA_RESP_ERR__FATAL) {
		char text[160] = "";
		rd_kafka_fatal_error(rk, text, sizeof(text));
		k->broken = true;
		kafka_set_error(k, text);
	} else if (!k->away || error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		kafka_set_error(k, reason);
	}
}

/* Handles librdkafka's log lines; those that matter also arrive as errors. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	if (rk && level <= 2 && facility && text) /* LOG_CRIT: an internal fault */
		kafka_set_error(rd_kafka_opaque(rk), text);
}

static rd_kafka_resp_err_t on_thread_start(
	rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque)
{
	struct kafka *k = opaque;
	(void)rk;
	(void)type;
	(void)name;
	pthread_mutex_lock(&k->lock);
	if (k->threads < KAFKA_THREADS && !k->affinity_set)
		k->thread[k->threads++] = (pid_t)syscall(SYS_gettid);
	pthread_mutex_unlock(&k->lock);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(
	rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *error_text, size_t size)
{
	(void)conf;
	(void)error_text;
	(void)size;
	return rd_kafka_interceptor_add_on_thread_start(rk, "dnsloupe", on_thread_start, opaque);
}

/* The thread that opens a sink is bound to one CPU, and librdkafka's threads inherit that. Threads
 * that start later inherit from these. */
void kafka_set_affinity(struct kafka *k)
{
	cpu_set_t cpus;
	if (k->affinity_set || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return;
	pthread_mutex_lock(&k->lock);
	for (unsigned i = 0; i < k->threads; i++)
		sched_setaffinity(k->thread[i], sizeof(cpus), &cpus);
	k->affinity_set = true;
	pthread_mutex_unlock(&k->lock);
}

int kafka_start(struct sink *s, struct kafka *k)
{
	struct conf_error err = {{0}};
	char text[150];
	rd_kafka_conf_t *conf = kafka_conf(s->conf, &err);
	if (!conf)
		return sink_set_error(s, -EINVAL, "%.190s", err.text);
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_dr_msg_cb(conf, kafka_delivery_report);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set(conf, "log.queue", "true", NULL, 0);
	rd_kafka_conf_interceptor_add_on_new(conf, "dnsloupe", on_new, k);
	k->broken = true;
	k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (!k->rk) {
		rd_kafka_conf_destroy(conf);
		return sink_set_error(s, -EINVAL, "%s", text);
	}
	rd_kafka_set_log_queue(k->rk, NULL); /* rd_kafka_poll() serves log lines too */
	k->topic = rd_kafka_topic_new(k->rk, s->conf->kafka_topic, NULL);
	k->broken = !k->topic;
	if (k->topic)
		return 0;
	rd_kafka_destroy(k->rk);
	k->rk = NULL;
	return sink_set_error(
		s, -EINVAL, "kafka.topic: %s", rd_kafka_err2str(rd_kafka_last_error()));
}

/* Makes librdkafka report every outstanding document as not delivered. */
static void purge_outstanding(struct kafka *k)
{
	int64_t until = sink_clock_ns() + CLOSE_MS * (int64_t)WHEN_NS_PER_MS;
	rd_kafka_purge(k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (k->outstanding && sink_clock_ns() < until)
		rd_kafka_poll(k->rk, 10);
}

void kafka_stop(struct kafka *k)
{
	purge_outstanding(k);
	rd_kafka_topic_destroy(k->topic);
	rd_kafka_destroy(k->rk);
	k->rk = NULL;
	k->outstanding = 0;
}

void kafka_purge(struct kafka *k)
{
	if (k->outstanding)
		purge_outstanding(k);
	if (k->outstanding)
		k->broken = true;
	k->count = 0;
}

int kafka_recreate(struct sink *s, struct kafka *k)
{
	if (k->rk)
		kafka_stop(k);
	for (unsigned i = 0; i < k->count; i++) {
		struct kafka_part *p = &k->window[(k->first + i) % KAFKA_WINDOW];
		for (uint32_t j = 0; j < p->sent; j++)
			if (p->state[j] == DOC_SENT) {
				/* Its delivery report never arrived. */
				p->state[j] = DOC_NEW;
				p->to_resend++;
			}
	}
	k->affinity_set = false;
	k->threads = 0;
	return kafka_start(s, k);
}
