/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define DOC_OCTETS 64 /* a block has room for one document per so many octets */

static void block_home(const struct sink_lane *lane, struct lane_block *block)
{
	block->b = (struct sink_block){.data = block->home,
		.room = lane->room,
		.docs = block->home_docs,
		.max_docs = lane->max_docs};
}

int lane_init(struct sink_lane *lane, size_t bytes, uint32_t room, sem_t *ready)
{
	memset(lane, 0, sizeof(*lane));
	lane->room = room;
	lane->max_docs = room / DOC_OCTETS;
	size_t each = room + lane->max_docs * sizeof(struct sink_doc), size = 1;
	lane->count = (uint32_t)(bytes / each < 3 ? 3 : bytes / each);
	while (size < lane->count)
		size *= 2;
	lane->mask = (uint32_t)size - 1;
	lane->ready = ready;
	lane->blocks = calloc(lane->count, sizeof(*lane->blocks));
	lane->ring = calloc(size, sizeof(void *));
	lane->memory_bytes = each * lane->count;
	lane->memory = mmap(NULL, lane->memory_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (lane->memory == MAP_FAILED)
		lane->memory = NULL;
	if (!lane->blocks || !lane->ring || !lane->memory) {
		lane_free(lane);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < lane->count; i++) {
		struct lane_block *block = &lane->blocks[i];
		block->lane = lane;
		block->home = lane->memory + each * i;
		block->home_docs = (struct sink_doc *)(block->home + room);
		block_home(lane, block);
	}
	return 0;
}

void lane_touch(struct sink_lane *lane)
{
	/* Linux before 5.14 cannot be asked for that; then it comes when it is needed. */
	madvise(lane->memory, lane->memory_bytes < LANE_TOUCHED ? lane->memory_bytes : LANE_TOUCHED,
		MADV_POPULATE_WRITE);
}

/* Frees what a large document needed. */
static void block_shrink(const struct sink_lane *lane, struct lane_block *block)
{
	if (block->b.data != block->home)
		free(block->b.data);
	if (block->b.docs != block->home_docs)
		free(block->b.docs);
	block_home(lane, block);
}

void lane_free(struct sink_lane *lane)
{
	for (uint32_t i = 0; lane->blocks && lane->memory && i < lane->count; i++)
		block_shrink(lane, &lane->blocks[i]);
	free(lane->blocks);
	free(lane->ring);
	if (lane->memory)
		munmap(lane->memory, lane->memory_bytes);
	lane->blocks = NULL;
	lane->ring = NULL;
	lane->memory = NULL;
}

/*
 * Many threads may push, only the logger pops, so between its two looks at the top no other can
 * have taken that block away and brought it back.
 */
static struct lane_block *pop(struct sink_lane *lane)
{
	struct lane_block *top = __atomic_load_n(&lane->free, __ATOMIC_ACQUIRE);

	while (top && !__atomic_compare_exchange_n(&lane->free, &top, top->next, true,
			      __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		;
	return top;
}

bool lane_take(struct sink_lane *lane)
{
	struct lane_block *block = pop(lane);

	if (!block && lane->fresh < lane->count)
		block = &lane->blocks[lane->fresh++];
	lane->at = block ? &block->b : NULL;
	return block != NULL;
}

void lane_pass(struct sink_lane *lane)
{
	struct sink_block *b = lane->at;

	if (!b || b->n_docs == 0)
		return;
	/* The ring has room for every block that there is. */
	lane->ring[lane->head & lane->mask] = (struct lane_block *)b;
	__atomic_store_n(&lane->head, lane->head + 1, __ATOMIC_RELEASE);
	lane->at = NULL;
	sem_post(lane->ready);
}

int lane_grow(struct sink_lane *lane, bool docs)
{
	struct lane_block *block = (struct lane_block *)lane->at;
	struct sink_block *b = &block->b;
	size_t room = docs ? b->max_docs * sizeof(*b->docs) : b->room;

	if (room >= LANE_LARGEST)
		return -EFBIG;
	void *more = malloc(2 * room);
	if (!more)
		return -ENOMEM;
	if (docs) {
		if (b->docs != block->home_docs)
			free(b->docs);
		b->docs = more;
		b->max_docs *= 2;
	} else {
		if (b->data != block->home)
			free(b->data);
		b->data = more;
		b->room *= 2;
	}
	return 0;
}

void lane_close(struct sink_lane *lane)
{
	lane_pass(lane);
	__atomic_store_n(&lane->closed, true, __ATOMIC_RELEASE);
	sem_post(lane->ready);
}

struct sink_block *lane_next(struct sink_lane *lane)
{
	if (lane->tail == __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE))
		return NULL;
	struct lane_block *block = lane->ring[lane->tail & lane->mask];
	__atomic_store_n(&lane->tail, lane->tail + 1, __ATOMIC_RELEASE);
	return &block->b;
}

void lane_return(struct sink_block *b)
{
	struct lane_block *block = (struct lane_block *)b;
	struct sink_lane *lane = block->lane;

	block_shrink(lane, block);
	block->next = __atomic_load_n(&lane->free, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
		&lane->free, &block->next, block, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

bool lane_is_done(const struct sink_lane *lane)
{
	return __atomic_load_n(&lane->closed, __ATOMIC_ACQUIRE) &&
	       lane->tail == __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
}
