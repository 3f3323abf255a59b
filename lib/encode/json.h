/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Appends JSON (RFC 8259) to a struct text. A comma follows every value, and closing an object or
 * array replaces the last comma by the bracket: a member needs no state and no branch. A document
 * is one object; json_end_line() ends it.
 */
#ifndef ENCODE_JSON_H
#define ENCODE_JSON_H

#include "base/text.h"

/* Append "key": and "key":"value", of literals that need no escaping. */
#define JSON_KEY(t, key) text_lit((t), "\"" key "\":")
#define JSON_PAIR(t, key, value) text_lit((t), "\"" key "\":\"" value "\",")

/* Write the same without a bounds check (text_lit_at). */
#define JSON_KEY_AT(at, key) text_lit_at((at), "\"" key "\":")
#define JSON_PAIR_AT(at, key, value) text_lit_at((at), "\"" key "\":\"" value "\",")

static inline void json_open(struct text *t, char bracket)
{
	text_char(t, bracket);
}

/* Closes what json_open() opened: '}' or ']'. */
static inline void json_close(struct text *t, char bracket)
{
	if (bits_unlikely(t->full))
		return; /* the text before may remain in use */
	if (t->at > t->start && t->at[-1] == ',')
		t->at[-1] = bracket;
	else
		text_char(t, bracket);
	text_char(t, ',');
}

/* Closes the document and ends its line. */
static inline void json_end_line(struct text *t)
{
	if (!text_reserve(t, 2))
		return;
	json_close(t, '}');
	if (!t->full)
		t->at[-1] = '\n';
}

static inline void json_u64(struct text *t, uint64_t v)
{
	if (text_reserve(t, 21)) {
		char *at = text_u64_at(t->at, v);
		*at = ',';
		t->at = at + 1;
	}
}

/* Appends "name": of a name that needs no escaping. */
static inline void json_name(struct text *t, const char *name)
{
	text_char(t, '"');
	text_str(t, name);
	text_lit(t, "\":");
}

/* Appends the member "name":n, */
static inline void json_count(struct text *t, const char *name, uint64_t n)
{
	json_name(t, name);
	json_u64(t, n);
}

/* Begin and end a string whose content the caller appends; `quoted` makes text_graph() escape it.
 */
static inline void json_begin_str(struct text *t)
{
	text_char(t, '"');
	t->quoted = true;
}

static inline void json_end_str(struct text *t)
{
	t->quoted = false;
	text_lit(t, "\",");
}

/* Appends a string of UTF-8, escaped; octets that are not UTF-8 become U+FFFD. */
void json_str(struct text *t, const char *s, size_t n);

static inline void json_bool(struct text *t, bool v)
{
	if (v)
		text_lit(t, "true,");
	else
		text_lit(t, "false,");
}

/* Writes a number and its comma without a bounds check: 21 octets must be reserved. */
static inline char *json_u64_at(char *at, uint64_t v)
{
	at = text_u64_at(at, v);
	*at = ',';
	return at + 1;
}

/* Writes thousandths as a number with up to three decimals, 1234500 as 1234.5; reserve 32 octets.
 */
char *json_milli_at(char *at, int64_t thousandths);

/* Appends nanoseconds as a number of seconds: 1444531212.628222; whole seconds as 1444531212.0, so
 * that the type does not depend on the value. */
void json_seconds(struct text *t, int64_t ns);

void json_milli(struct text *t, int64_t thousandths);

#endif
