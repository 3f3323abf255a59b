/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of rx/capfile that reads pcapng (draft-ietf-opsawg-pcapng). Called by capfile.c only. */
#ifndef RX_CAPFILE_INNER_H
#define RX_CAPFILE_INNER_H

#include "rx/capfile.h"

#define PCAPNG_SECTION 0x0a0d0d0a /* block type of a Section Header; the same in both orders */

/*
 * Reads the first Section Header, whose first four octets are at c->at. Returns as capfile_open();
 * -EINVAL if only these four octets look like pcapng.
 */
int pcapng_open(struct capfile *c);

/* True if it is a byte-order magic, in either order. */
bool pcapng_is_order(const uint8_t *p);

/* Reads the next frame, as capfile_next(). */
int pcapng_next(struct capfile *c, struct capfile_frame *frame);

#endif
