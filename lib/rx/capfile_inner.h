/* SPDX-License-Identifier: BSD-3-Clause */
/* The half of rx/capfile that reads pcapng (draft-ietf-opsawg-pcapng). Called by capfile.c only. */
#ifndef RX_CAPFILE_INNER_H
#define RX_CAPFILE_INNER_H

#include "rx/capfile.h"

#define PCAPNG_SECTION 0x0a0d0d0a /* block type of a Section Header; the same in both orders */

/*
 * Reads the first Section Header, whose first four octets stand at c->at. 0 or as capfile_open;
 * -EINVAL where these four octets are all that looks like pcapng.
 */
int pcapng_open(struct capfile *c);

/* Is it a byte-order mark, in either order? */
bool pcapng_is_order(const uint8_t *p);

/* As capfile_next. */
int pcapng_next(struct capfile *c, struct capfile_frame *frame);

#endif
