/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the configuration as JSON, and its keys as tables and for --help. */
#include "config/conf_inner.h"

#include <errno.h>

#define WIDTH 80 /* columns of a terminal */
#define FLAG_LEFT 24 /* column of a flag's help */

int conf_write(const struct conf *conf, FILE *out)
{
	errno = 0;
	conf_table_write(&conf_table_all, conf, 0, 0, out);
	putc('\n', out);
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

/* Formats a key's default as JSON. */
static void format_default(
	const struct conf_table *table, const struct conf_key *key, char *buffer, size_t size)
{
	union {
		struct conf all;
		struct conf_sink sink;
	} fields;
	FILE *out = fmemopen(buffer, size, "w");

	buffer[0] = '\0';
	if (out && conf_table_init(table, &fields) == 0) {
		conf_kind_of(key)->write(out, conf_field_const(key, &fields));
		conf_table_free(table, &fields);
	}
	if (out)
		fclose(out);
}

/* Appends the kinds of sink that accept a key: "file, stdout", or "all". */
static void append_kinds(const struct conf_key *key, struct text *t)
{
	enum conf_choice first;
	size_t n = conf_choices_of(&conf_sink_keys[CONF_SINK_KEY_type], &first), shown = 0;

	if (key->kinds == UINT32_MAX) {
		text_lit(t, "all");
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (key->kinds >> i & 1) {
			text_str(t, shown++ ? ", " : "");
			text_str(t, conf_choice_word((enum conf_choice)(first + i)));
		}
}

/* Prints text wrapped between column `left` and the width, and a newline. */
static void print_wrapped(FILE *out, size_t left, const char *s)
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

static void print_table(const struct conf_table *table, FILE *out)
{
	char name[CONF_ENV_MAX], buffer[600];

	for (size_t i = 0; i < table->count; i++) {
		const struct conf_key *key = &table->keys[i];
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		char initial[64];
		format_default(table, key, initial, sizeof(initial));
		conf_kind_of(key)->expects(&t, key);
		text_lit(&t, "; ");
		if (table == &conf_table_sink) {
			append_kinds(key, &t);
		} else {
			conf_env_name(key, name);
			text_str(&t, name);
		}
		*t.at = '\0';
		fprintf(out, "%-18s %-9s %s\n    ", key->path, initial, buffer);
		print_wrapped(out, 4, key->help);
	}
}

void conf_list_keys(FILE *out)
{
	fprintf(out, "%-18s %-9s %s\n", "KEY", "DEFAULT", "TYPE AND RANGE; ENVIRONMENT VARIABLE");
	print_table(&conf_table_all, out);
	fprintf(out, "\n%-18s %-9s %s\n", "KEY OF A SINK", "DEFAULT",
		"TYPE AND RANGE; TYPES OF SINK THAT ACCEPT IT");
	print_table(&conf_table_sink, out);
}

/* Prints a flag as it is typed: "-w, --workers N"; `no_letter` stands for a missing letter. Returns
 * the columns. */
static int print_flag(FILE *out, const struct conf_flag *flag, const char *no_letter)
{
	char letter[] = {'-', flag->letter, ',', ' ', '\0'};

	return fprintf(out, "%s--%s%s%s", flag->letter ? letter : no_letter, flag->name,
		flag->value && flag->value[0] != '[' ? " " : "", flag->value ? flag->value : "");
}

/* Prints the first three cells of a row. */
static void print_row(const struct conf_table *table, const struct conf_key *key, FILE *out)
{
	char expects[400], initial[64];
	struct text t = text_of(expects, sizeof(expects) - 1);

	format_default(table, key, initial, sizeof(initial));
	conf_kind_of(key)->expects(&t, key);
	*t.at = '\0';
	fprintf(out, "| `%s` | %s | `%s` | ", key->path, expects, initial);
}

void conf_list_markdown(FILE *out)
{
	char name[CONF_ENV_MAX], kinds[200];

	fputs("| key | type and range | default | environment variable | flag | meaning |\n"
	      "| --- | --- | --- | --- | --- | --- |\n",
		out);
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		print_row(&conf_table_all, key, out);
		conf_env_name(key, name);
		fprintf(out, "`%s` | ", name);
		if (key->flag.name) {
			putc('`', out);
			print_flag(out, &key->flag, "");
			putc('`', out);
		}
		fprintf(out, " | %s |\n", key->help);
	}
	fputs("\nKeys of one object of `sinks`:\n\n"
	      "| key | type and range | default | types of sink | meaning |\n"
	      "| --- | --- | --- | --- | --- |\n",
		out);
	for (size_t i = 0; i < CONF_SINK_KEYS; i++) {
		struct text t = text_of(kinds, sizeof(kinds) - 1);
		print_row(&conf_table_sink, &conf_sink_keys[i], out);
		append_kinds(&conf_sink_keys[i], &t);
		*t.at = '\0';
		fprintf(out, "%s | %s |\n", kinds, conf_sink_keys[i].help);
	}
}

void conf_list_flag(FILE *out, const struct conf_flag *flag, const char *help, const char *initial)
{
	char buffer[600];

	fputs("  ", out);
	int column = 2 + print_flag(out, flag, "    ");
	if (column < FLAG_LEFT)
		fprintf(out, "%*s", FLAG_LEFT - column, "");
	else
		fprintf(out, "\n%*s", FLAG_LEFT, "");
	if (initial)
		snprintf(buffer, sizeof(buffer), "%s (default %s)", help, initial);
	print_wrapped(out, FLAG_LEFT, initial ? buffer : help);
}

void conf_list_flags(FILE *out)
{
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		if (key->flag.name)
			conf_list_flag(
				out, &key->flag, key->help, key->initial[0] ? key->initial : NULL);
	}
}
