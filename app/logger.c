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
	schema_init(&l->schema, conf->sensor[0] ? conf->sensor : host, &l->metrics.dns);
	l->schema.unicode = conf->output_unicode;
	if (conf->output_unicode && !idna_available())
		log_warn("output.unicode: this dnsloupe was built without libidn2; names stay as "
			 "they are");
	int error = output_open(&l->sink, conf->output_file, &l->metrics.sink);
	if (error)
		log_error("cannot open the output %s: %s", conf->output_file, strerror(-error));
	return error;
}

int logger_close(struct logger *l)
{
	return output_close(&l->sink);
}

static void failed(struct logger *l, int error)
{
	atomic_store_explicit(&l->run->sink_error, error, memory_order_relaxed);
}

/* One record, one line. Makes room until it fits; a record that cannot be written is counted. */
static void put(struct logger *l, const struct record *r)
{
	struct text *out = &l->sink.out;
	for (;;) {
		char *start = out->at, *end = out->end;
		schema_native(&l->schema, out, r);
		if (bits_likely(!out->full)) {
			int error = output_line(&l->sink);
			if (bits_unlikely(error))
				failed(l, error);
			return;
		}
		*out = (struct text){.at = start, .end = end, .start = out->start};
		int error = output_make_room(&l->sink);
		if (error == -EFBIG || error == -ENOMEM) {
			metrics_add(&l->metrics.sink.dropped_large, 1);
			return;
		}
		if (error)
			failed(l, error);
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
		put(l, r);
	}
	if (n) {
		record_release(&w->arena, ((const struct record *)records[n - 1])->end);
		metrics_add(&l->metrics.sink.taken, n);
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
		if (l->idle == LOGGER_IDLE_FLUSH && output_flush(&l->sink))
			failed(l, l->sink.error);
		run_idle(&l->idle);
	}
	if (output_flush(&l->sink))
		failed(l, l->sink.error);
	atomic_store_explicit(&run->logger_ended, true, memory_order_release);
	if (write(run->wake_fd, &one, sizeof(one)) < 0)
		return 0; /* the control loop looks by itself, too, a little later */
	return 0;
}
