/* SPDX-License-Identifier: BSD-3-Clause */
/* When a tap is found to be half blind, and when that is reported. */
#include "engine/blind.h"

#include <CUnit/CUnit.h>
#include <string.h>

void test_engine_blind(void);

#define SECOND INT64_C(1000000000)

static char buffer[600];

static bool text(const struct metrics_packet *before, const struct metrics_packet *now)
{
	static struct metrics_worker worker;

	struct text t = text_of(buffer, sizeof(buffer) - 1);
	worker.packet = *now;
	bool say = blind_describe(before, &worker, &t);
	*t.at = '\0';
	CU_ASSERT(!t.full);
	return say;
}

static void shares(void)
{
	struct metrics_packet m = {.dns = 800, .other_ethertype = 150, .too_deep = 50};
	CU_ASSERT(text(NULL, &m));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "200 of 1000 packets (20 %)"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "150 other_ethertype: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "; 50 too_deep: raise packet.max_depth;"));
	CU_ASSERT_PTR_NULL(strstr(buffer, "other_link_type"));
	m.dns++; /* less than a fifth */
	CU_ASSERT(!text(NULL, &m));
	m.dns = 799; /* less than 1,000 packets, some of them decoded */
	CU_ASSERT(!text(NULL, &m));
	m.dns = 0; /* none */
	CU_ASSERT(text(NULL, &m));
	m = (struct metrics_packet){.arp = 5};
	CU_ASSERT(!text(NULL, &m));
	m = (struct metrics_packet){.filtered = 100000, .dns = 500, .other_link_type = 600};
	CU_ASSERT(text(NULL, &m));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "600 of 1100 packets (54 %)"));
	m = (struct metrics_packet){0};
	CU_ASSERT(!text(NULL, &m));
	/* the longest text fits */
	m = (struct metrics_packet){.other_ethertype = UINT64_MAX / 400,
		.other_link_type = UINT64_MAX / 400,
		.too_deep = UINT64_MAX / 400};
	CU_ASSERT(text(NULL, &m));
}

/* The text has the most frequent value of each counter, by name where it has one. */
static void names(void)
{
	static struct metrics_worker m = {
		.packet = {.other_ethertype = 900, .other_link_type = 100, .too_deep = 1}};
	struct text t = text_of(buffer, sizeof(buffer) - 1);

	heavy_add(&m.ethertypes, 0x88cc, 200);
	heavy_add(&m.ethertypes, 0x8137, 700);
	heavy_add(&m.link_types, 189, 100);
	CU_ASSERT(blind_describe(NULL, &m, &t));
	*t.at = '\0';
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, " 900 other_ethertype (most often 0x8137): "));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(buffer, "; 100 other_link_type (most often 189, USB_LINUX): "));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "; 1 too_deep: "));
}

/* Live, packets since the latest check count: each minute, and an hour after a report. */
static void live(void)
{
	struct metrics_packet m = {.dns = 100000};
	static struct metrics_worker worker;
	struct blind b = {.next_ns = 0};
	unsigned said = 0;
	for (int64_t s = 0; s <= 7200; s++) {
		struct text t = text_of(buffer, sizeof(buffer));
		m.dns += 100;
		m.other_ethertype += s >= 600 ? 30 : 0;
		worker.packet = m;
		if (blind_check(&b, &worker, (1000 + s) * SECOND, &t)) {
			said++;
			CU_ASSERT(s == 660 || s == 660 + 3600);
		}
	}
	CU_ASSERT_EQUAL(said, 2);
}

void test_engine_blind(void)
{
	CU_pSuite s = CU_add_suite("engine/blind", NULL, NULL);
	CU_add_test(s, "shares", shares);
	CU_add_test(s, "names", names);
	CU_add_test(s, "live", live);
}
