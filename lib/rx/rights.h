/* SPDX-License-Identifier: BSD-3-Clause */
/* Rights that a process needs to listen on interfaces by packet sockets. */
#ifndef RX_RIGHTS_H
#define RX_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#define RIGHTS_HINT 320

/*
 * Raises RLIMIT_MEMLOCK so that this process can lock so many further octets: the soft limit, and
 * the hard one if it may. The rings of packet sockets are locked memory. True if they can be
 * locked.
 */
bool rights_lock(uint64_t octets);

/*
 * Composes what this process lacks, and how to grant it, for the end of a message: "; this process
 * lacks cap_net_raw ..."; "" if it has all. octets: locked memory that it could not get, or 0.
 * Returns buffer.
 */
const char *rights_hint(uint64_t octets, char buffer[RIGHTS_HINT]);

#endif
