/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/rss.h"

#include "base/addr.h"

#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <rte_thash.h>
#include <stdlib.h>

void test_rx_rss(void);

/* What a NIC computes over two addresses with our key of 40 octets: DPDK's own Toeplitz. */
static uint32_t toeplitz(const uint8_t *src, const uint8_t *dst, unsigned octets)
{
	uint8_t key[52];
	uint32_t tuple[8];
	rss_key(key, sizeof(key));
	for (unsigned i = 0; i < octets / 4; i++) {
		uint32_t s, d;
		memcpy(&s, src + 4 * i, 4);
		memcpy(&d, dst + 4 * i, 4);
		tuple[i] = ntohl(s);
		tuple[octets / 4 + i] = ntohl(d);
	}
	return rte_softrss(tuple, octets / 2, key);
}

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rand();
}

static void test_toeplitz(void)
{
	struct rss r;
	rss_init(&r, 128, 4);
	srand(1);
	for (int i = 0; i < 20000; i++) {
		uint8_t src[16], dst[16];
		fill(src, 16);
		fill(dst, 16);
		uint16_t half = rss_hash(&r, src, dst);
		CU_ASSERT_EQUAL(toeplitz(src, dst, 16), (uint32_t)half << 16 | half);
		CU_ASSERT_EQUAL(half, rss_hash(&r, dst, src));
		struct addr a = addr_of_v4(src), b = addr_of_v4(dst);
		half = rss_hash(&r, a.octets, b.octets);
		CU_ASSERT_EQUAL(toeplitz(src, dst, 4), (uint32_t)half << 16 | half);
		CU_ASSERT_EQUAL(half, rss_hash(&r, b.octets, a.octets));
	}
}

/* Microsoft's published vector for its own key says that toeplitz() above is Toeplitz. */
static void test_vector(void)
{
	static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
		0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
		0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac,
		0x01, 0xfa};
	uint32_t tuple[2] = {0x420995bb, 0xa18e6450}; /* 66.9.149.187, 161.142.100.80 */
	CU_ASSERT_EQUAL(rte_softrss(tuple, 2, key), 0x323e8fc2);
}

static void test_key(void)
{
	uint8_t key[52];
	rss_key(key, 52);
	for (int i = 0; i < 52; i += 2)
		CU_ASSERT_TRUE(key[i] == 0x6d && key[i + 1] == 0x5a);
}

/* Tables of all sizes lead the same pair to the same queue, and each queue gets its share. */
static void test_reta(void)
{
	static const uint16_t sizes[] = {64, 128, 256, 512, 2048};
	for (uint16_t queues = 1; queues <= 16; queues++) {
		struct rss r;
		unsigned share[16] = {0};
		rss_init(&r, 64, queues);
		for (unsigned i = 0; i < 64; i++)
			share[rss_reta(&r, (uint16_t)i)]++;
		for (unsigned q = 0; q < queues; q++)
			CU_ASSERT_TRUE(share[q] >= 64u / queues && share[q] <= 64u / queues + 1);
		for (int i = 0; i < 1000; i++) {
			uint8_t src[16], dst[16];
			fill(src, 16);
			fill(dst, 16);
			uint16_t hash = rss_hash(&r, src, dst), owner = rss_owner(&r, src, dst);
			for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
				CU_ASSERT_EQUAL(rss_reta(&r, hash & (sizes[k] - 1)), owner);
		}
	}
}

void test_rx_rss(void)
{
	CU_pSuite s = CU_add_suite("rx/rss", NULL, NULL);

	CU_add_test(s, "the hash in software is Toeplitz with our key", test_toeplitz);
	CU_add_test(s, "vector", test_vector);
	CU_add_test(s, "key", test_key);
	CU_add_test(s, "redirection", test_reta);
}
