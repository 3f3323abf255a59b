/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/conn.h"
#include "sink/kafka_inner.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLOSE_MS 1000
#define LARGE (16 * 1024) /* octets of a document that may be too large by itself */

void kafka_trouble(struct kafka *k, const char *what)
{
	struct text t = text_of(k->why, sizeof(k->why) - 1);
	text_format(&t, "%.*s", (int)sizeof(k->why) - 1, what);
	*t.at = '\0';
	k->away = true;
}

/*
 * A broker refuses a whole batch for its size. One of small documents is a matter of settings,
 * which somebody can mend; in one with a large document that is to blame.
 */
bool kafka_is_final(const rd_kafka_message_t *m)
{
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE: return m->len >= LARGE;
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD: return true;
	default: return false;
	}
}

/* The delivery report of one document. */
void kafka_reported(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka *k = opaque;
	uintptr_t at = (uintptr_t)m->_private;
	struct part *p = &k->window[at / KAFKA_PART];
	uint32_t i = (uint32_t)(at % KAFKA_PART);
	k->outstanding--;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->state[i] = DOC_DONE;
		k->away = false;
		metrics_add(&k->sink->metrics->octets, m->len);
	} else if (kafka_is_final(m)) {
		p->state[i] = DOC_REFUSED;
	} else {
		p->state[i] = DOC_NEW;
		p->again++;
		if (rk && m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
			m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
			kafka_trouble(k, rd_kafka_err2str(m->err));
	}
}

/* What is wrong with the cluster as a whole; librdkafka goes on by itself, but for a fatal error.
 */
static void happened(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
	struct kafka *k = opaque;
	if (error == RD_KAFKA_RESP_ERR__FATAL) {
		char why[160] = "";
		rd_kafka_fatal_error(rk, why, sizeof(why));
		k->broken = true;
		kafka_trouble(k, why);
	} else if (!k->away || error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		kafka_trouble(k, reason);
	}
}

/* librdkafka's own lines: what matters of them comes as an error, too. */
static void logged(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	if (rk && level <= 2 && facility && text) /* LOG_CRIT: an internal fault */
		kafka_trouble(rd_kafka_opaque(rk), text);
}

static rd_kafka_resp_err_t thread_began(
	rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque)
{
	struct kafka *k = opaque;
	(void)rk;
	(void)type;
	(void)name;
	pthread_mutex_lock(&k->lock);
	if (k->threads < KAFKA_THREADS && !k->placed)
		k->thread[k->threads++] = (pid_t)syscall(SYS_gettid);
	pthread_mutex_unlock(&k->lock);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t created(
	rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *why, size_t size)
{
	(void)conf;
	(void)why;
	(void)size;
	return rd_kafka_interceptor_add_on_thread_start(rk, "dnsloupe", thread_began, opaque);
}

/*
 * The thread that opens a sink is bound to one CPU, and librdkafka's threads, begun by it, with it:
 * binds them to those that the sink's own thread may use. Later ones are begun by these.
 */
void kafka_place(struct kafka *k)
{
	cpu_set_t cpus;
	if (k->placed || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return;
	pthread_mutex_lock(&k->lock);
	for (unsigned i = 0; i < k->threads; i++)
		sched_setaffinity(k->thread[i], sizeof(cpus), &cpus);
	k->placed = true;
	pthread_mutex_unlock(&k->lock);
}

int kafka_start(struct sink *s, struct kafka *k)
{
	struct conf_error err = {{0}};
	char why[150];
	rd_kafka_conf_t *conf = kafka_conf(s->conf, &err);
	if (!conf)
		return sink_why(s, -EINVAL, "%.190s", err.text);
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_dr_msg_cb(conf, kafka_reported);
	rd_kafka_conf_set_error_cb(conf, happened);
	rd_kafka_conf_set_log_cb(conf, logged);
	rd_kafka_conf_set(conf, "log.queue", "true", NULL, 0);
	rd_kafka_conf_interceptor_add_on_new(conf, "dnsloupe", created, k);
	k->broken = true;
	k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!k->rk) {
		rd_kafka_conf_destroy(conf);
		return sink_why(s, -EINVAL, "%s", why);
	}
	rd_kafka_set_log_queue(k->rk, NULL); /* lines, too, are served by rd_kafka_poll() */
	k->topic = rd_kafka_topic_new(k->rk, s->conf->kafka_topic, NULL);
	k->broken = !k->topic;
	if (k->topic)
		return 0;
	rd_kafka_destroy(k->rk);
	k->rk = NULL;
	return sink_why(s, -EINVAL, "kafka.topic: %s", rd_kafka_err2str(rd_kafka_last_error()));
}

/* Makes librdkafka report all that it has as not delivered. */
static void purge(struct kafka *k)
{
	int64_t until = conn_clock() + CLOSE_MS * (int64_t)WHEN_NS_PER_MS;
	rd_kafka_purge(k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (k->outstanding && conn_clock() < until)
		rd_kafka_poll(k->rk, 10);
}

void kafka_stop(struct kafka *k)
{
	purge(k);
	rd_kafka_topic_destroy(k->topic);
	rd_kafka_destroy(k->rk);
	k->rk = NULL;
	k->outstanding = 0;
}

void kafka_take_back(struct kafka *k)
{
	if (k->outstanding)
		purge(k);
	if (k->outstanding)
		k->broken = true;
	k->count = 0;
}

int kafka_renew(struct sink *s, struct kafka *k)
{
	if (k->rk)
		kafka_stop(k);
	for (unsigned i = 0; i < k->count; i++) {
		struct part *p = &k->window[(k->first + i) % KAFKA_WINDOW];
		for (uint32_t j = 0; j < p->sent; j++)
			if (p->state[j] == DOC_SENT) {
				/* Its report never came. */
				p->state[j] = DOC_NEW;
				p->again++;
			}
	}
	k->placed = false;
	k->threads = 0;
	return kafka_start(s, k);
}
