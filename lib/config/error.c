/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/conf_inner.h"

#include <errno.h>
#include <stdarg.h>

/* Longer words are similar to no key. */
#define WORD_MAX (CONF_ENV_MAX - 1)

int conf_fail(struct conf_error *err, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return rc;
}

int conf_fail_value(struct conf_error *err, const struct conf_key *key, const char *format, ...)
{
	char what[600], expects[600];
	struct text t = text_of(expects, sizeof(expects) - 1);
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	conf_kind_of(key)->expects(&t, key);
	*t.at = '\0';
	return conf_fail(err, -EINVAL, "%s: %s, expected %s", key->path, what, expects);
}

void conf_error_add_source(struct conf_error *err, const char *source)
{
	struct conf_error inner = *err;

	conf_fail(err, 0, "%s: %s", source, inner.text);
}

int conf_error_add_prefix(struct conf_error *err, int rc, const char *prefix)
{
	struct conf_error inner = *err;

	return conf_fail(err, rc, "%s%s", prefix, inner.text);
}

struct conf_excerpt conf_excerpt(const char *s, size_t max)
{
	struct conf_excerpt shown;
	size_t n = strnlen(s, sizeof(shown.text));

	if (max > sizeof(shown.text) - 4)
		max = sizeof(shown.text) - 4;
	if (n <= max) {
		memcpy(shown.text, s, n);
		shown.text[n] = '\0';
		return shown;
	}
	for (n = max; n > 0 && ((uint8_t)s[n] & 0xc0) == 0x80; n--)
		; /* keep characters whole */
	memcpy(shown.text, s, n);
	memcpy(shown.text + n, "...", 4);
	return shown;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Returns how many characters to insert, delete, replace or swap with a neighbour (Damerau,
 * Levenshtein). */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[3][WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = row[i % 3];
		const size_t *last = row[(i + 2) % 3], *second_last = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			now[j] = min2(min2(last[j] + 1, now[j - 1] + 1), last[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = min2(now[j], second_last[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

void conf_nearest_add(struct conf_nearest *nearest, const char *candidate)
{
	const char *word = nearest->word, *dot = strrchr(candidate, '.');
	size_t n = strlen(candidate), w = strnlen(word, WORD_MAX + 1), d;

	if (w == 0 || w > WORD_MAX || n > WORD_MAX)
		return;
	d = distance(word, w, candidate, n);
	/* The last part of a path, or a part of a name, is similar, too. */
	if (dot && !strchr(word, '.'))
		d = min2(d, 1 + distance(word, w, dot + 1, strlen(dot + 1)));
	if (w >= 3 && strstr(candidate, word))
		d = min2(d, 2);
	size_t limit = w < 3 ? 1 : w < 6 ? 2 : 1 + w / 4;
	if (d > limit || (nearest->name[0] && d >= nearest->distance))
		return;
	nearest->distance = d;
	memcpy(nearest->name, candidate, n + 1);
}

void conf_nearest_keys(const struct conf_table *table, struct conf_nearest *nearest, bool sections)
{
	for (size_t i = 0; i < table->count; i++) {
		const char *path = table->keys[i].path;
		conf_nearest_add(nearest, path);
		for (const char *p = path; sections && (p = strchr(p, '.')); p++) {
			char section[CONF_ENV_MAX];
			memcpy(section, path, (size_t)(p - path));
			section[p - path] = '\0';
			conf_nearest_add(nearest, section);
		}
	}
}

int conf_fail_unknown(struct conf_error *err, const char *kind, const char *prefix,
	const struct conf_nearest *nearest)
{
	struct conf_excerpt shown = conf_excerpt(nearest->word, 120);

	if (nearest->name[0])
		return conf_fail(err, -EINVAL, "unknown %s \"%s%s\" (did you mean \"%s%s\"?)", kind,
			prefix, shown.text, prefix, nearest->name);
	return conf_fail(err, -EINVAL, "unknown %s \"%s%s\"", kind, prefix, shown.text);
}
