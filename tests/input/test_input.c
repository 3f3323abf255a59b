/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kind of input a configuration means, and what it plans, before EAL. */
#include "input/device_rx.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <string.h>

void test_input_input(void);

static struct conf conf;
static struct input in;

static void begin(const char *assignment)
{
	struct conf_error err;
	CU_ASSERT_EQUAL_FATAL(conf_init(&conf), 0);
	if (assignment)
		CU_ASSERT_EQUAL_FATAL(conf_set(&conf, assignment, &err), 0);
}

static void end(void)
{
	input_close(&in);
	input_close(&in); /* once more: nothing */
	conf_free(&conf);
}

static void test_kinds(void)
{
	static const struct {
		const char *assignment, *kind;
	} cases[] = {
		{"input.files=a.pcap,b.pcap", "files"},
		{"input.devices=net_ring0", "live"},
		{"input.devices=net_null0", "live"},
	};
	for (unsigned i = 0; i < BITS_COUNT(cases); i++) {
		begin(cases[i].assignment);
		CU_ASSERT_EQUAL_FATAL(input_plan(&in, &conf), 0);
		CU_ASSERT_STRING_EQUAL(in.ops->name, cases[i].kind);
		CU_ASSERT_EQUAL(in.node, -1);
		end();
	}
	begin(NULL);
	CU_ASSERT_EQUAL(input_plan(&in, &conf), -EINVAL);
	end();
	begin("input.interfaces=nosuchinterface0");
	CU_ASSERT_EQUAL(input_plan(&in, &conf), -ENODEV);
	CU_ASSERT_STRING_EQUAL(in.ops->name, "live");
	end();
}

/* Captures and nothing else are one, in the order of their timestamps. */
static void test_captures(void)
{
	static const struct {
		const char *devices[2];
		bool all;
	} cases[] = {
		{{"net_pcap0,rx_pcap=a,rx_pcap=b"}, true},
		{{"net_pcap0,rx_pcap=a", "net_pcap1,rx_pcap=b"}, true},
		{{"net_pcap0,rx_pcap=a"}, true},
		{{"net_pcap0,rx_pcap=a", "net_null0"}, false},
		{{"net_pcap0,rx_pcap=a,rx_pcap=b,infinite_rx=1"}, false},
		{{"net_pcap0,rx_iface=a,rx_iface=b"}, false},
	};
	for (unsigned i = 0; i < BITS_COUNT(cases); i++) {
		char *at[2] = {(char *)cases[i].devices[0], (char *)cases[i].devices[1]};
		begin(NULL);
		struct conf captures = conf;
		captures.input_devices.at = (void *)at;
		captures.input_devices.count = at[1] ? 2 : 1;
		CU_ASSERT_EQUAL(device_all_captures(&captures), cases[i].all);
		end();
	}
}

/* What workers there are decides over queues and memory. */
static void test_share(void)
{
	const int nodes[4] = {-1, -1, -1, -1};
	uint64_t before = 0;

	for (unsigned n = 1; n <= 4; n++) {
		const struct input_share share = {.workers = n, .nodes = nodes};
		begin("input.devices=net_null0");
		CU_ASSERT_EQUAL_FATAL(input_plan(&in, &conf), 0);
		CU_ASSERT_EQUAL(input_share(&in, &share), 0);
		CU_ASSERT_EQUAL(in.unordered, n > 1);
		CU_ASSERT(in.ops->memory(&in) > before);
		CU_ASSERT_EQUAL(input_mbufs(&in, 100) & (input_mbufs(&in, 100) + 1), 0);
		before = in.ops->memory(&in);
		end();
	}
	const struct input_share alone = {.workers = 1, .nodes = nodes};
	begin("input.files=a.pcap");
	CU_ASSERT_EQUAL_FATAL(input_plan(&in, &conf), 0);
	CU_ASSERT_EQUAL(input_share(&in, &alone), 0);
	CU_ASSERT_EQUAL(in.ops->memory(&in), 0); /* frames stay with the feeder */
	CU_ASSERT_TRUE(in.ops->waits && in.ops->floats && in.ops->ordered);
	end();
}

/* Live: a broken timestamp moves no clock, and is counted; one that others confirm is a clock that
 * was set: no time has passed. */
static void test_odd(void)
{
	static struct device_rx rx;
	static struct metrics_worker metrics;
	const int64_t s = WHEN_NS_PER_S, start = 1700000000 * s;

	rx.rx.metrics = &metrics;
	clock_latest_start(&rx.latest, start, 600 * s);
	CU_ASSERT_EQUAL(device_rx_clock(&rx, start + s), start + s);
	CU_ASSERT_EQUAL(device_rx_clock(&rx, start + 9000 * s), start + s);
	CU_ASSERT_EQUAL(device_rx_clock(&rx, start - 9000 * s), start + s);
	CU_ASSERT_EQUAL(device_rx_clock(&rx, start + 2 * s), start + 2 * s);
	CU_ASSERT_EQUAL(metrics_read(&metrics.rx.stamps_odd), 2);
	for (unsigned i = 0; i < CLOCK_CONFIRM; i++)
		CU_ASSERT_EQUAL(device_rx_clock(&rx, start + 7200 * s), start + 2 * s);
	CU_ASSERT_EQUAL(device_rx_clock(&rx, start + 7201 * s), start + 3 * s);
	CU_ASSERT_EQUAL(metrics_read(&metrics.rx.stamps_odd), 2);
}

void test_input_input(void)
{
	CU_pSuite suite = CU_add_suite("input/input", NULL, NULL);
	CU_add_test(suite, "kinds", test_kinds);
	CU_add_test(suite, "captures", test_captures);
	CU_add_test(suite, "share", test_share);
	CU_add_test(suite, "odd timestamps", test_odd);
}
