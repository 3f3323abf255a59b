/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads secrets from files: systemd's credentials (LoadCredential=), or others. */
#include "sink/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 255 /* octets, the limit of the keys themselves */
#define FILE_MAX (64 * 1024)

/* Reads the whole file into *text, the caller's, and appends a zero octet. Returns 0, -EINVAL with
 * the error, or -ENOMEM. */
static int read_file(const char *key, const char *file, char **text, struct conf_error *err)
{
	const char *folder = file[0] == '/' ? NULL : getenv("CREDENTIALS_DIRECTORY");
	char path[8400];

	snprintf(path, sizeof(path), "%s%s%s", folder ? folder : "", folder ? "/" : "", file);
	FILE *f = fopen(path, "re");
	if (!f)
		return conf_fail(
			err, -EINVAL, "%s: cannot read %.900s: %s", key, path, strerror(errno));
	char *buffer = malloc(FILE_MAX + 1);
	if (!buffer) {
		fclose(f);
		return -ENOMEM;
	}
	size_t n = fread(buffer, 1, FILE_MAX, f);
	bool good = !ferror(f) && fgetc(f) == EOF;
	fclose(f);
	if (!good || memchr(buffer, '\0', n)) {
		free(buffer);
		return conf_fail(err, -EINVAL,
			"%s: %.900s cannot be read, has more than %d octets, or a zero octet", key,
			path, FILE_MAX);
	}
	buffer[n] = '\0';
	*text = buffer;
	return 0;
}

/* Reads one secret: the first line of the file. */
static int read_secret(const char *key, const char *file, char **field, struct conf_error *err)
{
	char *text = NULL;

	if (!file[0])
		return 0;
	if ((*field)[0])
		return conf_fail(
			err, -EINVAL, "%s: the key itself is set too: set only one of them", key);
	int rc = read_file(key, file, &text, err);
	if (rc < 0 || !text)
		return rc;
	text[strcspn(text, "\r\n")] = '\0';
	size_t n = strlen(text);
	if (n == 0 || n > SECRET_MAX) {
		free(text);
		return conf_fail(err, -EINVAL,
			"%s: its first line has %zu octets, expected 1 to %d", key, n, SECRET_MAX);
	}
	free(*field);
	*field = text;
	return 0;
}

/* Parses one line of properties. */
static int parse_property(
	char *line, unsigned number, struct conf_pairs *to, struct conf_error *err)
{
	char *value = strchr(line, '=');
	size_t n = strlen(line);

	while (n && strchr(" \t\r", line[n - 1]))
		line[--n] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	if (!value || value == line)
		return conf_fail(err, -EINVAL,
			"kafka.properties_file: line %u: expected NAME=VALUE", number);
	*value = '\0';
	return conf_pairs_add(to, line, value + 1);
}

static int read_properties(const char *file, struct conf_pairs *to, struct conf_error *err)
{
	char *text = NULL;
	unsigned number = 1;

	if (!file[0])
		return 0;
	int rc = read_file("kafka.properties_file", file, &text, err);
	for (char *line = text, *end; rc == 0 && line; line = end, number++) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		rc = parse_property(line, number, to, err);
	}
	free(text);
	return rc;
}

int sink_secrets_read(struct conf_sink *conf, struct conf_error *err)
{
	int rc = read_secret("fluentd.shared_key_file", conf->fluentd_shared_key_file,
		&conf->fluentd_shared_key, err);

	if (rc == 0)
		rc = read_secret("fluentd.password_file", conf->fluentd_password_file,
			&conf->fluentd_password, err);
	if (rc == 0)
		rc = read_properties(conf->kafka_properties_file, &conf->kafka_properties, err);
	return rc == -ENOMEM ? conf_fail(err, rc, "out of memory") : rc;
}
