/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads back a document that our own writers made (encode/json.h), token by token, for the encoders
 * that turn it into other bytes. Strict: one object, no white space outside of strings, no
 * exponents, at most SCAN_DEPTH brackets open, an optional newline at the end. Anything else is
 * SCAN_BAD, never a read outside of the octets given.
 */
#ifndef ENCODE_SCAN_H
#define ENCODE_SCAN_H

#include "base/text.h"

#define SCAN_DEPTH 16

enum scan_token {
	SCAN_END, /* the document is over; so is every further call */
	SCAN_BAD, /* it is none; so is every further call */
	SCAN_OBJECT,
	SCAN_ARRAY,
	SCAN_CLOSE, /* of either */
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
	uint8_t depth; /* brackets open */
	uint8_t state;
	bool escaped; /* KEY, STRING: it holds a backslash */
};

/* A number as it stands there: -1.50 is {150, 2, true, true}. */
struct scan_number {
	uint64_t digits; /* all of them as one integer */
	uint8_t decimals; /* how many of them stand behind the point, at most 19 */
	bool negative;
	bool fraction; /* there is a point */
};

struct scan scan_of(const char *json, size_t n);

enum scan_token scan_next(struct scan *s);

/* Goes behind the value that follows a key just read. */
void scan_skip(struct scan *s);

/* The value of a SCAN_NUMBER. false: more digits than 64 bits hold. */
bool scan_number(const struct scan *s, struct scan_number *n);

/* The nearest double, ties to even. */
double scan_double(const struct scan_number *n);

/* Appends the UTF-8 that the escaped text of a string stands for; half of a surrogate pair becomes
 * U+FFFD. */
void scan_unescape(struct text *t, const struct scan *s);

#endif
