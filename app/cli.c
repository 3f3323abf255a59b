/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/cli.h"

#include "app/forerunner.h"
#include "app/process.h"
#include "app/stats.h"

#include "base/bits.h"
#include "base/log.h"
#include "rx/bpf.h"
#include "sink/sinks.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#define HINT "; see dnsloupe --help"
#define LONG_BASE 256 /* getopt's code of a flag: this and its index, never a letter */

/* The flags that set no single key. */
enum { CONFIG, ENV_FILE, SET, QUIET, VERBOSE, CHECK, PLAN, PRINT, LIST, HELP, VERSION, OWN_COUNT };

static const struct own {
	struct conf_flag flag; /* a value in brackets is optional */
	const char *help;
} own[OWN_COUNT] = {
	[CONFIG] = {{'c', "config", "FILE"},
		"Configuration file, JSON. Also the environment variable DNSLOUPE_CONFIG."},
	[ENV_FILE] = {{0, "env-file", "FILE"},
		"Environment variables DNSLOUPE_* from a file of lines NAME=value; the "
		"environment itself overrides them."},
	[SET] = {{0, "set", "KEY=VALUE"}, "Set any key of the configuration, such as "
					  "txn.max_open=65536; lists by commas. May be "
					  "repeated."},
	[QUIET] = {{'q', "quiet", NULL}, "Print errors and warnings only (log.level=quiet)."},
	[VERBOSE] = {{'v', "verbose", NULL}, "Print details, too (log.level=verbose)."},
	[CHECK] = {{0, "check", NULL}, "Check the configuration and exit."},
	[PLAN] = {{0, "plan", NULL}, "Print the threads, queues and memory of a run and its "
				     "limits, and exit."},
	[PRINT] = {{0, "print-config", NULL}, "Print the resulting configuration as JSON."},
	[LIST] = {{0, "list-keys", "[=markdown]"},
		"Print all keys: type, range, default, environment variable, meaning."},
	[HELP] = {{'h', "help", NULL}, "Print this help."},
	[VERSION] = {{'V', "version", NULL}, "Print the version."},
};

/* The arguments of getopt_long(), made from the two tables of flags. */
struct flags {
	char letters[2 + 2 * (OWN_COUNT + CONF_KEYS) + 1];
	struct option names[OWN_COUNT + CONF_KEYS + 1];
};

/* Returns flag i: own flags first, then those of the keys. */
static const struct conf_flag *flag_at(size_t i)
{
	return i < OWN_COUNT ? &own[i].flag : &conf_keys[i - OWN_COUNT].flag;
}

static void flags_make(struct flags *f)
{
	char *letter = f->letters;
	struct option *name = f->names;

	memset(f, 0, sizeof(*f));
	/* Other words are returned in order, as code 1, and getopt prints no messages. */
	*letter++ = '-';
	*letter++ = ':';
	for (size_t i = 0; i < OWN_COUNT + CONF_KEYS; i++) {
		const struct conf_flag *flag = flag_at(i);
		if (!flag->name)
			continue;
		name->name = flag->name;
		name->val = LONG_BASE + (int)i;
		name->has_arg = !flag->value            ? no_argument
				: flag->value[0] == '[' ? optional_argument
							: required_argument;
		name++;
		if (flag->letter) {
			*letter++ = flag->letter;
			if (flag->value)
				*letter++ = ':';
		}
	}
}

/* Returns the flag of getopt's code and its *index, or NULL. */
static const struct conf_flag *flag_of(int code, size_t *index)
{
	for (size_t i = 0; i < OWN_COUNT + CONF_KEYS; i++) {
		const struct conf_flag *flag = flag_at(i);
		if (flag->name && (code == LONG_BASE + (int)i || (code && code == flag->letter))) {
			*index = i;
			return flag;
		}
	}
	return NULL;
}

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < OWN_COUNT + CONF_KEYS; i++)
		if (flag_at(i)->name && strcmp(flag_at(i)->name, name) == 0)
			return true;
	return false;
}

/* Reports getopt's ':' or '?'. */
static int fail_flag(int code, char **argv)
{
	size_t i;
	const struct conf_flag *flag = flag_of(optopt, &i);
	const char *word = argv[optind - 1];

	if (flag && code == ':')
		log_error("--%s needs a value, %s" HINT, flag->name, flag->value);
	else if (flag)
		log_error("--%s takes no value, but has one in \"%s\"" HINT, flag->name, word);
	else if (optopt)
		log_error("unknown flag -%c%s" HINT, optopt, forerunner_hint(optopt, NULL));
	else
		log_error("unknown or ambiguous flag \"%s\"" HINT, word);
	return -EINVAL;
}

static void print_help(void)
{
	puts("usage: dnsloupe FILE... | -i NAME | -d DEVARGS [-o FILE] [FLAG]...\n"
	     "\n"
	     "Reads DNS from captures or from the network, matches queries with replies, and\n"
	     "writes one JSON object per transaction, one a line.\n"
	     "\n"
	     "examples:\n"
	     "  dnsloupe -r day.pcap                          to standard output\n"
	     "  dnsloupe -o dns.jsonl a.pcap b.pcap.gz        two captures as one, to a file\n"
	     "  dnsloupe captures/                            all of a directory, by time\n"
	     "  ssh tap tcpdump -w - | dnsloupe -r - -w 4     from a pipe, four workers\n"
	     "  dnsloupe -i eth0 -o dns.jsonl                 live, until Ctrl-C\n"
	     "  dnsloupe -d 3b:00.0 -w 4 -o dns.jsonl         live, a NIC bound to vfio-pci\n"
	     "  dnsloupe -c site.json --set txn.max_open=65536 --check\n"
	     "\n"
	     "flags that set a key of the configuration:");
	conf_list_flags(stdout);
	puts("\nother flags:");
	for (size_t i = 0; i < OWN_COUNT; i++)
		conf_list_flag(stdout, &own[i].flag, own[i].help, NULL);
	puts("\nFlags go over environment variables DNSLOUPE_*, these over those of\n"
	     "--env-file, these over the configuration file, that over the defaults.\n"
	     "--list-keys shows every key and its variable.");
}

static int list_keys(const char *form)
{
	if (form && strcmp(form, "markdown") != 0) {
		log_error("--list-keys: unknown form \"%s\", expected markdown or nothing" HINT,
			form);
		return -EINVAL;
	}
	(form ? conf_list_markdown : conf_list_keys)(stdout);
	return 1;
}

/* First pass: the files and the action. Returns 0; 1 after a flag that only prints. */
static int scan(int argc, char **argv, const struct flags *f, struct cli *cli)
{
	int code;
	size_t i = 0;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	while ((code = getopt_long(argc, argv, f->letters, f->names, NULL)) != -1) {
		if (code == 1)
			continue;
		if (!flag_of(code, &i) || code == '?' || code == ':')
			return fail_flag(code, argv);
		switch (i) {
		case CONFIG: cli->config = optarg; break;
		case ENV_FILE: cli->env_file = optarg; break;
		case CHECK: cli->action = CLI_CHECK; break;
		case PLAN: cli->action = CLI_PLAN; break;
		case PRINT: cli->action = CLI_PRINT; break;
		case HELP: print_help(); return 1;
		case VERSION: puts("dnsloupe " DNSLOUPE_VERSION); return 1;
		case LIST: return list_keys(optarg);
		default: break;
		}
	}
	return 0;
}

/* Appends a word that is no flag: a capture, as with -r. */
static int apply_file(struct conf *conf, const char *word, bool seen[CONF_KEYS])
{
	struct conf_error err;
	const size_t k = CONF_KEY_input_files;
	int rc = conf_set_flag(conf, &conf_keys[k], word, seen[k], &err);

	seen[k] = true;
	if (rc < 0)
		log_error("%s" HINT, err.text);
	return rc;
}

/* Second pass, after file and environment: sets the values. The last of repeated flags wins. */
static int apply(int argc, char **argv, const struct flags *f, struct conf *conf)
{
	bool seen[CONF_KEYS] = {false};
	struct conf_error err;
	int code, rc = 0;
	size_t i = 0;

	optind = 0;
	while (rc == 0 && (code = getopt_long(argc, argv, f->letters, f->names, NULL)) != -1) {
		if (code == 1) {
			rc = apply_file(conf, optarg, seen);
			continue;
		}
		const struct conf_flag *flag = flag_of(code, &i);
		if (i >= OWN_COUNT) {
			size_t k = i - OWN_COUNT;
			rc = conf_set_flag(
				conf, &conf_keys[k], flag->value ? optarg : "true", seen[k], &err);
			seen[k] = true;
		} else if (i == SET) {
			rc = conf_set(conf, optarg, &err);
		} else if (i == QUIET || i == VERBOSE) {
			rc = conf_set_key(conf, "log.level", flag->name, &err);
		}
		if (rc < 0)
			log_error("--%s: %s%s" HINT, flag->name, err.text,
				forerunner_hint(flag->letter, optarg));
	}
	/* Words after "--". */
	for (int k = optind; rc == 0 && k < argc; k++)
		rc = apply_file(conf, argv[k], seen);
	return rc;
}

/* Compiles filter.bpf to check it. */
static int check_filter(const struct conf *conf, struct conf_error *err)
{
	char why[512];

	if (!conf->filter_bpf[0] || bpf_check(conf->filter_bpf, why, sizeof(why)) == 0)
		return 0;
	snprintf(err->text, sizeof(err->text), "filter.bpf: %s", why);
	return -EINVAL;
}

/* Returns the name under which to read a file: of a pipe, that of its copy. */
static const char *readable(int *fd, const char *path, char name[32])
{
	*fd = process_copy_pipe(path);
	if (*fd < 0)
		return path;
	snprintf(name, 32, "/proc/self/fd/%d", *fd);
	return name;
}

/* Loads the configuration file, the file of --env-file and the environment, in rising order of
 * precedence. Either environment may name the configuration file. */
static int load_files(char **environ, struct conf *conf, struct cli *cli, struct conf_error *err)
{
	struct conf_env *env = &cli->env;
	char copy[32];
	int rc = 0;

	if (cli->env_file)
		rc = conf_env_read(env, readable(&cli->env_fd, cli->env_file, copy), err);

	if (rc < 0)
		return rc;
	if (!cli->config)
		cli->config = conf_env_file(environ);
	if (!cli->config && env->list)
		cli->config = conf_env_file(env->list);
	if (cli->config)
		rc = conf_load_file(conf, readable(&cli->config_fd, cli->config, copy), err);
	if (rc == 0 && env->list)
		rc = conf_load_env(conf, env->list, err);
	return rc == 0 ? conf_load_env(conf, environ, err) : rc;
}

/* Loads all four sources in their order, and checks the rules that involve several keys. */
static int load(int argc, char **argv, char **environ, const struct flags *f, struct conf *conf,
	struct cli *cli)
{
	struct conf_error err;
	int rc = 0;

	rc = load_files(environ, conf, cli, &err);
	if (rc == 0) {
		rc = apply(argc, argv, f, conf);
		if (rc < 0)
			return rc;
		rc = conf_check(conf, &err);
		if (rc == 0)
			rc = check_filter(conf, &err);
	}
	if (rc == 0)
		rc = sinks_check(conf, &err);
	if (rc == 0)
		rc = stats_check(conf, &err);
	if (rc < 0) {
		log_error("%s" HINT, err.text);
	} else if (cli->action <= CLI_PLAN && conf->input_files.count == 0 &&
		   conf->input_interfaces.count == 0 && conf->input_devices.count == 0) {
		log_error("nothing to read: name a capture with -r FILE, an interface with -i NAME "
			  "or a device with -d DEVARGS" HINT);
		rc = -EINVAL;
	}
	return rc;
}

/* Checks that all was written: standard output may be full or closed. */
static int printed(struct cli *cli, int rc)
{
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = errno ? -errno : -EIO;
	cli->action = rc < 0 ? CLI_FAIL : CLI_PRINT;
	cli->exit_code = rc < 0;
	if (rc < 0)
		log_error("cannot write to standard output: %s", strerror(-rc));
	return rc;
}

int cli_parse(int argc, char **argv, char **environ, struct conf *conf, struct cli *cli)
{
	static const enum log_level levels[CONF_CHOICES] = {
		[CONF_LOG_QUIET] = LOG_LEVEL_QUIET,
		[CONF_LOG_NORMAL] = LOG_LEVEL_NORMAL,
		[CONF_LOG_VERBOSE] = LOG_LEVEL_VERBOSE,
	};
	struct flags flags;
	int rc = conf_init(conf);

	*cli = (struct cli){.action = CLI_RUN, .config_fd = -1, .env_fd = -1};
	flags_make(&flags);
	if (rc < 0)
		log_error("out of memory");
	else
		rc = forerunner_check(argc, argv, is_ours);
	if (rc == 0)
		rc = scan(argc, argv, &flags, cli);
	if (rc > 0)
		return printed(cli, 0);
	if (rc == 0)
		rc = load(argc, argv, environ, &flags, conf, cli);
	if (rc < 0) {
		cli->action = CLI_FAIL;
		cli->exit_code = 2;
		return rc;
	}
	log_set_level(levels[conf->log_level]);
	if (cli->action == CLI_PRINT)
		return printed(cli, conf_write(conf, stdout));
	if (cli->action == CLI_CHECK)
		log_note("configuration is correct");
	return 0;
}
