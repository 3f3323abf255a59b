/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/fields.h"

#include "encode/scan.h"

bool fields_add(struct fields *f, const char *name)
{
	if (f->n == FIELDS_MAX)
		return false;
	f->key[f->n].name = name;
	f->key[f->n].len = strlen(name);
	f->n++;
	return true;
}

static bool stays(const struct fields *f, const struct scan *s)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->key[i].len == s->len && memcmp(f->key[i].name, s->text, s->len) == 0)
			return !f->exclude;
	return f->exclude;
}

void fields_filter(const struct fields *f, struct text *t, size_t at)
{
	char *start = t->start + at, *to = start + 1;
	struct scan s = scan_of(start, (size_t)(t->at - start));
	bool first = true;

	if (scan_next(&s) != SCAN_OBJECT)
		return;
	/* The whole document is validated before any of it is moved. */
	struct scan whole = s;
	enum scan_token token;
	do {
		token = scan_next(&whole);
	} while (token != SCAN_END && token != SCAN_BAD);
	if (token == SCAN_BAD)
		return;
	while (scan_next(&s) == SCAN_KEY) {
		const char *member = s.text - 1;
		bool keep = stays(f, &s);
		scan_skip(&s);
		if (!keep)
			continue;
		if (!first)
			*to++ = ',';
		first = false;
		size_t n = (size_t)(s.at - member);
		memmove(to, member, n);
		to += n;
	}
	*to++ = '}';
	if (s.at < s.end)
		*to++ = '\n';
	t->at = to;
}
