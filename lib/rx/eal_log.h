/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects DPDK's own messages, so that one clear message can be made of them. */
#ifndef RX_EAL_LOG_H
#define RX_EAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct eal_log {
	FILE *stream; /* NULL: nothing is collected */
	char *text;
	size_t len;
};

/* Starts to collect DPDK's messages of `level` (RTE_LOG_) and above. `shown`: DPDK writes them as
 * usual (eal.log), and nothing is collected. */
void eal_log_capture(struct eal_log *log, bool shown, unsigned level);

/* Stops collecting. Returns the last line, valid until eal_log_free(). */
const char *eal_log_end(struct eal_log *log);

/* Stops collecting. Returns the first line of the driver, the cause of a device's failure. Valid
 * until eal_log_free(). */
const char *eal_log_cause(struct eal_log *log);

/* Frees the messages. */ void eal_log_free(struct eal_log *log);

#endif
