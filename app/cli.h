/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. Flags override the environment, that the file, that the defaults. */
#ifndef APP_CLI_H
#define APP_CLI_H

#include "config/conf.h"

enum cli_action {
	CLI_RUN, /* the configuration is valid: run */
	CLI_PLAN, /* it is valid: print the plan only */
	CLI_CHECK, /* --check: it is valid, which was reported */
	CLI_PRINT, /* --print-config, --list-keys, --help, --version: printed */
	CLI_FAIL, /* an error, which was reported */
};

struct cli {
	enum cli_action action; /* all but CLI_RUN and CLI_PLAN are done */
	int exit_code; /* for the others: 0; 1 standard output failed; 2 wrong usage */
	/* The configuration file, or NULL; borrowed from argv, environ or env. */
	const char *config;
	const char *env_file; /* of --env-file, or NULL; borrowed from argv */
	/* Copies of these two files if they can be read only once (process_copy_pipe()); or -1. */
	int config_fd, env_fd;
	struct conf_env env; /* its variables; the caller's to free */
};

/*
 * Fills conf (a struct that owns nothing yet) from the defaults, the file of -c or DNSLOUPE_CONFIG,
 * the variables of --env-file, environ (NULL-terminated NAME=value) and argv, checks it, sets the
 * log level it asks for, and does what does not need a run. The caller frees conf with conf_free()
 * in any case. Returns 0, or -EINVAL, -ENOMEM or another -errno with CLI_FAIL.
 */
int cli_parse(int argc, char **argv, char **environ, struct conf *conf, struct cli *cli);

#endif
