/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside rx/feed: its thread (feed_main.c), started by feed.c. */
#ifndef RX_FEED_INNER_H
#define RX_FEED_INNER_H

#include "rx/feed.h"

#define FEED_NAP_MIN_NS 20000 /* the shortest sleep while a pipe is full */

/* The thread's main function; arg is a struct feed. Returns NULL. */
void *feed_main(void *arg);

#endif
