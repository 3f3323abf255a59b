/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules that involve several keys. They check values only and touch no file. */
#include "base/prefix.h"
#include "config/conf_inner.h"

#include <errno.h>

static bool is_stdio(const char *file)
{
	return strcmp(file, "-") == 0;
}

/* Standard input can be read only once. */
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

/* Capture files and live inputs exclude each other: files have their own clock and an end. */
static int check_live(const struct conf *conf, struct conf_error *err)
{
	if (conf->input_follow && conf->input_files.count == 0)
		return conf_fail(err, -EINVAL,
			"input.follow: needs input.files: a capture file or directory that grows");
	if (conf->input_files.count && (conf->input_interfaces.count || conf->input_devices.count))
		return conf_fail(err, -EINVAL,
			"input.files: goes with neither input.interfaces nor input.devices: read "
			"files or listen, not both");
	for (size_t i = 0; i < conf->input_interfaces.count; i++) {
		const char *name = conf->input_interfaces.at[i];
		if (strchr(name, ','))
			return conf_fail(err, -EINVAL,
				"input.interfaces: \"%s\" is no name of an interface: give each by "
				"a flag or entry of its own (-i eth0 -i eth1), or all by -i any",
				conf_excerpt(name, 60).text);
		if (strcmp(name, "any") == 0 && conf->input_interfaces.count > 1)
			return conf_fail(err, -EINVAL,
				"input.interfaces: \"any\" goes with no other interface");
		if (name[0] == '\0' || strlen(name) > 15 || strpbrk(name, "/,: \t\n"))
			return conf_fail(err, -EINVAL,
				"input.interfaces: \"%s\" is no name of an interface",
				conf_excerpt(name, 60).text);
	}
	for (size_t i = 0; i < conf->input_devices.count; i++)
		if (conf->input_devices.at[i][0] == '\0' || conf->input_devices.at[i][0] == ',')
			return conf_fail(
				err, -EINVAL, "input.devices: entry %zu names no device", i + 1);
	return 0;
}

/* A file that is written, and the key that names it. file: "-" is standard output, NULL: none. */
struct writer {
	char key[64];
	const char *file;
};

static struct writer writer_of(const struct conf *conf, const struct conf_sinks *all, size_t i)
{
	const struct conf_sink *sink = &all->at[i];
	bool plain = i < conf->sinks.count;
	struct writer w = {.key = "output.file"};

	if (sink->type == CONF_SINK_STDOUT)
		w.file = "-";
	else if (sink->type == CONF_SINK_FILE)
		w.file = sink->path;
	if (plain)
		snprintf(w.key, sizeof(w.key), "sinks[%zu].%s", i,
			w.file && w.file[0] == '-' ? "type" : "path");
	return w;
}

/* Checks that stats.file and a sink differ. */
static int check_stats(const char *stats, const struct writer *w, struct conf_error *err)
{
	if (strcmp(w->file, stats) != 0)
		return 0;
	if (is_stdio(stats))
		return conf_fail(err, -EINVAL,
			"stats.file: is \"-\", but standard output holds the records already: set "
			"%s to a file, or stats.file to another",
			w->key);
	return conf_fail(err, -EINVAL, "stats.file: is the same file as %s, \"%s\"", w->key,
		conf_excerpt(stats, 380).text);
}

/* Checks that no capture is overwritten. */
static int check_overwrite(const struct conf *conf, const struct writer *w, struct conf_error *err)
{
	for (size_t i = 0; i < conf->input_files.count; i++) {
		const char *input = conf->input_files.at[i];
		if (!is_stdio(input) && strcmp(input, w->file) == 0)
			return conf_fail(err, -EINVAL,
				"%s: would overwrite the capture in input.files, \"%s\"", w->key,
				conf_excerpt(input, 380).text);
	}
	return 0;
}

/* Checks one sink, also against those before it: two writers of one file would destroy each other's
 * lines, and counters and spools are identified by the name. */
static int check_sink(
	const struct conf *conf, const struct conf_sinks *all, size_t i, struct conf_error *err)
{
	struct writer w = writer_of(conf, all, i);
	int rc = 0;

	if (w.file && w.file[0] == '\0')
		return conf_fail(err, -EINVAL, "%s: is empty, expected the name of a file", w.key);
	if (w.file)
		rc = check_stats(conf->stats_file, &w, err);
	if (w.file && rc == 0)
		rc = check_overwrite(conf, &w, err);
	for (size_t k = 0; k < i && rc == 0; k++) {
		struct writer other = writer_of(conf, all, k);
		const char *name = conf_sink_name(&all->at[k]);
		if (w.file && other.file && strcmp(w.file, other.file) == 0)
			rc = conf_fail(err, -EINVAL, "%s: %s writes %s%s already", w.key, other.key,
				is_stdio(w.file) ? "standard output" : "the file ",
				is_stdio(w.file) ? "" : conf_excerpt(w.file, 380).text);
		else if (strcmp(conf_sink_name(&all->at[i]), name) == 0)
			rc = conf_fail(err, -EINVAL,
				"sinks[%zu].name: \"%s\" is the name of sinks[%zu] already; give "
				"each sink a name of its own",
				i < conf->sinks.count ? i : k, name, i < conf->sinks.count ? k : i);
	}
	return rc;
}

static int check_files(const struct conf *conf, struct conf_error *err)
{
	struct writer stats = {"stats.file", conf->stats_file};
	struct conf_sinks all;

	if (conf_sinks_all(conf, &all) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	int rc = 0;
	for (size_t i = 0; i < all.count && rc == 0; i++) {
		rc = check_sink(conf, &all, i, err);
		struct writer w = writer_of(conf, &all, i);
		if (rc == 0 && conf->process_daemon && w.file && is_stdio(w.file))
			rc = conf_fail(err, -EINVAL,
				"process.daemon: in the background there is no standard output for "
				"the records; name a file with -o FILE, or another sink");
	}
	if (rc == 0 && conf->process_daemon && is_stdio(conf->stats_file))
		rc = conf_fail(err, -EINVAL,
			"process.daemon: in the background there is no standard output for the "
			"counters; name a file with --stats FILE");
	conf_sinks_free(&all);
	return rc < 0 ? rc : check_overwrite(conf, &stats, err);
}

/* Checks that prefixes are valid, and that no port is one of both DNS and encrypted DNS. */
static int check_encrypted(const struct conf *conf, struct conf_error *err)
{
	for (size_t i = 0; i < conf->encrypted_resolvers.count; i++) {
		const char *text = conf->encrypted_resolvers.at[i];
		struct prefix prefix;
		const char *fault = prefix_parse(&prefix, text);
		if (fault)
			return conf_fail(err, -EINVAL,
				"encrypted.resolvers: entry %zu: \"%s\" is %s; expected an address "
				"or a prefix, as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32",
				i + 1, conf_excerpt(text, 60).text, fault);
	}
	for (size_t i = 0; conf->encrypted_sightings && i < conf->encrypted_ports.count; i++)
		for (size_t k = 0; k < conf->dns_ports.count; k++)
			if (conf->encrypted_ports.at[i] == conf->dns_ports.at[k])
				return conf_fail(err, -EINVAL,
					"encrypted.ports: %u is in dns.ports, too: remove it from "
					"one of them",
					(unsigned)conf->dns_ports.at[k]);
	return 0;
}

int conf_check(const struct conf *conf, struct conf_error *err)
{
	int rc = check_input(conf, err);

	if (rc == 0)
		rc = check_live(conf, err);
	if (rc == 0)
		rc = check_files(conf, err);
	return rc < 0 ? rc : check_encrypted(conf, err);
}
