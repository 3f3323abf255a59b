/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for octets that wait: chunks of one size from one pool of the worker. What waits of one
 * stream is a window: one chunk that says which octets have arrived and where, and data chunks,
 * each for the stretch of sequence numbers that begins at a multiple of its size. Windows form a
 * list by their latest use, because the one that rests longest gives way when the pool is empty.
 */
#ifndef REASM_TCP_POOL_H
#define REASM_TCP_POOL_H

#include "packet/packet.h"
#include "reasm/ranges.h"

#define TCP_CHUNK 2048 /* octets; a power of two */
#define TCP_PAGES 256 /* data chunks of a window; a power of two */

/* A window may span no more: its ends must not meet in the ring of pages. */
#define TCP_WINDOW_MAX ((TCP_PAGES - 1) * TCP_CHUNK)

struct tcp_stream;

struct tcp_window {
	uint32_t older, younger; /* windows */
	struct tcp_stream *stream; /* whose it is */
	uint32_t pages; /* that are not 0 */
	struct ranges ranges;
	struct pkt pkt; /* a segment of the stream, without its payload */
	uint32_t page[TCP_PAGES]; /* chunk of a sequence number; 0: none */
};

_Static_assert(sizeof(struct tcp_window) <= TCP_CHUNK, "a window's head is a chunk");

struct tcp_pool {
	uint8_t *chunks; /* numbered from 1; 0 means none */
	uint32_t capacity;
	uint32_t virgin; /* the last that was ever used: no memory is touched before its time */
	uint32_t free; /* list of returned chunks */
	uint32_t used;
	uint32_t oldest, youngest; /* windows */
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

/* An empty window, the youngest, or 0 where the pool has no chunk left. */
uint32_t tcp_window_open(struct tcp_pool *pool, struct tcp_stream *stream, const struct pkt *pkt);

/* Returns all chunks of a window. */
void tcp_window_close(struct tcp_pool *pool, uint32_t window);

/* Makes a window the youngest. */
void tcp_window_touch(struct tcp_pool *pool, uint32_t window);

/* Has the pool the chunks that a write would need? */
bool tcp_window_has_room(const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t len);

/* Stores octets; tcp_window_has_room() said yes, and no stored octet is TCP_WINDOW_MAX away. */
void tcp_window_write(
	struct tcp_pool *pool, uint32_t window, uint32_t seq, const uint8_t *data, uint32_t len);

/* Do stored octets differ from these? */
bool tcp_window_differs(const struct tcp_pool *pool, uint32_t window, uint32_t seq,
	const uint8_t *data, uint32_t len);

/* Where an octet that was stored stands; *part: octets from there to the end of its page. */
const uint8_t *tcp_window_at_hand(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t *part);

/* Copies octets that were stored. */
void tcp_window_read(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint8_t *to, uint32_t len);

/* Returns the chunks of the octets from `from` up to and without `upto` that hold no others. */
void tcp_window_release(struct tcp_pool *pool, uint32_t window, uint32_t from, uint32_t upto);

#endif
