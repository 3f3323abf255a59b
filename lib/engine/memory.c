/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/memory.h"

#include <errno.h>
#include <sys/mman.h>

int memory_open(struct memory *m, size_t bytes, bool populate)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	*m = (struct memory){0};
	if (at == MAP_FAILED)
		return -ENOMEM;
	*m = (struct memory){.at = at, .bytes = bytes};
	/* Large tables are read all over: with small pages most lookups would miss the TLB. */
	madvise(at, bytes, MADV_HUGEPAGE);
	if (populate) /* ignored by Linux before 5.14 */
		madvise(at, bytes, MADV_POPULATE_WRITE);
	return 0;
}

void memory_close(struct memory *m)
{
	if (m->at)
		munmap(m->at, m->bytes);
	m->at = NULL;
}
