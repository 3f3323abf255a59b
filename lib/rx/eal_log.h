/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures DPDK's own messages, so that one clear message can be made of them. */
#ifndef RX_EAL_LOG_H
#define RX_EAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct eal_log {
	FILE *stream; /* NULL: nothing is captured */
	char *text;
	size_t len;
};

/* Starts to capture DPDK's messages of `level` (RTE_LOG_) and above. `shown`: DPDK writes them as
 * usual (eal.log), and nothing is captured. */
void eal_log_catch(struct eal_log *log, bool shown, unsigned level);

/* Ends the capture. Returns the last line, valid until eal_log_free(). */
const char *eal_log_end(struct eal_log *log);

/* Ends the capture. Returns the first line of the driver, which says why a device failed. */
const char *eal_log_cause(struct eal_log *log);

void eal_log_free(struct eal_log *log);

#endif
