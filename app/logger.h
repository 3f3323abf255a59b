/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcores that turn records into documents and give them to the sinks. */
#ifndef APP_LOGGER_H
#define APP_LOGGER_H

#include "app/run.h"

/* Opens the sinks, starts their threads and makes run->loggers loggers. 0 or -errno, said in a
 * message. */
int logger_open(struct run *run);

/*
 * Waits for the sinks' threads and closes the sinks. False: a sink failed, or records were lost by
 * one; that was said. Their counters stay until logger_free().
 */
bool logger_close(struct run *run);
void logger_free(struct run *run);

/* The lcore's main function; arg is a struct logger. Ends when all workers have and all that its
 * own have left is passed on. */
int logger_main(void *arg);

#endif
