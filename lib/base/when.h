/* SPDX-License-Identifier: BSD-3-Clause */
/* Nanoseconds since the epoch <-> RFC 3339 text in UTC. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/text.h"

#define WHEN_NS_PER_S 1000000000
#define WHEN_NS_PER_MS 1000000
#define WHEN_NS_PER_US 1000
#define WHEN_LEN 30 /* characters of "2015-10-10T12:13:32.628222000Z" */

/* Remembers the second last shown: neighbours in a log share it. One per writer; zero to start. */
struct when {
	int64_t second_ns; /* its start */
	char text[20]; /* "2015-10-10T12:13:32." */
	bool filled;
};

/* Appends ns (may be before 1970) with nine decimals and Z. Years beyond 9999 show as 9999. */
void when_text(struct when *w, struct text *t, int64_t ns);

/* The same without asking for the room of WHEN_LEN. Where to go on. */
char *when_text_at(struct when *w, char *at, int64_t ns);

#endif
