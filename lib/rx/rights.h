/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel asks of a process that listens on interfaces by packet sockets. */
#ifndef RX_RIGHTS_H
#define RX_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#define RIGHTS_HINT 320

/*
 * May this process lock so many octets more? The rings of packet sockets are locked memory. Raises
 * the soft limit (RLIMIT_MEMLOCK) where that is all it takes, and the hard one where it may.
 */
bool rights_lock(uint64_t octets);

/*
 * What this process lacks, and how to grant it, as text behind a message: "; this process lacks
 * cap_net_raw ..."; "" where it has all. octets: of locked memory that it may not have, 0 where it
 * has it. Returns room.
 */
const char *rights_hint(uint64_t octets, char room[RIGHTS_HINT]);

#endif
