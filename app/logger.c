/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/logger.h"

#include "base/log.h"
#include "dns/idna.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOGGER_BURST 64
/* Idle turns after which lines do not wait for company: with rests between them, and without. */
#define LOGGER_IDLE_FLUSH 12
#define LOGGER_POLL_FLUSH 4096
#define LOGGER_LAST_TRIES 3000

/* One logger. */
static int init(struct logger *l, struct run *run, unsigned self)
{
	memset(l, 0, sizeof(*l));
	l->run = run;
	l->self = self;
	int error = fan_init(&l->fan, &run->sinks, self, run->sensor, run->conf, &l->metrics.dns);
	if (error)
		log_error("out of memory");
	return error;
}

int logger_open(struct run *run)
{
	const struct conf *conf = run->conf;
	char host[256] = "localhost";

	if (gethostname(host, sizeof(host) - 1) < 0)
		log_warn("cannot read the host name: records say localhost; set `sensor`");
	if (conf->output_unicode && !idna_available())
		log_warn("output.unicode: this dnsloupe was built without libidn2; names stay as "
			 "they are");
	snprintf(run->sensor, sizeof(run->sensor), "%s", conf->sensor[0] ? conf->sensor : host);
	const struct sinks_options options = {.sensor = run->sensor,
		.loggers = run->loggers,
		.live = run->live != NULL,
		.touch = run->live && !run->rests,
		.wake_fd = run->wake_fd};
	int error = sinks_open(&run->sinks, conf, &options);
	if (error)
		return error;
	run->logger = aligned_alloc(BITS_CACHE_LINE, run->loggers * sizeof(*run->logger));
	if (!run->logger) {
		log_error("out of memory");
		error = -ENOMEM;
	}
	for (unsigned i = 0; i < run->loggers && error == 0; i++)
		error = init(&run->logger[i], run, i);
	if (error == 0)
		error = sinks_start(&run->sinks, &run->cpus);
	if (error)
		logger_free(run);
	return error;
}

bool logger_close(struct run *run)
{
	return sinks_close(&run->sinks);
}

void logger_free(struct run *run)
{
	for (unsigned i = 0; run->logger && i < run->loggers; i++)
		fan_free(&run->logger[i].fan);
	free(run->logger);
	run->logger = NULL;
	sinks_free(&run->sinks);
}

/* Leaves out sections, the last ones first, as a worker's arena or a sink's queue fills. */
static void shed(struct logger *l, const struct worker *w, uint64_t released)
{
	unsigned fill = record_fill(&w->arena, released), queue = fan_fill(&l->fan);
	if (queue > fill)
		fill = queue;
	unsigned level = fill >= 192 ? 3 : fill >= 160 ? 2 : fill >= 128 ? 1 : 0;
	fan_shed(&l->fan, level);
}

/* Says in the output where loss begins and ends. `last`: the run is over. A line that finds no room
 * is tried again; at the end, with nothing else to do, for some seconds. */
static void tell_loss(struct logger *l, bool last)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	char room[4096];
	while (l->run->live && l->fan.notices && loss_look(&l->loss, l->run, last)) {
		struct text t = text_of(room, sizeof(room));
		int64_t ts_ns = loss_line(&l->loss, l->run->sensor, &t);
		unsigned tries = last ? LOGGER_LAST_TRIES : 1, took = 0;
		while (!t.full && tries-- && !took) {
			took = fan_notice(&l->fan, t.start, text_len(&t), ts_ns);
			if (!took && last)
				nanosleep(&nap, NULL);
		}
		if (!took) {
			loss_again(&l->loss);
			return;
		}
		metrics_add(&l->metrics.dns.notices, 1);
		l->idle = 0; /* it shall not wait for company for ever */
	}
}

/* Takes what one worker has ready. How many records. */
static unsigned drain(struct logger *l, struct worker *w)
{
	void *records[LOGGER_BURST];
	unsigned n = rte_ring_sc_dequeue_burst(w->ring, records, LOGGER_BURST, NULL);
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		if (i + 1 < n) {
			const char *next = records[i + 1];
			for (int line = 0; line < 6; line++)
				__builtin_prefetch(next + line * BITS_CACHE_LINE);
		}
		if (bits_unlikely(l->sheds))
			shed(l, w, r->end);
		fan_put(&l->fan, r);
	}
	if (n) {
		record_release(&w->arena, ((const struct record *)records[n - 1])->end);
		metrics_add(&l->metrics.sink.taken, n);
		fan_count(&l->fan, n);
	}
	return n;
}

int logger_main(void *arg)
{
	struct logger *l = arg;
	struct run *run = l->run;
	uint64_t one = 1;
	bool polls = !run->loggers_rest;

	run_thread("logger", l->self);
	l->sheds = run->live && run->conf->overload == CONF_OVERLOAD_SHED;
	for (;;) {
		bool last = atomic_load_explicit(&run->workers_ended, memory_order_acquire) ==
			    run->workers;
		unsigned work = 0;
		for (unsigned i = l->self; i < run->workers; i += run->loggers)
			work += drain(l, &run->worker[i]);
		tell_loss(l, false);
		if (work) {
			l->idle = 0;
			continue;
		}
		if (last)
			break;
		if (l->idle >= (polls ? LOGGER_POLL_FLUSH : LOGGER_IDLE_FLUSH))
			fan_idle(&l->fan);
		if (!polls) {
			run_idle(&l->idle);
			continue;
		}
		l->idle += l->idle < LOGGER_POLL_FLUSH;
		rte_pause();
	}
	tell_loss(l, true);
	fan_close(&l->fan);
	atomic_fetch_add_explicit(&run->loggers_ended, 1, memory_order_release);
	if (write(run->wake_fd, &one, sizeof(one)) < 0)
		return 0; /* the control loop looks by itself, too, a little later */
	return 0;
}
