/* SPDX-License-Identifier: BSD-3-Clause */
/* What DPDK says on its own, caught so that one clear message can be made of it. */
#ifndef RX_EAL_LOG_H
#define RX_EAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct eal_log {
	FILE *stream; /* NULL: it is not caught */
	char *text;
	size_t len;
};

/* From here on DPDK's messages of `level` (RTE_LOG_) and above are caught. `shown`: they are not,
 * but go where DPDK sends them (eal.log). */
void eal_log_catch(struct eal_log *log, bool shown, unsigned level);

/* Ends that. The last line that was said, valid until eal_log_free(). */
const char *eal_log_end(struct eal_log *log);

/* The same, but the line that says why a device failed: the first of its driver. */
const char *eal_log_cause(struct eal_log *log);

void eal_log_free(struct eal_log *log);

#endif
