/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t whole_pages(size_t len)
{
	return (len + page() - 1) / page() * page();
}

uint8_t *guard_copy(const void *data, size_t len)
{
	size_t size = whole_pages(len);
	uint8_t *base = mmap(
		NULL, size + page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED || mprotect(base + size, page(), PROT_NONE) < 0)
		abort();
	if (len)
		memcpy(base + size - len, data, len);
	return base + size - len;
}

void guard_free(uint8_t *p, size_t len)
{
	size_t size = whole_pages(len);
	munmap(p + len - size, size + page());
}
