/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of sink, and the rules that no row of config/sink.def can state. */
#include "schema/kind.h"
#include "sink/secrets.h"
#include "sink/sinks.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SINK(kind, name) extern const struct sink_ops sink_##name;
#include "config/sink.def"

static const struct sink_ops *const kinds[CONF_CHOICES] = {
#define SINK(kind, name) [CONF_SINK_##kind] = &sink_##name,
#include "config/sink.def"
};

const struct sink_ops *sink_ops_of(enum conf_choice type)
{
	return (unsigned)type < CONF_CHOICES ? kinds[type] : NULL;
}

/* Checks one sink. Returns 0, -EINVAL with the error, or -ENOMEM. */
static int check_sink(struct conf_sink *conf, struct conf_error *err)
{
	const struct sink_ops *ops = sink_ops_of(conf->type);
	struct filter *filter = calloc(1, sizeof(*filter));
	int rc = filter ? 0 : -ENOMEM;

	if (rc == 0 && (!ops || ops->missing_library)) {
		snprintf(err->text, sizeof(err->text),
			"type: this dnsloupe was built without %s, which a sink of type %s needs",
			ops ? ops->missing_library : "support", conf_choice_word(conf->type));
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = sink_secrets_read(conf, err);
	if (rc == 0)
		rc = schema_check(conf, err);
	if (rc == 0 && ops->stream && encode_kind_of(conf->encoding)->framing == ENCODE_MESSAGE) {
		snprintf(err->text, sizeof(err->text),
			"encoding: %s does not mark where a document ends, which a sink of type %s "
			"needs",
			conf_choice_word(conf->encoding), conf_choice_word(conf->type));
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = filter_init(filter, conf, err);
	if (rc == 0)
		filter_free(filter);
	free(filter);
	return rc == 0 && ops->check ? ops->check(conf, err) : rc;
}

/* True if the path leads to the file of `st` ("-": standard input). */
static bool is_file(const char *path, const struct stat *st)
{
	struct stat there;
	int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &there) : stat(path, &there);

	return rc == 0 && there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

/* Returns the input that the output `file` is the same file as, or NULL. */
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

static int check_output(const struct conf *conf, const char *key, const char *file,
	const char *ending, struct conf_error *err)
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

/*
 * Refuses an output that is an input, by device and inode: opening it would destroy the capture.
 * Files that do not exist yet are skipped. Returns 0, or -EINVAL and the error.
 */
static int check_outputs(
	const struct conf *conf, const struct conf_sinks *all, struct conf_error *err)
{
	int rc = check_output(conf, "stats.file", conf->stats_file, "", err);

	if (rc == 0)
		rc = check_output(conf, "process.pid_file", conf->process_pid_file, "", err);
	for (size_t i = 0; i < all->count && rc == 0; i++) {
		char key[40] = "output.file";
		if (i < conf->sinks.count)
			snprintf(key, sizeof(key), "sinks[%zu].path", i);
		if (all->at[i].type == CONF_SINK_FILE)
			rc = check_output(
				conf, key, all->at[i].path, all->at[i].part ? ".part" : "", err);
	}
	return rc;
}

int sinks_check(const struct conf *conf, struct conf_error *err)
{
	struct conf_sinks all;
	int rc = conf_sinks_all(conf, &all);

	for (size_t i = 0; i < all.count && rc == 0; i++) {
		rc = check_sink(&all.at[i], err);
		if (rc == -EINVAL) {
			struct conf_error inner = *err;
			if (i < conf->sinks.count)
				snprintf(err->text, sizeof(err->text), "sinks[%zu].%.1200s", i,
					inner.text);
		}
	}
	if (rc == 0)
		rc = check_outputs(conf, &all, err);
	conf_sinks_free(&all);
	if (rc == -ENOMEM)
		snprintf(err->text, sizeof(err->text), "out of memory");
	return rc;
}
