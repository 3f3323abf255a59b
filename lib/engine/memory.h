/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the tables and queues of a worker. */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory {
	void *at; /* zeroed, page-aligned; NULL: none */
	size_t bytes;
};

/* Maps memory whose pages are allocated on first use or, with `populate`, at once, so that the
 * first packets need not wait for page faults. Returns 0 or -ENOMEM. */
int memory_open(struct memory *m, size_t bytes, bool populate);
void memory_close(struct memory *m);

#endif
