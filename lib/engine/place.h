/* SPDX-License-Identifier: BSD-3-Clause */
/* How many threads a run has, and which CPU each has. */
#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

#include "config/conf.h"

#include <sched.h>
#include <stdbool.h>

#define PLACE_CPUS 1024
#define PLACE_WORKERS 64
#define PLACE_LOGGERS 16

struct place {
	unsigned workers, loggers;
	bool floats; /* threads run on any CPU of the process: the numbers below mean nothing */
	uint16_t control; /* CPU of the control loop, which mostly sleeps */
	uint16_t worker[PLACE_WORKERS];
	uint16_t logger[PLACE_LOGGERS];
	bool shared; /* a worker or logger has no CPU of its own */
	cpu_set_t sinks; /* where the sinks' threads run: off the workers, and off the loggers */
	bool loggers_rest; /* the sinks have no CPUs but the loggers' */
};

/*
 * Places conf->workers and conf->loggers (0: as many as suit the CPUs): as conf->lcores says, or
 * each on a CPU of its own among those that this process may use, those of NUMA node `node` (-1:
 * any) first. Where there are too few CPUs, threads share.
 * 0, or -EINVAL with a message said.
 */
int place_threads(struct place *place, const struct conf *conf, int node);

/* The same for threads that float: the kernel places them. */
int place_floating(struct place *place, const struct conf *conf);

/* The node of a CPU, -1 where there are none. */
int place_node(unsigned cpu);

#endif
