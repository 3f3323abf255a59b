/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore that turns records into documents and gives them to the sink. */
#ifndef APP_LOGGER_H
#define APP_LOGGER_H

#include "app/run.h"

/* Opens the output. 0 or -errno, said in a message. logger_close() after success. */
int logger_open(struct logger *l, struct run *run);

/* Flushes and closes the output. 0 or -errno. */
int logger_close(struct logger *l);

/* The lcore's main function; arg is a struct logger. Ends when all workers have and all is written.
 */
int logger_main(void *arg);

#endif
