/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack.h"

#include "rx/unpack_inner.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if UNPACK_WITH_BZIP2
#include <bzlib.h>
#endif
#if UNPACK_WITH_LZ4
#include <lz4frame.h>
#endif
#if UNPACK_WITH_XZ
#include <lzma.h>
#endif
#if UNPACK_WITH_ZSTD
#include <zstd.h>
#endif

void test_rx_unpack(void);

#define PLAIN 30000
#define PACKED_MAX (4 * PLAIN)
#define LONGEST (64u << 20)

/* Octets that come in pieces of `piece`. */
struct packed {
	uint8_t octets[PACKED_MAX];
	size_t len, at, piece;
	int error; /* at the end, instead of an end */
};

static uint8_t plain[PLAIN];
static uint8_t got[2 * PLAIN + 1];
static struct packed packed;
static struct unpack u;

static ssize_t read_packed(void *source, void *to, size_t n)
{
	struct packed *p = source;
	size_t left = p->len - p->at;

	n = n < left ? n : left;
	n = n < p->piece ? n : p->piece;
	if (left == 0 && p->error)
		return p->error;
	memcpy(to, p->octets + p->at, n);
	p->at += n;
	return (ssize_t)n;
}

typedef size_t pack_fn(uint8_t *to, size_t capacity, const uint8_t *from, size_t n);

static size_t pack_gzip(uint8_t *to, size_t capacity, const uint8_t *from, size_t n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
		.avail_in = (uInt)n,
		.next_out = to,
		.avail_out = (uInt)capacity};

	CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	CU_ASSERT_EQUAL_FATAL(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return capacity - z.avail_out;
}

#if UNPACK_WITH_ZSTD
static size_t pack_zstd(uint8_t *to, size_t capacity, const uint8_t *from, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_t len = ZSTD_compress2(c, to, capacity, from, n);
	ZSTD_freeCCtx(c);
	CU_ASSERT_FALSE_FATAL(ZSTD_isError(len));
	return len;
}
#endif

#if UNPACK_WITH_XZ
static size_t pack_xz(uint8_t *to, size_t capacity, const uint8_t *from, size_t n)
{
	size_t len = 0;

	CU_ASSERT_EQUAL_FATAL(
		lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, from, n, to, &len, capacity),
		LZMA_OK);
	return len;
}
#endif

#if UNPACK_WITH_LZ4
static size_t pack_lz4(uint8_t *to, size_t capacity, const uint8_t *from, size_t n)
{
	const LZ4F_preferences_t how = {
		.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
	size_t len = LZ4F_compressFrame(to, capacity, from, n, &how);

	CU_ASSERT_FALSE_FATAL(LZ4F_isError(len));
	return len;
}
#endif

#if UNPACK_WITH_BZIP2
static size_t pack_bzip2(uint8_t *to, size_t capacity, const uint8_t *from, size_t n)
{
	unsigned len = (unsigned)capacity;

	CU_ASSERT_EQUAL_FATAL(BZ2_bzBuffToBuffCompress((char *)to, &len, (char *)(uintptr_t)from,
				      (unsigned)n, 1, 0, 0),
		BZ_OK);
	return len;
}
#endif

static const struct pack {
	const char *name;
	pack_fn *pack;
} packs[] = {
	{"gzip", pack_gzip},
#if UNPACK_WITH_ZSTD
	{"zstd", pack_zstd},
#endif
#if UNPACK_WITH_XZ
	{"xz", pack_xz},
#endif
#if UNPACK_WITH_LZ4
	{"lz4", pack_lz4},
#endif
#if UNPACK_WITH_BZIP2
	{"bzip2", pack_bzip2},
#endif
};

/* Half of it repeats, half of it cannot be compressed. */
static void make_plain(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < PLAIN; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = i / 1000 % 2 ? (uint8_t)(x >> 24) : (uint8_t)(i % 50);
	}
}

static void pack(const struct pack *p, size_t from, size_t to)
{
	packed.len += p->pack(
		packed.octets + packed.len, PACKED_MAX - packed.len, plain + from, to - from);
}

/* Unpacks all, at most n octets at a time. How many into got; *end: 0 or -errno. */
static size_t unpack_all(size_t piece, size_t n, int *end)
{
	size_t len = 0;
	ssize_t r;

	packed.at = 0;
	packed.piece = piece;
	unpack_open(&u, read_packed, &packed);
	do {
		/* What was damaged may be long; its end is enough. */
		size_t at = len < sizeof(got) ? len : PLAIN;
		r = unpack_read(&u, got + at, sizeof(got) - at < n ? sizeof(got) - at : n);
		len += r > 0 ? (size_t)r : 0;
	} while (r > 0 && len < LONGEST);
	*end = (int)r;
	CU_ASSERT_EQUAL(unpack_read(&u, got, 1), r);
	return len;
}

static void expect(size_t len, int end)
{
	static const size_t sizes[][2] = {
		{PACKED_MAX, PACKED_MAX}, {1, PACKED_MAX}, {7, 1}, {1000, 333}};

	for (size_t i = 0; i < BITS_COUNT(sizes); i++) {
		int r;
		CU_ASSERT_EQUAL(unpack_all(sizes[i][0], sizes[i][1], &r), len);
		CU_ASSERT_EQUAL(r, end);
		CU_ASSERT_EQUAL(memcmp(got, plain, len), 0);
		CU_ASSERT_EQUAL(u.why[0] != 0, end != 0);
	}
}

static int start(void)
{
	make_plain();
	return unpack_init(&u);
}

static int end(void)
{
	unpack_free(&u);
	return 0;
}

static void test_whole(void)
{
	for (size_t i = 0; i < BITS_COUNT(packs); i++) {
		packed = (struct packed){0};
		pack(&packs[i], 0, PLAIN);
		expect(PLAIN, 0);
		/* Members, an empty one among them, and zeros behind the last. */
		packed = (struct packed){0};
		pack(&packs[i], 0, 1000);
		pack(&packs[i], 1000, 1000);
		pack(&packs[i], 1000, PLAIN);
		expect(PLAIN, 0);
		packed.len += 512;
		expect(PLAIN, 0);
		memcpy(packed.octets + packed.len, "other things", 12);
		packed.len += 12;
		expect(PLAIN, -EBADMSG);
		CU_ASSERT_PTR_NOT_NULL(strstr(u.why, packs[i].name));
	}
}

static void test_plain(void)
{
	packed = (struct packed){.len = PLAIN};
	memcpy(packed.octets, plain, PLAIN);
	expect(PLAIN, 0);
	for (packed.len = 0; packed.len < 10; packed.len++)
		expect(packed.len, 0);
}

/* What was decoded before the end is there, and no octet of it is another. */
static void test_cuts(void)
{
	for (size_t i = 0; i < BITS_COUNT(packs); i++) {
		size_t border, last = 0;
		packed = (struct packed){0};
		pack(&packs[i], 0, 1500);
		border = packed.len;
		pack(&packs[i], 1500, PLAIN);
		const size_t whole = packed.len;
		for (size_t cut = UNPACK_MAGIC; cut < whole; cut += cut < border + 50 ? 1 : 97) {
			int r;
			packed.len = cut;
			size_t len = unpack_all(PACKED_MAX, 4096, &r);
			CU_ASSERT_EQUAL(r, cut == border ? 0 : -ENODATA);
			CU_ASSERT_EQUAL(memcmp(got, plain, len), 0);
			CU_ASSERT_TRUE(len >= last && (cut < border || len >= 1500));
			last = len;
		}
	}
}

/* Every octet wrong: it ends, with an error or with what the format cannot tell. */
static void test_damage(void)
{
	for (size_t i = 0; i < BITS_COUNT(packs); i++) {
		packed = (struct packed){0};
		pack(&packs[i], 0, PLAIN);
		unsigned unseen = 0;
		for (size_t at = 0; at < packed.len; at += at < 100 ? 1 : 61) {
			for (unsigned bit = 0; bit < 8; bit += 3) {
				int r;
				packed.octets[at] ^= (uint8_t)(1 << bit);
				size_t len = unpack_all(PACKED_MAX, 4096, &r);
				CU_ASSERT_TRUE(r <= 0 && len < LONGEST);
				/* Where its magic is gone it is none. */
				if (r == 0 && at >= UNPACK_MAGIC)
					unseen += len != PLAIN || memcmp(got, plain, PLAIN) != 0;
				packed.octets[at] ^= (uint8_t)(1 << bit);
			}
		}
		CU_ASSERT_EQUAL(unseen, 0);
	}
}

/* An error of the source is returned unchanged. */
static void test_read_error(void)
{
	int r;

	packed = (struct packed){.error = -EIO};
	unpack_all(PACKED_MAX, PACKED_MAX, &r);
	CU_ASSERT_EQUAL(r, -EIO);
	pack(&packs[0], 0, PLAIN);
	packed.len -= 100;
	CU_ASSERT_TRUE(unpack_all(PACKED_MAX, PACKED_MAX, &r) > 0);
	CU_ASSERT_EQUAL(r, -EIO);
	CU_ASSERT_EQUAL(u.why[0], '\0');
}

/* A file cannot require unbounded memory. */
static void test_memory(void)
{
#if UNPACK_WITH_ZSTD
	/* A frame of no size with a window of 2^31. */
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 1, 0, 0};
	packed = (struct packed){.len = sizeof(zstd)};
	memcpy(packed.octets, zstd, sizeof(zstd));
	expect(0, -ENOTSUP);
#endif
#if UNPACK_WITH_XZ
	lzma_options_lzma options;
	lzma_lzma_preset(&options, 0);
	options.dict_size = 1u << 29;
	options.mf = LZMA_MF_HC3;
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t len = 0;
	packed = (struct packed){0};
	CU_ASSERT_EQUAL_FATAL(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain, 100,
				      packed.octets, &len, PACKED_MAX),
		LZMA_OK);
	packed.len = len;
	expect(0, -ENOTSUP);
#endif
}

void test_rx_unpack(void)
{
	CU_pSuite suite = CU_add_suite("rx/unpack", start, end);

	CU_add_test(suite, "whole archives, members, trailing data", test_whole);
	CU_add_test(suite, "what is not compressed", test_plain);
	CU_add_test(suite, "cuts", test_cuts);
	CU_add_test(suite, "damage", test_damage);
	CU_add_test(suite, "errors of reading", test_read_error);
	CU_add_test(suite, "memory", test_memory);
}
