/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parses a file of environment variables as systemd parses EnvironmentFile= (systemd.exec(5)):
 * quotes, backslashes, continued lines, comments. Unlike systemd it accepts `export` before a name,
 * and reports a line that is no NAME=value instead of skipping it.
 */
#include "config/conf_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"

/* The text and the position in it. */
struct env_text {
	const char *at;
	unsigned line; /* of `at`, from 1 */
};

/* Returns the next octet and advances; 0 at the end. */
static char next_octet(struct env_text *t)
{
	char c = *t->at;

	t->at += c != '\0';
	t->line += c == '\n';
	return c;
}

static int append(struct conf_env *env, char *variable)
{
	char **list = realloc(env->list, (env->count + 2) * sizeof(*list));

	if (!list) {
		free(variable);
		return -ENOMEM;
	}
	env->list = list;
	list[env->count++] = variable;
	list[env->count] = NULL;
	return 0;
}

/* Parses a string in double quotes. A backslash escapes the four octets that it escapes in a shell,
 * and the end of a line; before others it is literal. */
static char *double_quoted(struct env_text *t, char *out)
{
	char c;

	while ((c = next_octet(t)) && c != '"') {
		if (c != '\\') {
			*out++ = c;
			continue;
		}
		c = next_octet(t);
		if (c == '\0' || c == '\n')
			continue;
		if (!strchr("\"\\`$", c))
			*out++ = '\\';
		*out++ = c;
	}
	return out;
}

/* Parses a value to the end of its line, or of a continued one, into `out`. Strips blanks around it
 * that are not quoted. */
static void read_value(struct env_text *t, char *out)
{
	bool begun = false; /* after an unquoted octet, quotes are literal */
	char *end = out, c; /* after the last octet of the value */

	while ((c = next_octet(t)) && c != '\n') {
		if (!begun && c == '\'') {
			while ((c = next_octet(t)) && c != '\'')
				*out++ = c;
			end = out;
		} else if (!begun && c == '"') {
			end = out = double_quoted(t, out);
		} else if (c == '\\') {
			begun = true;
			c = next_octet(t);
			if (c && c != '\n')
				*out++ = c;
			end = out;
		} else if (begun || !strchr(BLANKS, c)) {
			begun = true;
			*out++ = c;
			if (!strchr(BLANKS, c))
				end = out;
		}
	}
	*end = '\0';
}

/* Parses a name up to its "=", without blanks around it and `export` before it. Returns it, of *n
 * octets, or NULL if the line has none. */
static const char *read_name(struct env_text *t, size_t *n)
{
	const char *name = t->at;

	*n = strcspn(name, "=\n");
	if (name[*n] != '=')
		return NULL;
	t->at += *n + 1;
	if (strncmp(name, "export", 6) == 0 && *n > 6 && strchr(BLANKS, name[6])) {
		size_t skip = 6 + strspn(name + 6, BLANKS);
		name += skip;
		*n -= skip;
	}
	while (*n && strchr(BLANKS, name[*n - 1]))
		--*n;
	return *n ? name : NULL;
}

/* Parses all variables of a text; a value is no longer than its text. Returns 0; -EINVAL with
 * t->line; -ENOMEM. */
static int read_all(struct conf_env *env, struct env_text *t, size_t size)
{
	int rc = 0;

	while (rc == 0) {
		t->line += *t->at == '\n';
		if (*t->at == '\n' || (*t->at && strchr(BLANKS, *t->at))) {
			t->at++;
			continue;
		}
		if (!*t->at)
			break;
		if (*t->at == '#' || *t->at == ';') {
			t->at += strcspn(t->at, "\n");
			continue;
		}
		size_t n;
		const char *name = read_name(t, &n);
		if (!name)
			return -EINVAL;
		char *variable = malloc(n + 1 + size + 1);
		if (!variable)
			return -ENOMEM;
		memcpy(variable, name, n);
		variable[n] = '=';
		read_value(t, variable + n + 1);
		char *shrunk = realloc(variable, strlen(variable) + 1);
		rc = append(env, shrunk ? shrunk : variable);
	}
	return rc;
}

/* Reads the whole file and appends a zero octet; the caller frees it. Returns 0 or -errno. */
static int read_file(const char *path, char **text, size_t *size)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	*text = malloc(CONF_FILE_MAX + 1);
	int rc = *text ? 0 : -ENOMEM;
	if (rc == 0) {
		*size = fread(*text, 1, CONF_FILE_MAX, f);
		(*text)[*size] = '\0';
		rc = ferror(f) ? -EIO : fgetc(f) != EOF ? -EFBIG : 0;
	}
	fclose(f);
	return rc;
}

int conf_env_read(struct conf_env *env, const char *path, struct conf_error *err)
{
	char *text = NULL;
	size_t size = 0;

	*env = (struct conf_env){.list = calloc(1, sizeof(*env->list))};
	int rc = env->list ? read_file(path, &text, &size) : -ENOMEM;
	if (rc < 0 || !text) {
		conf_fail(err, rc, "%s: cannot read: %s", conf_excerpt(path, 380).text,
			strerror(-rc));
	} else if (strlen(text) < size) {
		rc = conf_fail(err, -EINVAL, "%s: has a zero octet", conf_excerpt(path, 380).text);
	} else {
		struct env_text t = {text, 1};
		rc = read_all(env, &t, size);
		if (rc == -EINVAL)
			conf_fail(err, rc, "%s: line %u is no NAME=value",
				conf_excerpt(path, 380).text, t.line);
		else if (rc < 0)
			conf_fail(err, rc, "out of memory");
	}
	free(text);
	if (rc < 0)
		conf_env_free(env);
	return rc;
}

void conf_env_free(struct conf_env *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->list[i]);
	free(env->list);
	*env = (struct conf_env){NULL, 0};
}
