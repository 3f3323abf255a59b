/* SPDX-License-Identifier: BSD-3-Clause */
/* dnsloupe: the process, from the command line to the exit code. */
#include "app/cli.h"
#include "app/control.h"
#include "app/eal.h"
#include "app/forerunner.h"
#include "app/plan.h"
#include "app/process.h"
#include "app/report.h"
#include "base/log.h"
#include "engine/books.h"
#include "engine/engine.h"

#include <string.h>

extern char **environ;

/* Prints the plan. Returns the exit code. */
static int plan(const struct conf *conf)
{
	static struct engine engine;
	int code = 1;

	if (engine_plan(&engine, conf) == 0) {
		int error = plan_print(&engine);
		if (error)
			log_error("cannot write to standard output: %s", strerror(-error));
		code = error != 0;
	}
	engine_close_plan(&engine);
	return code;
}

/* Reports what failed in the run. Returns the exit code. */
static int result_of(const struct engine *e, const struct control_end *end)
{
	const struct input_ops *input = e->input.ops;
	const struct metrics_worker sum = ledger_workers(&e->ledger);
	int bad = end->input_gone;

	if (input->result && input->result(&e->input))
		bad = 1;
	if (sum.packet.other_link_type) {
		const char *of = input->undecoded ? input->undecoded(&e->input) : "";
		log_error("%s%s%llu packets have a link type that is not decoded; "
			  "doc/operation.md lists those that are",
			of, of[0] ? ": " : "", (unsigned long long)sum.packet.other_link_type);
		bad = 1;
	}
	if (sum.packet.filter_unfit) {
		log_error("%llu packets were dropped because filter.bpf cannot be applied to their "
			  "link type; process their captures without it",
			(unsigned long long)sum.packet.filter_unfit);
		bad = 1;
	}
	if (!books_balance(&e->ledger, !end->signal && !atomic_load(&e->stop)))
		bad = 1;
	return bad;
}

/* Runs the threads until their end. Returns the exit code. */
static int run_threads(struct engine *e, void *process)
{
	struct control_end end;

	process_ready(process);
	engine_start(e);
	control_loop(e, &end);
	bool written = engine_wait(e);
	report_summary(e);
	int bad = result_of(e, &end) | !written;
	if (e->conf->stats_file[0] && report_stats(e, e->conf->stats_file))
		bad = 1;
	return bad;
}

static int run(const struct conf *conf, struct process *process)
{
	static struct engine engine;
	int code = 1;

	/* EAL starts before the input is opened, because it may have to execute the program anew.
	 */
	if (engine_plan(&engine, conf) == 0 && eal_start(&engine, process) == 0) {
		code = engine_run(&engine, run_threads, process);
		eal_stop();
	}
	engine_close_plan(&engine);
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
	if (cli.action <= CLI_CHECK && !process.reexecuted)
		forerunner_environment(environ);
	process.config_fd = cli.config_fd;
	process.env_fd = cli.env_fd;
	if (cli.action != CLI_RUN && cli.action != CLI_PLAN)
		code = cli.exit_code;
	else if (cli.action == CLI_PLAN)
		code = plan(&conf);
	else if (control_block_signals() || process_begin(&process, &conf))
		code = 1;
	else
		code = run(&conf, &process);
	process_end(&process);
	conf_env_free(&cli.env);
	conf_free(&conf);
	return code;
}
