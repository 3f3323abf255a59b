/* SPDX-License-Identifier: BSD-3-Clause */
/* dnsloupe: start and stop of one run. */
#include "app/cli.h"
#include "app/control.h"
#include "app/eal.h"
#include "app/logger.h"
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

static int start_port(struct run *run)
{
	if (run->direct)
		return 0;
	int error = port_open(&run->port, EAL_PORT, (uint16_t)run->queues, eal_mbufs(run));
	if (error)
		log_error("cannot open the port %s: %s: %s", EAL_PORT, run->port.failed,
			strerror(-error));
	return error;
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
	const char *why;
	int bad = 0, error = feed_result(&run->feed, &why);
	uint64_t strange = 0, unfit = 0;

	if (error) {
		log_error("%s", why);
		bad = 1;
	}
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
	if (!report_books(run, !stopped && !atomic_load(&run->stop)))
		bad = 1;
	return bad;
}

/* Runs all threads from start to end. 0 or 1: the exit code. */
static int run_threads(struct run *run)
{
	run->started_ns = run_now_ns();
	rte_eal_remote_launch(logger_main, &run->logger, eal_logger_lcore(run));
	for (unsigned i = 0; i < run->workers; i++)
		rte_eal_remote_launch(worker_main, &run->worker[i], eal_worker_lcore(i));
	int stopped = control_loop(run);
	rte_eal_mp_wait_lcore();
	run->ended_ns = run_now_ns();
	bool written = logger_close(&run->logger);
	report_summary(run);
	int bad = judge(run, stopped) | !written;
	if (run->conf->stats_file[0] && report_stats(run, run->conf->stats_file))
		bad = 1;
	return bad;
}

static int run_files(const struct conf *conf, struct process *process)
{
	static struct run run;
	int code = 1;

	run.conf = conf;
	sched_getaffinity(0, sizeof(run.cpus), &run.cpus);
	run.workers = choose_workers(conf);
	run.queues = (unsigned)conf->input_queues < run.workers ? (unsigned)conf->input_queues
								: run.workers;
	run.direct = run.workers == 1 && !conf->input_net_pcap;
	choose_ports(&run.packets, conf);
	choose_sightings(&run.packets, conf);
	if (hash_draw(&run.secret))
		return 1;
	run.wake_fd = eventfd(0, EFD_CLOEXEC);
	if (run.wake_fd < 0 || start_input(&run))
		goto no_input;
	if (eal_start(&run))
		goto no_eal;
	if (start_filter(&run) || start_port(&run))
		goto no_port;
	if (start_workers(&run))
		goto no_workers;
	if (logger_open(&run.logger, &run))
		goto no_workers;
	process_ready(process);
	code = run_threads(&run);
	logger_free(&run.logger);

no_workers:
	free_workers(&run);
	port_close(&run.port);
no_port:
	bpf_close(run.bpf);
	eal_stop();
no_eal:
	feed_stop(&run.feed);
no_input:
	if (run.wake_fd >= 0)
		close(run.wake_fd);
	return code;
}

int main(int argc, char **argv)
{
	struct conf conf;
	struct cli cli;
	struct process process = {.pid_fd = -1, .ready_fd = -1};
	int code = 0;

	cli_parse(argc, argv, environ, &conf, &cli);
	if (cli.action != CLI_RUN)
		code = cli.exit_code;
	else if (control_block_signals() || process_begin(&process, &conf))
		code = 1;
	else
		code = run_files(&conf, &process);
	process_end(&process);
	conf_env_free(&cli.env);
	conf_free(&conf);
	return code;
}
