/* SPDX-License-Identifier: BSD-3-Clause */
/* dnsloupe: start and stop of one run. */
#include "app/cli.h"
#include "app/control.h"
#include "app/eal.h"
#include "app/logger.h"
#include "app/plan.h"
#include "app/process.h"
#include "app/report.h"
#include "app/worker.h"
#include "base/log.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

extern char **environ;

static unsigned choose_workers(const struct conf *conf)
{
	cpu_set_t set;
	if (conf->workers)
		return (unsigned)conf->workers;
	/* One logger writes what two workers find; a second one pays where CPUs are free. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 4)
		return 1;
	return 2;
}

/* DNS ports, and the ports of the tunnels that are looked into. */
static void choose_ports(struct packet_conf *packets, const struct conf *conf)
{
	packet_conf_init(packets);
	packets->realms = conf->txn_key_includes_vlan;
#define PACKET_TUNNEL(name, layer, port, port2)                                                    \
	packet_tunnel_ports(packets, PACKET_TUNNEL_##name, conf->tunnels_##name.at,                \
		(unsigned)conf->tunnels_##name.count);
#include "packet/ports.def"
#undef PACKET_TUNNEL
	for (size_t i = 0; i < conf->dns_ports.count; i++)
		packet_port_add(packets, conf->dns_ports.at[i]);
}

/* Prefixes are right: conf_check() has looked. */
static void choose_sightings(struct packet_conf *packets, const struct conf *conf)
{
	struct prefix prefix;

	if (!conf->encrypted_sightings)
		return;
	packet_encrypted_ports(
		packets, conf->encrypted_ports.at, (unsigned)conf->encrypted_ports.count);
	for (size_t i = 0; i < conf->encrypted_resolvers.count; i++)
		if (!prefix_parse(&prefix, conf->encrypted_resolvers.at[i]))
			packet_resolver_add(packets, &prefix);
}

static int start_input(struct run *run)
{
	struct feed_options options = {
		.queues = run->queues, .seed = run->conf->input_seed, .direct = run->direct};
	int error = feed_start(&run->feed, (const char *const *)run->conf->input_files.at,
		run->conf->input_files.count, &options);
	if (error)
		log_error("%s", run->feed.message);
	return error;
}

static int start_filter(struct run *run)
{
	char why[512] = "";
	int error = 0;

	if (run->conf->filter_bpf[0])
		error = bpf_open(&run->bpf, run->conf->filter_bpf, why, sizeof(why));
	if (error)
		log_error("filter.bpf: %s", error == -ENOMEM ? "out of memory" : why);
	else if (run->bpf)
		log_detail("filter.bpf runs as %s",
			bpf_is_compiled(run->bpf) ? "machine code" : "an interpreted program");
	return error;
}

/* What is read with the feeder's preamble is taken as it is. */
static int start_port(struct run *run)
{
	if (run->direct)
		return 0;
	struct port *port = &run->port;
	struct port_want want = {.queues = (uint16_t)run->queues, .descriptors = 1024};
	int error = eal_make_port(run);
	if (error == 0)
		error = port_find(port, EAL_PORT);
	if (error == 0)
		error = port_prepare(port, &want, &port_ops_dpdk);
	if (error == 0)
		error = port_pools(port, 0, eal_mbufs(run));
	if (error == 0)
		error = port_start(port, NULL, &port_ops_dpdk);
	if (error)
		log_error("cannot open the port %s: %s: %s", EAL_PORT, run->port.failed,
			strerror(-error));
	if (error)
		port_close(port);
	return error;
}

/* Receivers are the workers that have a queue. */
static int start_live(struct run *run)
{
	int error = live_open(run);
	if (error)
		return error;
	for (unsigned i = 0; i < run->live->n_ports; i++)
		run->queues += run->live->ports[i].plan.queues;
	if (run->queues > run->workers)
		run->queues = run->workers;
	return 0;
}

static int start_workers(struct run *run)
{
	run->worker = aligned_alloc(BITS_CACHE_LINE, run->workers * sizeof(*run->worker));
	int error = run->worker ? handoff_init(&run->handoff, run->workers) : -ENOMEM;
	if (run->worker)
		memset(run->worker, 0, run->workers * sizeof(*run->worker));
	for (unsigned i = 0; i < run->workers && error == 0; i++)
		error = worker_init(&run->worker[i], run, (uint16_t)i);
	if (error)
		log_error("cannot set up %u workers: %s; lower workers, txn.max_open or "
			  "memory.record_mb",
			run->workers, strerror(-error));
	return error;
}

static void free_workers(struct run *run)
{
	for (unsigned i = 0; run->worker && i < run->workers; i++)
		worker_free(&run->worker[i]);
	handoff_free(&run->handoff);
	free(run->worker);
}

/* What of the run failed, said and turned into an exit code. */
static int judge(struct run *run, int stopped)
{
	int bad = 0, error = feed_result(&run->feed, NULL);
	uint64_t strange = 0, unfit = 0;

	if (error)
		bad = 1; /* said when it was read */
	for (unsigned i = 0; i < run->workers; i++) {
		strange += run->worker[i].metrics.packet.other_link_type;
		unfit += run->worker[i].metrics.packet.filter_unfit;
	}
	if (strange) {
		log_error("%llu packets have a link type that is not decoded; doc/operation.md "
			  "lists those that are",
			(unsigned long long)strange);
		bad = 1;
	}
	if (unfit) {
		log_error("%llu packets have a link type for which filter.bpf has no meaning; they "
			  "were left out",
			(unsigned long long)unfit);
		bad = 1;
	}
	if (atomic_load(&run->input_gone))
		bad = 1;
	if (!report_books(run, !stopped && !atomic_load(&run->stop)))
		bad = 1;
	return bad;
}

/* Runs all threads from start to end. 0 or 1: the exit code. */
static int run_threads(struct run *run)
{
	run->started_ns = run_now_ns();
	if (run->live)
		live_say(run->live);
	for (unsigned i = 0; i < run->loggers; i++)
		rte_eal_remote_launch(logger_main, &run->logger[i], eal_logger_lcore(run, i));
	for (unsigned i = 0; i < run->workers; i++)
		rte_eal_remote_launch(run->live ? worker_main_live : worker_main, &run->worker[i],
			eal_worker_lcore(i));
	int stopped = control_loop(run);
	rte_eal_mp_wait_lcore();
	run->ended_ns = run_now_ns();
	if (run->live)
		live_count_missed(run->live);
	bool written = logger_close(run);
	report_summary(run);
	int bad = judge(run, stopped) | !written;
	if (run->conf->stats_file[0] && report_stats(run, run->conf->stats_file))
		bad = 1;
	return bad;
}

/* Threads that share a CPU must not hold it while they have nothing to do. */
static int plan_input(struct run *run, const struct conf *conf)
{
	static struct live live;

	sched_getaffinity(0, sizeof(run->cpus), &run->cpus);
	if (conf->input_files.count) {
		run->workers = choose_workers(conf);
		run->loggers = conf->loggers ? (unsigned)conf->loggers : 1;
		run->rests = run->loggers_rest = true;
		run->queues = (unsigned)conf->input_queues < run->workers
				      ? (unsigned)conf->input_queues
				      : run->workers;
		run->direct = run->workers == 1 && !conf->input_net_pcap;
		return place_check(run->workers, run->loggers);
	}
	int error = live_plan(&live, conf);
	run->live = &live;
	run->workers = live.place.workers;
	run->loggers = live.place.loggers;
	run->cpus = live.place.sinks;
	run->rests = conf->idle == CONF_IDLE_SLEEP || live.place.shared;
	run->loggers_rest = run->rests || live.place.loggers_rest;
	if (error == 0 && live.place.shared && conf->idle != CONF_IDLE_SLEEP)
		log_note("workers (%u) and loggers (%u) share CPUs: they rest when idle",
			run->workers, run->loggers);
	return error;
}

/* Everything from start to end. 0 or 1: the exit code. */
static int run_whole(struct run *run, struct process *process)
{
	int code = 1;

	choose_ports(&run->packets, run->conf);
	choose_sightings(&run->packets, run->conf);
	if (hash_draw(&run->secret))
		return 1;
	run->wake_fd = eventfd(0, EFD_CLOEXEC);
	/* Before input is touched: what EAL refuses may be tried once more from the beginning. */
	if (run->wake_fd < 0 || eal_start(run, process))
		goto no_eal;
	if (!run->live && start_input(run))
		goto no_input;
	if (start_filter(run) || (run->live ? start_live(run) : start_port(run)))
		goto no_port;
	if (start_workers(run))
		goto no_workers;
	if (logger_open(run))
		goto no_workers;
	process_ready(process);
	code = run_threads(run);
	logger_free(run);

no_workers:
	free_workers(run);
	port_close(&run->port);
	if (run->live)
		live_close(run->live);
no_port:
	bpf_close(run->bpf);
	if (!run->live)
		feed_stop(&run->feed);
no_input:
	eal_stop();
no_eal:
	if (run->wake_fd >= 0)
		close(run->wake_fd);
	return code;
}

static int plan_all(const struct run *run)
{
	int error = plan_print(run);
	if (error)
		log_error("cannot write to standard output: %s", strerror(-error));
	return error != 0;
}

static int run_all(const struct conf *conf, struct process *process, bool only_plan)
{
	static struct run run;
	int code = 1;

	run.conf = conf;
	if (plan_input(&run, conf) == 0)
		code = only_plan ? plan_all(&run) : run_whole(&run, process);
	run.conf = NULL; /* the caller's */
	return code;
}

int main(int argc, char **argv)
{
	struct conf conf;
	struct cli cli;
	struct process process;
	int code = 0;

	process_start(&process, argv);
	cli_parse(argc, argv, environ, &conf, &cli);
	process.config_fd = cli.config_fd;
	process.env_fd = cli.env_fd;
	if (cli.action != CLI_RUN && cli.action != CLI_PLAN)
		code = cli.exit_code;
	else if (cli.action == CLI_PLAN)
		code = run_all(&conf, &process, true);
	else if (control_block_signals() || process_begin(&process, &conf))
		code = 1;
	else
		code = run_all(&conf, &process, false);
	process_end(&process);
	conf_env_free(&cli.env);
	conf_free(&conf);
	return code;
}
