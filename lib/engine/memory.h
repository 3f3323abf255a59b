/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the tables and queues of a worker. */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory {
	void *at; /* zeroed, aligned to a page; NULL: none */
	size_t bytes;
};

/* Memory that costs nothing until it is touched. `now`: all of it is there at once, so that the
 * first packets need not wait for the kernel. 0 or -ENOMEM. */
int memory_open(struct memory *m, size_t bytes, bool now);
void memory_close(struct memory *m);

#endif
