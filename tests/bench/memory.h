/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and clocks for the benchmarks, which end the program where there is none. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Returns zeroed memory, on huge pages where the kernel has some. */
void *memory_zeroed(size_t bytes);

/* Marks what was given so far; releases what was given after a mark. */
size_t memory_mark(void);
void memory_release(size_t mark);

/* Returns the CPU time of this thread. */
int64_t cpu_ns(void);

#endif
