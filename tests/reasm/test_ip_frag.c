/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/ip_frag.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void test_reasm_ip_frag(void);

#define MS INT64_C(1000000)
#define DATAGRAMS 16

static struct {
	struct ip_frag table;
	struct metrics_reasm metrics;
	void *memory;
	int64_t now_ns;
} x;

static void begin(void)
{
	struct ip_frag_conf conf = {.max_datagrams = DATAGRAMS, .timeout_ns = 1000 * MS};
	struct hash_secret secret = hash_fixed(3);
	free(x.memory);
	memset(&x, 0, sizeof(x));
	x.memory = aligned_alloc(64, (ip_frag_bytes(&conf) + 63) & ~(size_t)63);
	memset(x.memory, 0, ip_frag_bytes(&conf));
	ip_frag_init(&x.table, x.memory, &conf, &secret, &x.metrics);
}

static uint8_t octet_of(uint32_t id, uint32_t i)
{
	return (uint8_t)(i * 31 + i / 251 + id);
}

/* Adds a fragment of the datagram `id` of `total` octets; its memory ends at a guard page. */
static bool add_fragment(
	uint32_t id, uint32_t offset, uint32_t len, uint32_t total, struct frame *whole)
{
	static uint8_t content[65536];
	for (uint32_t i = 0; i < len; i++)
		content[i] = octet_of(id, offset + i);
	uint8_t *payload = guard_copy(content, len);
	struct pkt pkt = {.payload = payload,
		.len = len,
		.wire_len = len,
		.ts_ns = x.now_ns,
		.clock_ns = x.now_ns,
		.frag_id = id,
		.frag_offset = (uint16_t)offset,
		.frag_more = offset + len < total,
		.frag_proto = 17,
		.vlans = 1,
		.vlan = {42}};
	pkt.addrs.octets[ADDR_SRC][15] = 1;
	pkt.addrs.octets[ADDR_DST][15] = 2;
	bool done = ip_frag_process(&x.table, &pkt, whole);
	guard_free(payload, len);
	return done;
}

static void check_whole(const struct frame *whole, uint32_t id, uint32_t total)
{
	const struct packet_datagram *head = (const struct packet_datagram *)whole->data;
	CU_ASSERT_EQUAL_FATAL(whole->len, sizeof(*head) + total);
	CU_ASSERT_EQUAL(whole->wire_len, whole->len);
	CU_ASSERT_EQUAL(whole->link_type, FRAME_LINK_DATAGRAM);
	CU_ASSERT_EQUAL(whole->ts_ns, x.now_ns);
	CU_ASSERT(head->proto == 17 && head->vlans == 1 && head->vlan[0] == 42);
	const uint8_t *payload = (const uint8_t *)(head + 1);
	uint32_t wrong = 0;
	for (uint32_t i = 0; i < total; i++)
		wrong += payload[i] != octet_of(id, i);
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Fragments of `size` octets in random order: the last of them completes the datagram. */
static void in_any_order(void)
{
	static const uint32_t totals[] = {9, 24, 1473, 4000, 65000, 65535};
	for (unsigned seed = 0; seed < 40; seed++) {
		begin();
		srand(seed);
		uint32_t total = totals[seed % BITS_COUNT(totals)], size = seed % 2 ? 1480 : 8;
		if (total > 4000)
			size = 1480;
		uint32_t n = (total + size - 1) / size, order[600];
		CU_ASSERT_FATAL(n <= BITS_COUNT(order));
		for (uint32_t i = 0; i < n; i++)
			order[i] = i;
		for (uint32_t i = n - 1; i > 0 && seed; i--) {
			uint32_t k = (uint32_t)rand() % (i + 1), held = order[i];
			order[i] = order[k];
			order[k] = held;
		}
		struct frame whole = {0};
		for (uint32_t i = 0; i < n; i++) {
			uint32_t at = order[i] * size, len = total - at < size ? total - at : size;
			bool done = add_fragment(seed, at, len, total, &whole);
			CU_ASSERT_EQUAL(done, i == n - 1);
			if (!done && seed % 3 == 0) /* a duplicate changes nothing */
				CU_ASSERT_FALSE(add_fragment(seed, at, len, total, &whole));
		}
		check_whole(&whole, seed, total);
		CU_ASSERT_EQUAL(x.metrics.frag_whole, 1);
		CU_ASSERT_EQUAL(x.metrics.frag_overlapped, 0);
		ip_frag_recycle(&x.table);
		CU_ASSERT_EQUAL(x.table.ages.oldest, 0);
	}
}

/* The datagram has the time of its latest fragment, not of the one that was added last. */
static void times(void)
{
	struct frame whole = {0};
	begin();
	x.now_ns = 50 * MS;
	CU_ASSERT_FALSE(add_fragment(1, 16, 16, 48, &whole));
	x.now_ns = 20 * MS;
	CU_ASSERT_FALSE(add_fragment(1, 32, 16, 48, &whole));
	x.now_ns = 30 * MS;
	CU_ASSERT(add_fragment(1, 0, 16, 48, &whole));
	CU_ASSERT_EQUAL(whole.ts_ns, 50 * MS);
	CU_ASSERT_EQUAL(whole.clock_ns, 50 * MS);
}

/* After ip_frag_finish(): nothing is left, and each datagram is counted once. */
static void check_books(void)
{
	const struct metrics_reasm *m = &x.metrics;
	ip_frag_recycle(&x.table);
	ip_frag_finish(&x.table);
	CU_ASSERT_EQUAL(x.table.ages.oldest, 0);
	CU_ASSERT_EQUAL(m->frag_started, m->frag_whole + m->frag_overlapped + m->frag_timeouts +
						 m->frag_evicted + m->frag_incomplete +
						 m->frag_unfinished);
}

/* RFC 5722: an overlap discards the datagram. */
static void overlaps(void)
{
	struct frame whole = {0};
	begin();
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 48, &whole));
	CU_ASSERT_FALSE(add_fragment(1, 8, 16, 48, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_overlapped, 1);
	CU_ASSERT_EQUAL(x.table.ages.oldest, 0);
	/* The same identification begins a new datagram. */
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 48, &whole));
	CU_ASSERT(add_fragment(1, 16, 32, 48, &whole));
	check_whole(&whole, 1, 48);
	/* A fragment beyond the end of the datagram; a second last fragment. */
	CU_ASSERT_FALSE(add_fragment(1, 16, 8, 24, &whole));
	CU_ASSERT_FALSE(add_fragment(1, 24, 8, 64, &whole));
	CU_ASSERT_FALSE(add_fragment(2, 16, 8, 24, &whole));
	CU_ASSERT_FALSE(add_fragment(2, 24, 8, 32, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_overlapped, 3);
	CU_ASSERT_EQUAL(x.metrics.frag_whole, 1);
	check_books();
}

/* RFC 8200 erratum 3089: a duplicate fragment is no overlap, whatever octets it has. */
static void conflicts(void)
{
	struct frame whole = {0};
	begin();
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 48, &whole));
	CU_ASSERT_FALSE(add_fragment(1, 16, 16, 48, &whole));
	struct pkt forged = {.payload = (const uint8_t *)"forgery!forgery!",
		.len = 16,
		.wire_len = 16,
		.frag_id = 1,
		.frag_offset = 8, /* of two that were received */
		.frag_more = 1,
		.frag_proto = 17};
	forged.addrs.octets[ADDR_SRC][15] = 1;
	forged.addrs.octets[ADDR_DST][15] = 2;
	CU_ASSERT_FALSE(ip_frag_process(&x.table, &forged, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_conflicts, 1);
	CU_ASSERT(add_fragment(1, 32, 16, 48, &whole));
	check_whole(&whole, 1, 48);
	check_books();
}

/* Equal addresses and identifications in two networks. */
static void networks(void)
{
	struct frame whole = {0};
	struct pkt other = {.payload = (const uint8_t *)"other network...",
		.len = 16,
		.wire_len = 16,
		.realm = 1,
		.frag_id = 1,
		.frag_more = 1,
		.frag_proto = 17};
	begin();
	other.addrs.octets[ADDR_SRC][15] = 1;
	other.addrs.octets[ADDR_DST][15] = 2;
	CU_ASSERT_FALSE(ip_frag_process(&x.table, &other, &whole));
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 32, &whole));
	CU_ASSERT(add_fragment(1, 16, 16, 32, &whole));
	check_whole(&whole, 1, 32);
	check_books();
	CU_ASSERT_EQUAL(x.metrics.frag_unfinished, 1);
}

static void impossible(void)
{
	struct frame whole = {0};
	begin();
	CU_ASSERT_FALSE(
		add_fragment(1, 0, 13, 48, &whole)); /* not the last, and no multiple of eight */
	CU_ASSERT_FALSE(add_fragment(1, 65528, 8, 65536, &whole)); /* ends behind 65,535 */
	CU_ASSERT_FALSE(add_fragment(1, 8, 0, 8, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_bad, 3);
	CU_ASSERT_EQUAL(x.metrics.frag_started, 0);
}

static void timeouts(void)
{
	struct frame whole = {0};
	begin();
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 32, &whole));
	x.now_ns += 1000 * MS;
	CU_ASSERT_EQUAL(ip_frag_expire(&x.table, x.now_ns, 8), 0);
	x.now_ns += 1;
	/* The rest is too late: it begins another datagram. */
	CU_ASSERT_FALSE(add_fragment(1, 16, 16, 32, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_timeouts, 1);
	CU_ASSERT_EQUAL(x.metrics.frag_started, 2);
	x.now_ns += 1001 * MS;
	CU_ASSERT_EQUAL(ip_frag_expire(&x.table, x.now_ns, 8), 1);
	CU_ASSERT_EQUAL(x.metrics.frag_timeouts, 2);
	CU_ASSERT_EQUAL(x.table.ages.oldest, 0);
}

/* A flood of first fragments evicts the oldest, counted; the youngest are still reassembled. */
static void flood(void)
{
	struct frame whole = {0};
	begin();
	for (uint32_t id = 0; id < 10000; id++)
		CU_ASSERT_FALSE(add_fragment(id, 0, 16, 32, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_started, 10000);
	CU_ASSERT_EQUAL(x.metrics.frag_evicted, 10000 - DATAGRAMS);
	for (uint32_t id = 10000 - DATAGRAMS; id < 10000; id++) {
		CU_ASSERT(add_fragment(id, 16, 16, 32, &whole));
		check_whole(&whole, id, 32);
	}
	/* Datagrams that were handed out hold all slots: a new one is refused until they are
	 * released. */
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 32, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_bad, 1);
	ip_frag_recycle(&x.table);
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 32, &whole));
	CU_ASSERT(add_fragment(1, 16, 16, 32, &whole));
	check_whole(&whole, 1, 32);
}

/* A datagram whose first fragment is truncated by the capture is handed out at once. */
static void cut_by_capture(void)
{
	uint8_t content[64] = {1, 2, 3};
	struct pkt pkt = {.payload = content,
		.len = 40,
		.wire_len = 64,
		.frag_id = 7,
		.frag_more = 1,
		.frag_proto = 17,
		.addrs.family = ADDR_IPV6};
	struct frame whole = {0};
	begin();
	CU_ASSERT(ip_frag_process(&x.table, &pkt, &whole));
	CU_ASSERT_EQUAL(whole.len, sizeof(struct packet_datagram) + 40);
	CU_ASSERT(whole.wire_len > whole.len + 24);
	CU_ASSERT_EQUAL(memcmp(whole.data + sizeof(struct packet_datagram), content, 40), 0);
	pkt.frag_offset = 64;
	pkt.frag_more = 0;
	CU_ASSERT_FALSE(ip_frag_process(&x.table, &pkt, &whole));
	CU_ASSERT_EQUAL(x.metrics.frag_cut, 2);
}

/* Addresses, identification, family and, in IPv4, the protocol tell datagrams apart. */
static void keys(void)
{
	struct frame whole = {0};
	begin();
	CU_ASSERT_FALSE(add_fragment(1, 0, 16, 32, &whole));
	struct pkt other = {.payload = (const uint8_t *)"0123456789abcdef",
		.len = 16,
		.wire_len = 16,
		.frag_id = 1,
		.frag_offset = 16,
		.frag_proto = 17};
	other.addrs.octets[ADDR_SRC][15] = 1;
	other.addrs.octets[ADDR_DST][15] = 2;
	for (int i = 0; i < 5; i++) {
		struct pkt pkt = other;
		pkt.addrs.octets[ADDR_SRC][0] ^= i == 0;
		pkt.addrs.octets[ADDR_DST][0] ^= i == 1;
		pkt.frag_id += i == 2;
		pkt.addrs.family ^= i == 3;
		pkt.frag_proto = i == 4 ? 6 : 17;
		CU_ASSERT_FALSE(ip_frag_process(&x.table, &pkt, &whole));
	}
	CU_ASSERT_EQUAL(x.metrics.frag_started, 6);
	CU_ASSERT(ip_frag_process(&x.table, &other, &whole));
}

void test_reasm_ip_frag(void)
{
	CU_pSuite s = CU_add_suite("reasm/ip_frag", NULL, NULL);
	CU_add_test(s, "in any order", in_any_order);
	CU_add_test(s, "times", times);
	CU_add_test(s, "overlaps", overlaps);
	CU_add_test(s, "duplicates", conflicts);
	CU_add_test(s, "networks with the same addresses", networks);
	CU_add_test(s, "impossible", impossible);
	CU_add_test(s, "timeouts", timeouts);
	CU_add_test(s, "flood", flood);
	CU_add_test(s, "truncated by the capture", cut_by_capture);
	CU_add_test(s, "keys", keys);
}
