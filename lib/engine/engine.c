/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/engine.h"

#include "base/log.h"
#include "base/when.h"
#include "dns/idna.h"
#include "engine/stages.h"

#include <errno.h>
#include <rte_launch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t engine_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

/* A thread that shares its CPU must not occupy it while it is idle. */
static void choose_idle(struct engine *e)
{
	const struct place *p = &e->place;
	const bool sleeps = e->conf->idle == CONF_IDLE_SLEEP;

	e->rests = p->floats || sleeps || p->shared;
	e->loggers_rest = e->rests || p->loggers_rest;
	if (p->shared && !sleeps)
		log_note("workers (%u) and loggers (%u) share CPUs: they sleep when idle",
			p->workers, p->loggers);
}

int engine_plan(struct engine *e, const struct conf *conf)
{
	int nodes[PLACE_WORKERS];
	struct place *p = &e->place;

	e->conf = conf;
	int error = input_plan(&e->input, conf);
	if (error)
		return error;
	error = e->input.ops->floats ? place_floating(p, conf)
				     : place_on_cpus(p, conf, e->input.node);
	if (error)
		return error;
	choose_idle(e);
	for (unsigned i = 0; i < p->workers; i++)
		nodes[i] = p->floats ? -1 : place_node(p->worker[i]);
	const struct input_share share = {.workers = p->workers, .nodes = nodes, .rests = e->rests};
	stages_packets(&e->packets, conf);
	return input_share(&e->input, &share);
}

void engine_close_plan(struct engine *e)
{
	input_close(&e->input);
}

size_t engine_table_bytes(const struct engine *e)
{
	struct pipeline_conf conf = stages_pipeline(e->conf, &e->packets, &e->input, 0);
	return pipeline_bytes(&conf);
}

static int open_filter(struct engine *e)
{
	char why[512] = "";
	int error = 0;

	if (e->conf->filter_bpf[0])
		error = bpf_open(&e->bpf, e->conf->filter_bpf, why, sizeof(why));
	if (error)
		log_error("filter.bpf: %s", error == -ENOMEM ? "out of memory" : why);
	else if (e->bpf)
		log_detail("filter.bpf runs as %s",
			bpf_is_compiled(e->bpf) ? "machine code" : "an interpreted program");
	return error;
}

static int open_workers(struct engine *e)
{
	const unsigned n = e->place.workers;
	struct worker_conf conf = {.packets = &e->packets,
		.bpf = e->bpf,
		.input = &e->input,
		.group = &e->group,
		.queue = {.bytes = (size_t)e->conf->memory_record_mb << 20,
			.populate = !e->rests,
			.waits = e->input.ops->waits},
		.rests = e->rests,
		.stop = &e->stop,
		.ended = &e->workers_ended};
	int error = steer_group_init(&e->group, n);

	e->worker = aligned_alloc(BITS_CACHE_LINE, n * sizeof(*e->worker));
	if (!e->worker)
		error = -ENOMEM;
	for (; e->workers < n && error == 0; e->workers++) {
		conf.pipeline = stages_pipeline(e->conf, &e->packets, &e->input, e->workers);
		conf.pipeline.secret = e->secret;
		error = worker_init(&e->worker[e->workers], &conf);
	}
	if (error)
		log_error("cannot set up %u workers: %s: lower workers, txn.max_open or "
			  "memory.record_mb",
			n, strerror(-error));
	return error;
}

static void free_workers(struct engine *e)
{
	for (unsigned i = 0; i < e->workers; i++)
		worker_free(&e->worker[i]);
	e->workers = 0;
	free(e->worker);
	e->worker = NULL;
	steer_group_free(&e->group);
}

static int open_sinks(struct engine *e)
{
	const struct conf *conf = e->conf;
	char host[256] = "localhost";

	if (gethostname(host, sizeof(host) - 1) < 0)
		log_warn("cannot read the host name: the sensor of all records is localhost; set "
			 "`sensor`");
	if (conf->output_unicode && !idna_available())
		log_warn("output.unicode: this dnsloupe was built without libidn2: names are not "
			 "converted");
	snprintf(e->sensor, sizeof(e->sensor), "%s", conf->sensor[0] ? conf->sensor : host);
	const struct sinks_options options = {.sensor = e->sensor,
		.loggers = e->place.loggers,
		.live = !e->input.ops->waits,
		.prefault = !e->rests,
		.wake_fd = e->wake_fd};
	return sinks_open(&e->sinks, conf, &options);
}

static void fill_ledger(struct engine *e)
{
	e->ledger = (struct ledger){.workers = e->workers,
		.loggers = e->place.loggers,
		.sinks = &e->sinks,
		.input = &e->input};
	for (unsigned i = 0; i < e->workers; i++)
		e->ledger.worker[i] = &e->worker[i].metrics;
	for (unsigned i = 0; i < e->place.loggers; i++)
		e->ledger.logger[i] = &e->logger[i].metrics;
}

/* Logger i empties the queues of the workers i, i + loggers, i + 2 loggers ... */
static int open_loggers(struct engine *e)
{
	const unsigned n = e->place.loggers;
	const bool live = !e->input.ops->waits;
	const struct logger_conf conf = {.ledger = &e->ledger,
		.sensor = e->sensor,
		.conf = e->conf,
		.reports_loss = live,
		.sheds = live && e->conf->overload == CONF_OVERLOAD_SHED,
		.rests = e->loggers_rest,
		.workers_ended = &e->workers_ended,
		.ended = &e->loggers_ended,
		.wake_fd = e->wake_fd};
	int error = 0;

	e->logger = aligned_alloc(BITS_CACHE_LINE, n * sizeof(*e->logger));
	if (!e->logger)
		error = -ENOMEM;
	for (; e->loggers < n && error == 0; e->loggers++)
		error = logger_init(&e->logger[e->loggers], e->loggers, &conf, &e->sinks);
	if (error) {
		log_error("out of memory");
		return error;
	}
	for (unsigned i = 0; i < e->workers; i++)
		logger_add(&e->logger[i % n], &e->worker[i].queue);
	fill_ledger(e);
	return 0;
}

static void free_loggers(struct engine *e)
{
	for (unsigned i = 0; i < e->loggers; i++)
		logger_free(&e->logger[i]);
	e->loggers = 0;
	free(e->logger);
	e->logger = NULL;
}

int engine_run(struct engine *e, int (*attend)(struct engine *e, void *arg), void *arg)
{
	struct input *in = &e->input;
	int code = 1;

	if (hash_draw(&e->secret))
		return 1;
	e->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (e->wake_fd < 0) {
		log_error("cannot make an eventfd: %s", strerror(errno));
		return 1;
	}
	if (open_filter(e))
		goto no_filter;
	if (in->ops->start(in))
		goto no_ports;
	if (open_workers(e))
		goto no_workers;
	if (open_sinks(e))
		goto no_workers;
	if (open_loggers(e))
		goto no_loggers;
	if (sinks_start(&e->sinks, &e->place.sinks))
		goto no_loggers;
	code = attend(e, arg);

no_loggers:
	free_loggers(e);
	sinks_free(&e->sinks);
no_workers:
	free_workers(e);
no_ports:
	in->ops->stop(in);
	bpf_close(e->bpf);
no_filter:
	close(e->wake_fd);
	return code;
}

void engine_start(struct engine *e)
{
	e->started_ns = engine_now_ns();
	if (e->input.ops->announce)
		e->input.ops->announce(&e->input);
	for (unsigned i = 0; i < e->loggers; i++)
		rte_eal_remote_launch(logger_main, &e->logger[i], 1 + e->workers + i);
	for (unsigned i = 0; i < e->workers; i++)
		rte_eal_remote_launch(worker_main, &e->worker[i], 1 + i);
}

bool engine_has_ended(const struct engine *e)
{
	return atomic_load_explicit(&e->loggers_ended, memory_order_acquire) == e->loggers &&
	       sinks_have_ended(&e->sinks);
}

bool engine_wait(struct engine *e)
{
	rte_eal_mp_wait_lcore();
	e->ended_ns = engine_now_ns();
	e->input.ops->finish(&e->input);
	return sinks_close(&e->sinks);
}
