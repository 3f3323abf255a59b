/* SPDX-License-Identifier: BSD-3-Clause */
/* Which members of a document stay: a filter over its top level. */
#ifndef ENCODE_FIELDS_H
#define ENCODE_FIELDS_H

#include "base/text.h"

#define FIELDS_MAX 64

struct fields {
	bool exclude; /* the keys named go; else they, and only they, stay */
	uint32_t n;
	struct {
		const char *name; /* borrowed */
		size_t len;
	} key[FIELDS_MAX];
};

/* Adds a key. false: there are FIELDS_MAX already. */
bool fields_add(struct fields *f, const char *name);

/*
 * Takes out of the document that stands in t from offset `at` to its end, newline included, the
 * members that are not to stay; the text gets shorter. The order of the others stays. One of which
 * nothing stays is "{}". What is no JSON object as our writers make them is left as it is.
 */
void fields_keep(const struct fields *f, struct text *t, size_t at);

#endif
