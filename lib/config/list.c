/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration and its keys as text: JSON, tables, --help. */
#include "config/inner.h"

#include <errno.h>

#define WIDTH 80 /* columns of a terminal */
#define FLAG_LEFT 24 /* where the help of a flag begins */

/* How many leading sections two paths share: 1 for txn.timeout_ms and txn.max_open. */
static size_t shared_sections(const char *a, const char *b)
{
	size_t shared = 0;

	for (; *a && *a == *b; a++, b++)
		shared += *a == '.';
	return shared;
}

static void indent(FILE *out, size_t depth)
{
	fputs("\n", out);
	for (size_t i = 0; i < depth; i++)
		fputs("  ", out);
}

int conf_write(const struct conf *conf, FILE *out)
{
	const char *last = "";
	size_t depth = 0; /* open sections */

	errno = 0;
	putc('{', out);
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		const char *name = key->path, *dot;
		size_t shared = shared_sections(last, key->path);
		for (; depth > shared; depth--) {
			indent(out, depth);
			putc('}', out);
		}
		fputs(i ? "," : "", out);
		for (; shared > 0; shared--)
			name = strchr(name, '.') + 1;
		for (; (dot = strchr(name, '.')); name = dot + 1) {
			indent(out, ++depth);
			fprintf(out, "\"%.*s\": {", (int)(dot - name), name);
		}
		indent(out, depth + 1);
		fprintf(out, "\"%s\": ", name);
		conf_kind_of(key)->write(out, conf_field_const(key, conf));
		last = key->path;
	}
	for (; depth > 0; depth--) {
		indent(out, depth);
		putc('}', out);
	}
	fputs("\n}\n", out);
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

/* The default as JSON; all defaults are short. */
static void show_default(const struct conf_key *key, char *room, size_t size)
{
	struct conf conf;
	FILE *out = fmemopen(room, size, "w");

	room[0] = '\0';
	if (out && conf_init(&conf) == 0) {
		conf_kind_of(key)->write(out, conf_field_const(key, &conf));
		conf_free(&conf);
	}
	if (out)
		fclose(out);
}

/* Text broken between words to stand between column `left` and the width; then a newline. */
static void wrapped(FILE *out, size_t left, const char *s)
{
	size_t column = left;

	while (*s) {
		size_t n = strcspn(s, " ");
		if (column > left && column + 1 + n > WIDTH) {
			fprintf(out, "\n%*s", (int)left, "");
			column = left;
		}
		if (column > left)
			column += (size_t)fprintf(out, " ");
		column += (size_t)fprintf(out, "%.*s", (int)n, s);
		s += n;
		s += strspn(s, " ");
	}
	fputs("\n", out);
}

void conf_list_keys(FILE *out)
{
	char name[CONF_ENV_MAX], room[400];

	fprintf(out, "%-18s %-9s %s\n", "KEY", "DEFAULT", "TYPE AND RANGE; ENVIRONMENT VARIABLE");
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		struct text t = text_of(room, sizeof(room) - 1);
		char standard[64];
		show_default(key, standard, sizeof(standard));
		conf_kind_of(key)->expects(&t, key);
		conf_env_name(key, name);
		text_format(&t, "; %s", name);
		*t.at = '\0';
		fprintf(out, "%-18s %-9s %s\n    ", key->path, standard, room);
		wrapped(out, 4, key->help);
	}
}

/* A flag as it is typed: "-w, --workers N"; with a place for the letter where there is none. */
static int spell(FILE *out, const struct conf_flag *flag, const char *no_letter)
{
	char letter[] = {'-', flag->letter, ',', ' ', '\0'};

	return fprintf(out, "%s--%s%s%s", flag->letter ? letter : no_letter, flag->name,
		flag->value && flag->value[0] != '[' ? " " : "", flag->value ? flag->value : "");
}

void conf_list_markdown(FILE *out)
{
	char name[CONF_ENV_MAX], expects[200];

	fputs("| key | type and range | default | environment variable | flag | meaning |\n"
	      "| --- | --- | --- | --- | --- | --- |\n",
		out);
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		struct text t = text_of(expects, sizeof(expects) - 1);
		char standard[64];
		show_default(key, standard, sizeof(standard));
		conf_kind_of(key)->expects(&t, key);
		*t.at = '\0';
		conf_env_name(key, name);
		fprintf(out, "| `%s` | %s | `%s` | `%s` | ", key->path, expects, standard, name);
		if (key->flag.name) {
			putc('`', out);
			spell(out, &key->flag, "");
			putc('`', out);
		}
		fprintf(out, " | %s |\n", key->help);
	}
}

void conf_list_flag(FILE *out, const struct conf_flag *flag, const char *help, const char *standard)
{
	char room[600];

	fputs("  ", out);
	int column = 2 + spell(out, flag, "    ");
	if (column < FLAG_LEFT)
		fprintf(out, "%*s", FLAG_LEFT - column, "");
	else
		fprintf(out, "\n%*s", FLAG_LEFT, "");
	if (standard)
		snprintf(room, sizeof(room), "%s (default %s)", help, standard);
	wrapped(out, FLAG_LEFT, standard ? room : help);
}

void conf_list_flags(FILE *out)
{
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		if (key->flag.name)
			conf_list_flag(out, &key->flag, key->help,
				key->standard[0] ? key->standard : NULL);
	}
}
