/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a document of our own writers (encode/json.h) token by token, for the encoders. It is
 * strict: one object, no white space outside of strings, no exponents, a depth of at most
 * SCAN_DEPTH, an optional newline at the end. All else is SCAN_BAD; no octet outside of the
 * document is read.
 */
#ifndef ENCODE_SCAN_H
#define ENCODE_SCAN_H

#include "base/text.h"

#define SCAN_DEPTH 16

enum scan_token {
	SCAN_END, /* the document has ended; every further call returns this */
	SCAN_BAD, /* it is malformed; every further call returns this */
	SCAN_OBJECT,
	SCAN_ARRAY,
	SCAN_CLOSE, /* of an object or array */
	SCAN_KEY,
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL,
};

struct scan {
	const char *at, *end;
	const char *text; /* KEY, STRING: between the quotes, still escaped. NUMBER: its text */
	size_t len;
	uint32_t objects; /* bit d: the bracket at depth d is an object's */
	uint8_t depth; /* open brackets */
	uint8_t state;
	bool escaped; /* KEY, STRING: it holds a backslash */
};

/* A number in decimal: -1.50 is {150, 2, true, true}. */
struct scan_number {
	uint64_t digits; /* all of them as one integer */
	uint8_t decimals; /* digits behind the point, at most 19 */
	bool negative;
	bool fraction; /* it has a point */
};

struct scan scan_of(const char *json, size_t n);

enum scan_token scan_next(struct scan *s);

/* Skips the value of the key just read. */
void scan_skip(struct scan *s);

/* Reads the value of a SCAN_NUMBER. Returns false if it has more digits than 64 bits hold. */
bool scan_number(const struct scan *s, struct scan_number *n);

/* Returns the nearest double, ties to even. */
double scan_double(const struct scan_number *n);

/* Appends the text of a string in UTF-8, without escapes; an unpaired surrogate becomes U+FFFD. */
void scan_unescape(struct text *t, const struct scan *s);

#endif
