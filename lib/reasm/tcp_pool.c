/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_pool.h"

void tcp_pool_init(struct tcp_pool *pool, void *memory, uint32_t capacity)
{
	*pool = (struct tcp_pool){.chunks = memory, .capacity = capacity};
}

static uint8_t *chunk_at(const struct tcp_pool *pool, uint32_t chunk)
{
	return pool->chunks + (size_t)chunk * TCP_CHUNK;
}

static uint32_t chunk_alloc(struct tcp_pool *pool)
{
	uint32_t chunk = pool->free;
	if (chunk)
		memcpy(&pool->free, chunk_at(pool, chunk), sizeof(pool->free));
	else if (pool->high_water < pool->capacity)
		chunk = ++pool->high_water;
	else
		return 0;
	pool->used++;
	return chunk;
}

static void chunk_release(struct tcp_pool *pool, uint32_t chunk)
{
	memcpy(chunk_at(pool, chunk), &pool->free, sizeof(pool->free));
	pool->free = chunk;
	pool->used--;
}

static struct agelinks ages(const struct tcp_pool *pool)
{
	return (struct agelinks){&tcp_window_at(pool, 0)->age, TCP_CHUNK};
}

uint32_t tcp_window_open(struct tcp_pool *pool, struct tcp_stream *stream, const struct pkt *pkt)
{
	uint32_t window = chunk_alloc(pool);
	if (window == 0)
		return 0;
	struct tcp_window *w = tcp_window_at(pool, window);
	w->stream = stream;
	w->ranges.count = w->ranges.loose = 0;
	w->pages = 0;
	w->pkt = *pkt;
	w->pkt.payload = NULL;
	w->pkt.len = w->pkt.wire_len = 0;
	memset(w->page, 0, sizeof(w->page));
	agelist_append(&pool->windows, ages(pool), window);
	return window;
}

void tcp_window_close(struct tcp_pool *pool, uint32_t window)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t at = w->ranges.count ? w->ranges.at[0].from / TCP_CHUNK : 0;
	for (; w->pages > 0; at++) {
		uint32_t page = w->page[at % TCP_PAGES];
		if (page) {
			chunk_release(pool, page);
			w->pages--;
		}
	}
	agelist_remove(&pool->windows, ages(pool), window);
	chunk_release(pool, window);
}

void tcp_window_touch(struct tcp_pool *pool, uint32_t window)
{
	if (pool->windows.youngest == window)
		return;
	agelist_remove(&pool->windows, ages(pool), window);
	agelist_append(&pool->windows, ages(pool), window);
}

static uint32_t *page_of(struct tcp_window *w, uint32_t seq)
{
	return &w->page[seq / TCP_CHUNK % TCP_PAGES];
}

/* Returns how many of len octets from seq on are in one page. */
static uint32_t page_part(uint32_t seq, uint32_t len)
{
	uint32_t part = TCP_CHUNK - seq % TCP_CHUNK;
	return part < len ? part : len;
}

bool tcp_window_has_space(const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t len)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t free = pool->capacity - pool->used, part;
	for (; len > 0; seq += part, len -= part) {
		part = page_part(seq, len);
		if (*page_of(w, seq) == 0 && free-- == 0)
			return false;
	}
	return true;
}

void tcp_window_write(
	struct tcp_pool *pool, uint32_t window, uint32_t seq, const uint8_t *data, uint32_t len)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t part;
	for (; len > 0; seq += part, data += part, len -= part) {
		uint32_t *page = page_of(w, seq);
		if (*page == 0) {
			*page = chunk_alloc(pool);
			w->pages++;
		}
		part = page_part(seq, len);
		memcpy(chunk_at(pool, *page) + seq % TCP_CHUNK, data, part);
	}
}

bool tcp_window_differs(const struct tcp_pool *pool, uint32_t window, uint32_t seq,
	const uint8_t *data, uint32_t len)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t part;
	for (; len > 0; seq += part, data += part, len -= part) {
		part = page_part(seq, len);
		const uint8_t *at = chunk_at(pool, *page_of(w, seq)) + seq % TCP_CHUNK;
		if (memcmp(at, data, part) != 0)
			return true;
	}
	return false;
}

const uint8_t *tcp_window_view(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint32_t *part)
{
	*part = page_part(seq, TCP_CHUNK);
	return chunk_at(pool, *page_of(tcp_window_at(pool, window), seq)) + seq % TCP_CHUNK;
}

void tcp_window_read(
	const struct tcp_pool *pool, uint32_t window, uint32_t seq, uint8_t *to, uint32_t len)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t part;
	for (; len > 0; seq += part, to += part, len -= part) {
		part = page_part(seq, len);
		memcpy(to, chunk_at(pool, *page_of(w, seq)) + seq % TCP_CHUNK, part);
	}
}

void tcp_window_release(struct tcp_pool *pool, uint32_t window, uint32_t from, uint32_t end)
{
	struct tcp_window *w = tcp_window_at(pool, window);
	uint32_t first = from / TCP_CHUNK, last = end / TCP_CHUNK;
	uint32_t pages = (last - first) % (UINT32_MAX / TCP_CHUNK + 1);
	for (uint32_t i = 0; i < pages && i < TCP_PAGES; i++) {
		uint32_t *page = &w->page[(first + i) % TCP_PAGES];
		if (*page) {
			chunk_release(pool, *page);
			*page = 0;
			w->pages--;
		}
	}
}
