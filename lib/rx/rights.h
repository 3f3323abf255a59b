/* SPDX-License-Identifier: BSD-3-Clause */
/* Privileges that a process needs to listen on interfaces with packet sockets. */
#ifndef RX_RIGHTS_H
#define RX_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#define RIGHTS_HINT 320

/*
 * Raises RLIMIT_MEMLOCK so that this process can lock so many further octets: the soft limit, and
 * the hard limit if permitted. The rings of packet sockets are locked memory. True if so many can
 * be locked.
 */
bool rights_lock(uint64_t octets);

/*
 * Composes the end of a message: which privileges this process lacks, and how to grant them, as ";
 * this process lacks cap_net_raw ..."; "" if it has all. octets: memory that it could not lock, or
 * 0. Returns buffer.
 */
const char *rights_hint(uint64_t octets, char buffer[RIGHTS_HINT]);

#endif
