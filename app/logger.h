/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore that turns records into documents and gives them to the sinks. */
#ifndef APP_LOGGER_H
#define APP_LOGGER_H

#include "app/run.h"

/* Opens the sinks and starts their threads. 0 or -errno, said in a message. */
int logger_open(struct logger *l, struct run *run);

/*
 * Waits for the sinks' threads and closes the sinks. False: a sink failed, or records were lost by
 * one; that was said. Their counters stay until logger_free().
 */
bool logger_close(struct logger *l);
void logger_free(struct logger *l);

/* The lcore's main function; arg is a struct logger. Ends when all workers have and all is written.
 */
int logger_main(void *arg);

#endif
