/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the start of a file: whether it is a capture, and when it begins. */
#ifndef RX_FEED_PEEK_H
#define RX_FEED_PEEK_H

#include "rx/capfile.h"
#include "rx/feed_input.h"
#include "rx/unpack.h"

struct feed_peek {
	struct capfile file;
	struct unpack unpack;
	struct feed_input input;
};

/* Allocates buffers. Returns 0 or -ENOMEM; feed_peek_free() may follow in any case, also on a
 * struct of zeros. */
int feed_peek_init(struct feed_peek *p);
void feed_peek_free(struct feed_peek *p);

/*
 * Reads the start of a regular file, without blocking. True if it is a capture: *first_ns is then
 * the timestamp of its first packet; INT64_MAX if it has no packet, INT64_MAX - 1 if the packet has
 * no timestamp.
 */
bool feed_peek_first(struct feed_peek *p, const char *path, int64_t *first_ns);

/* True if the file that was read last is compressed. */
static inline bool feed_peek_is_packed(const struct feed_peek *p)
{
	return p->unpack.kind != NULL;
}

#endif
