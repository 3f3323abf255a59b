/* SPDX-License-Identifier: BSD-3-Clause */
/* Chooses the number of threads of a run and the CPU of each. */
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
	bool floats; /* threads run on any CPU of the process; the CPUs below are not set */
	uint16_t control; /* CPU of the control loop, which mostly sleeps */
	uint16_t worker[PLACE_WORKERS];
	uint16_t logger[PLACE_LOGGERS];
	bool shared; /* a worker or logger has no CPU of its own */
	cpu_set_t sinks; /* CPUs of the sinks' threads: not a worker's and, if possible, no logger's
			  */
	bool loggers_rest; /* the sinks have only the loggers' CPUs */
};

/*
 * Places conf->workers and conf->loggers threads (0: as many as suit the CPUs): as conf->lcores
 * says, or each on its own CPU among those that this process may use, CPUs of NUMA node `node` (-1:
 * any) first. Threads share CPUs if there are too few. Returns 0, or -EINVAL after a message.
 */
int place_on_cpus(struct place *place, const struct conf *conf, int node);

/* Chooses the number of threads that the kernel places. Returns as place_on_cpus(). */
int place_floating(struct place *place, const struct conf *conf);

/* Returns the NUMA node of a CPU, or -1 without NUMA. */
int place_node(unsigned cpu);

#endif
