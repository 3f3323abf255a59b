/* SPDX-License-Identifier: BSD-3-Clause */
/* No output may be an input: opening it would destroy what is to be read. */
#include "sink/apart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is it the regular file of `st`, whatever it is called? */
static bool is_file(const char *path, const struct stat *st)
{
	struct stat there;
	int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &there) : stat(path, &there);

	return rc == 0 && there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

/* The input that a file of ours is, or NULL. */
static const char *input_of(const struct conf *conf, const char *file, const char *ending)
{
	char path[4200];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", file, ending);
	if (!file[0] || strcmp(file, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	for (size_t i = 0; i < conf->input_files.count; i++)
		if (is_file(conf->input_files.at[i], &st))
			return conf->input_files.at[i];
	return NULL;
}

static int check(const struct conf *conf, const char *key, const char *file, const char *ending,
	struct conf_error *err)
{
	const char *input = input_of(conf, file, ending);

	return input ? conf_fail(err, -EINVAL,
			       "%s: %.500s%s would overwrite the capture in input.files, "
			       "\"%.500s\"; write to "
			       "another file",
			       key, file, ending,
			       strcmp(input, "-") == 0 ? "-, standard input" : input)
		     : 0;
}

int apart_check(const struct conf *conf, const struct conf_sinks *all, struct conf_error *err)
{
	int rc = check(conf, "stats.file", conf->stats_file, "", err);

	if (rc == 0)
		rc = check(conf, "process.pid_file", conf->process_pid_file, "", err);
	for (size_t i = 0; i < all->count && rc == 0; i++) {
		char key[40] = "output.file";
		if (i < conf->sinks.count)
			snprintf(key, sizeof(key), "sinks[%zu].path", i);
		if (all->at[i].type == CONF_SINK_FILE)
			rc = check(conf, key, all->at[i].path, all->at[i].part ? ".part" : "", err);
	}
	return rc;
}
