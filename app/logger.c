/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/logger.h"

#include "base/log.h"
#include "dns/idna.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LOGGER_BURST 64
#define LOGGER_IDLE_FLUSH 12 /* idle turns after which lines do not wait for company */

int logger_open(struct logger *l, struct run *run)
{
	const struct conf *conf = run->conf;
	char host[256] = "localhost";

	memset(l, 0, sizeof(*l));
	l->run = run;
	if (gethostname(host, sizeof(host) - 1) < 0)
		log_warn("cannot read the host name: records say localhost; set `sensor`");
	if (conf->output_unicode && !idna_available())
		log_warn("output.unicode: this dnsloupe was built without libidn2; names stay as "
			 "they are");
	snprintf(run->sensor, sizeof(run->sensor), "%s", conf->sensor[0] ? conf->sensor : host);
	const struct sinks_options options = {.sensor = run->sensor,
		.loggers = 1,
		.live = run->live != NULL,
		.wake_fd = run->wake_fd};
	int error = sinks_open(&run->sinks, conf, &options);
	if (error)
		return error;
	error = fan_init(
		&l->fan, &run->sinks, 0, run->sensor, conf->output_unicode, &l->metrics.dns);
	if (error)
		log_error("out of memory");
	if (error == 0)
		error = sinks_start(&run->sinks, &run->cpus);
	if (error)
		logger_free(l);
	return error;
}

bool logger_close(struct logger *l)
{
	return sinks_close(&l->run->sinks);
}

void logger_free(struct logger *l)
{
	fan_free(&l->fan);
	sinks_free(&l->run->sinks);
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

	prctl(PR_SET_TIMERSLACK, 1000);
	for (;;) {
		bool last = atomic_load_explicit(&run->workers_ended, memory_order_acquire) ==
			    run->workers;
		unsigned work = 0;
		for (unsigned i = 0; i < run->workers; i++)
			work += drain(l, &run->worker[i]);
		if (work) {
			l->idle = 0;
			continue;
		}
		if (last)
			break;
		if (l->idle >= LOGGER_IDLE_FLUSH)
			fan_idle(&l->fan);
		run_idle(&l->idle);
	}
	fan_close(&l->fan);
	atomic_store_explicit(&run->logger_ended, true, memory_order_release);
	if (write(run->wake_fd, &one, sizeof(one)) < 0)
		return 0; /* the control loop looks by itself, too, a little later */
	return 0;
}
