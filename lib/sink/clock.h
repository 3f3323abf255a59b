/* SPDX-License-Identifier: BSD-3-Clause */
/* The one monotonic clock of this stage. Functions that decide by time take it as an argument. */
#ifndef SINK_CLOCK_H
#define SINK_CLOCK_H

#include "base/when.h"

#include <stdint.h>
#include <time.h>

/* Returns the monotonic time in nanoseconds. */
static inline int64_t sink_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

#endif
