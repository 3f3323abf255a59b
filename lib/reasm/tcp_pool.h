/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers for octets that cannot be used yet: chunks of one size from one pool of the worker. The
 * buffered octets of a stream are its window: one chunk that says which octets have arrived and
 * where, and data chunks (pages), each for the sequence numbers from a multiple of its size on.
 * Windows form a list by their latest use: if the pool is empty, the one unused longest is evicted.
 */
#ifndef REASM_TCP_POOL_H
#define REASM_TCP_POOL_H

#include "base/agelist.h"
#include "packet/packet.h"
#include "reasm/tcp_ranges.h"

#define TCP_CHUNK 2048 /* octets; a power of two */
#define TCP_PAGES 256 /* data chunks of a window; a power of two */

/* A window may span no more: its ends must not meet in the ring of pages. */
#define TCP_WINDOW_MAX ((TCP_PAGES - 1) * TCP_CHUNK)

struct tcp_stream;

struct tcp_window {
	struct agelink age;
	struct tcp_stream *stream; /* its owner */
	uint32_t pages; /* of page[], that are not 0 */
	struct tcp_ranges ranges;
	struct pkt pkt; /* a segment of the stream, without its payload */
	uint32_t page[TCP_PAGES]; /* chunks, by sequence number; 0: none */
};

_Static_assert(sizeof(struct tcp_window) <= TCP_CHUNK, "a window's head is a chunk");

struct tcp_pool {
	uint8_t *chunks; /* numbered from 1; 0 means none */
	uint32_t capacity;
	uint32_t high_water; /* the highest chunk ever used: memory behind it was never touched */
	uint32_t free; /* the chunk that was released last; it holds the next */
	uint32_t used;
	struct agelist windows; /* by latest use */
};

static inline size_t tcp_pool_bytes(uint32_t capacity)
{
	return ((size_t)capacity + 1) * TCP_CHUNK;
}

/* Starts a pool in zeroed memory of tcp_pool_bytes(), aligned to a cache line. */
void tcp_pool_init(struct tcp_pool *pool, void *memory, uint32_t capacity);

static inline struct tcp_window *tcp_window_at(const struct tcp_pool *pool, uint32_t window)
{
	return (struct tcp_window *)(void *)(pool->chunks + (size_t)window * TCP_CHUNK);
}

/*
 * Opens an empty window, as the youngest. Its pkt is a copy without the payload. Returns 0 if no
 * chunk is free.
 */
uint32_t tcp_window_open(struct tcp_pool *pool, struct tcp_stream *stream, const struct pkt *pkt);

/* Releases all chunks of a window. */
void tcp_window_close(struct tcp_pool *pool, uint32_t window);

/* Makes a window the youngest. */
void tcp_window_touch(struct tcp_pool *pool, uint32_t window);

/* True if the pool has the chunks that a write needs. */
bool tcp_window_has_space(const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t len);

/* Stores octets. tcp_window_has_space() must be true, and no stored octet TCP_WINDOW_MAX away. */
void tcp_window_write(
	struct tcp_pool *pool, uint32_t window, uint32_t seq, const uint8_t *data, uint32_t len);

/* True if stored octets differ from these. */
bool tcp_window_differs(const struct tcp_pool *pool, uint32_t window, uint32_t seq,
	const uint8_t *data, uint32_t len);

/* Returns where a stored octet is; sets *part to the octets from there to the end of its page. */
const uint8_t *tcp_window_view(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t *part);

/* Copies stored octets. */
void tcp_window_read(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint8_t *to, uint32_t len);

/* Releases the pages that hold only octets of [from, end). */
void tcp_window_release(struct tcp_pool *pool, uint32_t window, uint32_t from, uint32_t end);

#endif
