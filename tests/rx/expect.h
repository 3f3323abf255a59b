/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of a reader, for the tests of rx/capfile and rx/pcapng. */
#ifndef TESTS_RX_EXPECT_H
#define TESTS_RX_EXPECT_H

#include "rx/capfile.h"
#include "rx/capmake.h"
#include "rx/source.h"

#include <stdio.h>

/* Opens a made capture, to be read `step` octets at a time. */
static inline int open_made(
	struct capfile *c, struct source *s, const struct capmake *m, size_t step)
{
	*s = (struct source){.at = m->octets, .left = m->len, .step = step};
	return capfile_open_from(c, source_read, s, "made.pcap");
}

/* Reads the next frame and checks its fields; its octets must count up from `first`. */
static inline struct capfile_frame expect_frame(
	struct capfile *c, int64_t ts_ns, unsigned first, uint32_t cap_len, uint32_t wire_len)
{
	struct capfile_frame f = {0};
	bool same = true;

	CU_ASSERT_EQUAL_FATAL(capfile_next(c, &f), 1);
	CU_ASSERT_EQUAL(f.ts_ns, ts_ns);
	CU_ASSERT_EQUAL(f.cap_len, cap_len);
	CU_ASSERT_EQUAL(f.wire_len, wire_len);
	for (uint32_t i = 0; i < f.cap_len; i++)
		same = same && f.data[i] == (uint8_t)(first + i);
	CU_ASSERT_TRUE(same);
	return f;
}

/* Checks that the end is `outcome`, repeatedly, with a message that contains `words` (NULL: no
 * message). */
static inline void expect_end(struct capfile *c, int outcome, const char *words)
{
	struct capfile_frame f;

	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(capfile_next(c, &f), outcome);
	if (words && !strstr(c->message, words))
		fprintf(stderr, "\n  message: %s\n  wanted:  %s\n", c->message, words);
	CU_ASSERT_TRUE(words ? strstr(c->message, words) != NULL : !c->message[0]);
}

#endif
