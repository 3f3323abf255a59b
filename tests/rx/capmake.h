/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files made by hand, in either byte order, for the tests of rx/capfile and rx/feed. */
#ifndef TESTS_RX_CAPMAKE_H
#define TESTS_RX_CAPMAKE_H

#include "base/bits.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct capmake {
	uint8_t *octets;
	size_t len, capacity;
	bool other; /* write in the other byte order than this machine's */
};

static inline struct capmake capmake_of(size_t capacity, bool other)
{
	struct capmake m = {.octets = malloc(capacity), .capacity = capacity, .other = other};

	CU_ASSERT_PTR_NOT_NULL_FATAL(m.octets);
	return m;
}

static inline void capmake_free(struct capmake *m)
{
	free(m->octets);
	m->octets = NULL;
}

static inline void put_octets(struct capmake *m, const void *p, size_t n)
{
	CU_ASSERT_FATAL(m->capacity - m->len >= n);
	memcpy(m->octets + m->len, p, n);
	m->len += n;
}

/* n octets counting up from `first`. */
static inline void put_run(struct capmake *m, unsigned first, size_t n)
{
	CU_ASSERT_FATAL(m->capacity - m->len >= n);
	for (size_t i = 0; i < n; i++)
		m->octets[m->len++] = (uint8_t)(first + i);
}

static inline void put_u16(struct capmake *m, uint16_t v)
{
	v = m->other ? __builtin_bswap16(v) : v;
	put_octets(m, &v, sizeof(v));
}

static inline void put_u32(struct capmake *m, uint32_t v)
{
	v = m->other ? __builtin_bswap32(v) : v;
	put_octets(m, &v, sizeof(v));
}

static inline void put_u64(struct capmake *m, uint64_t v)
{
	v = m->other ? __builtin_bswap64(v) : v;
	put_octets(m, &v, sizeof(v));
}

/* --- classic pcap --- */

static inline void put_file_head(
	struct capmake *m, uint32_t magic, uint16_t major, uint16_t minor, uint32_t link)
{
	put_u32(m, magic);
	put_u16(m, major);
	put_u16(m, minor);
	put_u64(m, 0);
	put_u32(m, 65535);
	put_u32(m, link);
}

/* A record header with its third and fourth word as given, without a frame. */
static inline void put_record_head(
	struct capmake *m, uint32_t s, uint32_t fraction, uint32_t third, uint32_t fourth)
{
	put_u32(m, s);
	put_u32(m, fraction);
	put_u32(m, third);
	put_u32(m, fourth);
}

/* A whole record whose frame counts up from `first`. */
static inline void put_record(struct capmake *m, uint32_t s, uint32_t fraction, unsigned first,
	uint32_t cap_len, uint32_t wire_len)
{
	put_record_head(m, s, fraction, cap_len, wire_len);
	put_run(m, first, cap_len);
}

/* --- pcapng: a block is begun, filled, and ended where its length becomes known --- */

static inline size_t put_block(struct capmake *m, uint32_t type)
{
	size_t start = m->len;

	put_u32(m, type);
	put_u32(m, 0);
	return start;
}

static inline void put_block_end(struct capmake *m, size_t start)
{
	while ((m->len - start) % 4)
		put_octets(m, "", 1);
	uint32_t len = (uint32_t)(m->len - start + 4);
	put_u32(m, len);
	memcpy(m->octets + start + 4, m->octets + m->len - 4, 4);
}

static inline void put_option(struct capmake *m, uint16_t code, const void *value, uint16_t len)
{
	put_u16(m, code);
	put_u16(m, len);
	put_octets(m, value, len);
	put_octets(m, "\0\0\0", (4 - len % 4) % 4);
}

static inline void put_section(struct capmake *m, uint16_t major, uint16_t minor, uint64_t len)
{
	size_t b = put_block(m, 0x0a0d0d0a);

	put_u32(m, 0x1a2b3c4d);
	put_u16(m, major);
	put_u16(m, minor);
	put_u64(m, len);
	put_option(m, 3, "test", 4);
	put_block_end(m, b);
}

/* An interface whose resolution is given as the option holds it; 6 is the default. */
static inline void put_interface(
	struct capmake *m, uint16_t link, uint32_t snaplen, uint8_t resolution)
{
	size_t b = put_block(m, 1);

	put_u16(m, link);
	put_u16(m, 0);
	put_u32(m, snaplen);
	if (resolution != 6) {
		put_option(m, 2, "eth0", 4);
		put_option(m, 9, &resolution, 1);
		put_option(m, 0, "", 0);
	}
	put_block_end(m, b);
}

/* An Enhanced Packet Block without options. */
static inline void put_packet(struct capmake *m, uint32_t interface, uint64_t ticks, unsigned first,
	uint32_t cap_len, uint32_t wire_len)
{
	size_t b = put_block(m, 6);

	put_u32(m, interface);
	put_u32(m, (uint32_t)(ticks >> 32));
	put_u32(m, (uint32_t)ticks);
	put_u32(m, cap_len);
	put_u32(m, wire_len);
	put_run(m, first, cap_len);
	put_block_end(m, b);
}

/* A Simple Packet Block. */
static inline void put_simple(
	struct capmake *m, unsigned first, uint32_t cap_len, uint32_t wire_len)
{
	size_t b = put_block(m, 3);

	put_u32(m, wire_len);
	put_run(m, first, cap_len);
	put_block_end(m, b);
}

/* A Packet Block. */
static inline void put_obsolete(struct capmake *m, uint16_t interface, uint64_t ticks,
	unsigned first, uint32_t cap_len, uint32_t wire_len)
{
	size_t b = put_block(m, 2);

	put_u16(m, interface);
	put_u16(m, 0xffff);
	put_u32(m, (uint32_t)(ticks >> 32));
	put_u32(m, (uint32_t)ticks);
	put_u32(m, cap_len);
	put_u32(m, wire_len);
	put_run(m, first, cap_len);
	put_block_end(m, b);
}

/* Any other block. */
static inline void put_unknown(struct capmake *m, uint32_t type, size_t len)
{
	size_t b = put_block(m, type);

	put_run(m, 0, len);
	put_block_end(m, b);
}

/* Writes the capture to a memfd and the path of that to `path`. Returns the descriptor, which the
 * caller closes. */
static inline int capmake_memfd(const struct capmake *m, char path[32])
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(write(fd, m->octets, m->len), (ssize_t)m->len);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
