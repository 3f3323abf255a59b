/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define DOC_OCTETS 64 /* a block can hold one document per so many octets */

/* Makes the block empty and as large as it was at first. */
static void reset_block(const struct sink_queue *queue, struct queue_block *block)
{
	block->b = (struct sink_block){.data = block->base,
		.size = queue->block_size,
		.docs = block->base_docs,
		.max_docs = queue->max_docs};
}

int sink_queue_init(struct sink_queue *queue, size_t bytes, uint32_t block_size, sem_t *ready)
{
	memset(queue, 0, sizeof(*queue));
	queue->block_size = block_size;
	queue->max_docs = block_size / DOC_OCTETS;
	size_t each = block_size + queue->max_docs * sizeof(struct sink_doc), size = 1;
	queue->count = (uint32_t)(bytes / each < 3 ? 3 : bytes / each);
	while (size < queue->count)
		size *= 2;
	queue->mask = (uint32_t)size - 1;
	queue->ready = ready;
	queue->blocks = calloc(queue->count, sizeof(*queue->blocks));
	queue->ring = calloc(size, sizeof(void *));
	queue->memory_bytes = each * queue->count;
	queue->memory = mmap(NULL, queue->memory_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (queue->memory == MAP_FAILED)
		queue->memory = NULL;
	if (!queue->blocks || !queue->ring || !queue->memory) {
		sink_queue_free(queue);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < queue->count; i++) {
		struct queue_block *block = &queue->blocks[i];
		block->queue = queue;
		block->base = queue->memory + each * i;
		block->base_docs = (struct sink_doc *)(block->base + block_size);
		reset_block(queue, block);
	}
	return 0;
}

void sink_queue_prefault(struct sink_queue *queue)
{
	/* Linux before 5.14 has no MADV_POPULATE_WRITE: then pages are faulted in on use. */
	madvise(queue->memory,
		queue->memory_bytes < SINK_QUEUE_PREFAULT_MAX ? queue->memory_bytes
							      : SINK_QUEUE_PREFAULT_MAX,
		MADV_POPULATE_WRITE);
}

/* Frees what a large document needed. */
static void shrink_block(const struct sink_queue *queue, struct queue_block *block)
{
	if (block->b.data != block->base)
		free(block->b.data);
	if (block->b.docs != block->base_docs)
		free(block->b.docs);
	reset_block(queue, block);
}

void sink_queue_free(struct sink_queue *queue)
{
	for (uint32_t i = 0; queue->blocks && queue->memory && i < queue->count; i++)
		shrink_block(queue, &queue->blocks[i]);
	free(queue->blocks);
	free(queue->ring);
	if (queue->memory)
		munmap(queue->memory, queue->memory_bytes);
	queue->blocks = NULL;
	queue->ring = NULL;
	queue->memory = NULL;
}

/* Pops a free block, or NULL. Only the logger pops, so the top cannot be taken and pushed again
 * between the two reads (no ABA problem). */
static struct queue_block *pop_free(struct sink_queue *queue)
{
	struct queue_block *top = __atomic_load_n(&queue->free, __ATOMIC_ACQUIRE);

	while (top && !__atomic_compare_exchange_n(&queue->free, &top, top->next, true,
			      __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		;
	return top;
}

bool sink_queue_alloc(struct sink_queue *queue)
{
	struct queue_block *block = pop_free(queue);

	if (!block && queue->high_water < queue->count)
		block = &queue->blocks[queue->high_water++];
	queue->at = block ? &block->b : NULL;
	return block != NULL;
}

void sink_queue_enqueue(struct sink_queue *queue)
{
	struct sink_block *b = queue->at;

	if (!b || b->n_docs == 0)
		return;
	/* The ring is never full: it can hold every block. */
	queue->ring[queue->head & queue->mask] = (struct queue_block *)b;
	__atomic_store_n(&queue->head, queue->head + 1, __ATOMIC_RELEASE);
	queue->at = NULL;
	sem_post(queue->ready);
}

int sink_queue_grow(struct sink_queue *queue, bool docs)
{
	struct queue_block *block = (struct queue_block *)queue->at;
	struct sink_block *b = &block->b;
	size_t size = docs ? b->max_docs * sizeof(*b->docs) : b->size;

	if (size >= SINK_QUEUE_BLOCK_MAX)
		return -EFBIG;
	void *more = malloc(2 * size);
	if (!more)
		return -ENOMEM;
	if (docs) {
		if (b->docs != block->base_docs)
			free(b->docs);
		b->docs = more;
		b->max_docs *= 2;
	} else {
		if (b->data != block->base)
			free(b->data);
		b->data = more;
		b->size *= 2;
	}
	return 0;
}

void sink_queue_close(struct sink_queue *queue)
{
	sink_queue_enqueue(queue);
	__atomic_store_n(&queue->closed, true, __ATOMIC_RELEASE);
	sem_post(queue->ready);
}

struct sink_block *sink_queue_dequeue(struct sink_queue *queue)
{
	if (queue->tail == __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE))
		return NULL;
	struct queue_block *block = queue->ring[queue->tail & queue->mask];
	__atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
	return &block->b;
}

void sink_queue_release(struct sink_block *b)
{
	struct queue_block *block = (struct queue_block *)b;
	struct sink_queue *queue = block->queue;

	shrink_block(queue, block);
	block->next = __atomic_load_n(&queue->free, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
		&queue->free, &block->next, block, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

bool sink_queue_is_drained(const struct sink_queue *queue)
{
	return __atomic_load_n(&queue->closed, __ATOMIC_ACQUIRE) &&
	       queue->tail == __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE);
}
