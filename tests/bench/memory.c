/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define MAPPINGS_MAX 1024

static struct mapping {
	void *at;
	size_t bytes;
} mappings[MAPPINGS_MAX];
static size_t count;

void *memory_zeroed(size_t bytes)
{
	size_t i = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	void *p = i < MAPPINGS_MAX ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
				   : MAP_FAILED;
	if (p == MAP_FAILED) {
		fprintf(stderr, "bench: cannot map %zu octets of memory\n", bytes);
		exit(2);
	}
	madvise(p, bytes, MADV_HUGEPAGE);
	mappings[i] = (struct mapping){p, bytes};
	return p;
}

size_t memory_mark(void)
{
	return count;
}

void memory_release(size_t mark)
{
	while (count > mark) {
		count--;
		munmap(mappings[count].at, mappings[count].bytes);
	}
}

int64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}
