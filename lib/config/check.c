/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules between keys. They look at the values only: no file is touched. */
#include "config/inner.h"

#include <errno.h>

static bool is_stdio(const char *file)
{
	return strcmp(file, "-") == 0;
}

/* Standard input has one end, and what was read once is gone. */
static int check_input(const struct conf *conf, struct conf_error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->input_files.count; i++)
		count += is_stdio(conf->input_files.at[i]);
	if (count > 1)
		return conf_fail(err, -EINVAL,
			"input.files: has \"-\" %zu times, but standard input can be read only "
			"once",
			count);
	return 0;
}

/* Two writers of one file would destroy each other's lines; a capture must survive being read. */
static int check_files(const struct conf *conf, struct conf_error *err)
{
	const char *output = conf->output_file, *stats = conf->stats_file;

	if (strcmp(output, stats) == 0) {
		if (is_stdio(stats))
			return conf_fail(err, -EINVAL,
				"stats.file: is \"-\", but standard output holds the records "
				"already: "
				"set output.file to a file, or stats.file to another");
		return conf_fail(err, -EINVAL,
			"stats.file: is the same file as output.file, \"%s\"",
			conf_show(stats, 380).text);
	}
	for (size_t i = 0; i < conf->input_files.count; i++) {
		const char *input = conf->input_files.at[i];
		if (is_stdio(input) || (strcmp(input, output) != 0 && strcmp(input, stats) != 0))
			continue;
		return conf_fail(err, -EINVAL,
			"%s: would overwrite the capture in input.files, \"%s\"",
			strcmp(input, output) == 0 ? "output.file" : "stats.file",
			conf_show(input, 380).text);
	}
	return 0;
}

int conf_check(const struct conf *conf, struct conf_error *err)
{
	int rc = check_input(conf, err);

	return rc < 0 ? rc : check_files(conf, err);
}
