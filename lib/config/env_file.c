/* SPDX-License-Identifier: BSD-3-Clause */
/* A file of environment variables, in the form of systemd's EnvironmentFile= and of `docker run
 * --env-file`. */
#include "config/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Takes the blanks at both ends, and one pair of quotes around what is left. */
static char *strip(char *s)
{
	s += strspn(s, " \t");
	size_t n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
	if (n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0]) {
		s[n - 1] = '\0';
		s++;
	}
	return s;
}

/* One line: NAME=value, `export` before it for shells; nothing; or a comment. 1: a variable, at
 * *variable; 0; -EINVAL, -ENOMEM. */
static int read_line(char *line, char **variable)
{
	char *name = strip(line), *value = strchr(name, '=');

	if (*name == '\0' || *name == '#' || *name == ';')
		return 0;
	if (strncmp(name, "export ", 7) == 0)
		name = strip(name + 7);
	if (!value || value == name)
		return -EINVAL;
	*value++ = '\0';
	return asprintf(variable, "%s=%s", strip(name), strip(value)) < 0 ? -ENOMEM : 1;
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

int conf_env_read(struct conf_env *env, const char *path, struct conf_error *err)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *variable;
	size_t room = 0;
	unsigned number = 0;
	int rc = 0;

	*env = (struct conf_env){.list = calloc(1, sizeof(*env->list))};
	if (!f)
		return conf_fail(err, -errno, "%s: cannot read: %s", conf_show(path, 380).text,
			strerror(errno));
	if (!env->list)
		rc = -ENOMEM;
	while (rc == 0 && getline(&line, &room, f) >= 0) {
		number++;
		rc = read_line(line, &variable);
		if (rc == 1)
			rc = append(env, variable);
		else if (rc == -EINVAL)
			conf_fail(err, rc, "%s: line %u is no NAME=value",
				conf_show(path, 380).text, number);
	}
	if (rc == 0 && ferror(f))
		rc = conf_fail(err, -EIO, "%s: cannot read", conf_show(path, 380).text);
	if (rc == -ENOMEM)
		conf_fail(err, rc, "out of memory");
	free(line);
	fclose(f);
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
