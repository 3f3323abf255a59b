/* SPDX-License-Identifier: BSD-3-Clause */
/* A filter of the top-level members of a document. */
#ifndef ENCODE_FIELDS_H
#define ENCODE_FIELDS_H

#include "base/text.h"

#define FIELDS_MAX 64

struct fields {
	bool exclude; /* removes the members named; else it keeps only these */
	uint32_t n;
	struct {
		const char *name; /* borrowed */
		size_t len;
	} key[FIELDS_MAX];
};

/* Adds a key. Returns false if there are FIELDS_MAX already. */
bool fields_add(struct fields *f, const char *name);

/*
 * Removes members from the document from offset `at` of t to its end, newline included. The others
 * keep their order; without any, the document is "{}". What is no JSON object of our writers stays
 * unchanged.
 */
void fields_filter(const struct fields *f, struct text *t, size_t at);

#endif
