/* SPDX-License-Identifier: BSD-3-Clause */
/* The times of tap aggregators, in frames at a guard page. */
#include "rx/tap_time.h"

#include "base/when.h"
#include "support/guard.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>

void test_rx_tap_time(void);

#define MACS "020000000001 020000000002 "
#define PAD " 0800 4500001c 00000000 40110000 c0000201 c0000235 10e10035 00080000 "
#define AT INT64_C(1700000000123456789) /* 0x6553f100 s */
#define S INT64_C(1000000000)

struct tap_case {
	const char *what;
	enum tap_time from;
	const char *hex;
	int64_t capture_ns;
	int64_t ns; /* -1: the capture's time is kept */
};

static bool read_hex(const struct tap_case *c, unsigned len_off, int64_t *ns)
{
	static struct wire w;

	wire_clear(&w);
	wire_hex(&w, c->hex);
	const uint32_t len = len_off < w.len ? w.len - len_off : 0;
	uint8_t *p = guard_copy(w.octets, len);
	*ns = c->capture_ns;
	bool found = tap_time_read(c->from, p, len, w.len, ns);
	guard_free(p, len);
	return found;
}

static void check(const struct tap_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t ns;
		bool found = read_hex(&cases[i], 0, &ns);
		CU_ASSERT_EQUAL(found, cases[i].ns >= 0);
		CU_ASSERT_EQUAL(ns, found ? cases[i].ns : cases[i].capture_ns);
		if (found != (cases[i].ns >= 0) || (found && ns != cases[i].ns))
			fprintf(stderr, "%s: %" PRId64 "\n", cases[i].what, ns);
		/* every truncation: no octet beyond the end, a trailer is none */
		for (unsigned off = 1; off < 60; off++) {
			found = read_hex(&cases[i], off, &ns);
			if (cases[i].from >= TAP_TIME_METAMAKO)
				CU_ASSERT_FALSE(found);
		}
	}
}

static void tags(void)
{
	static const struct tap_case cases[] = {
		{"64 bits, UTC", TAP_TIME_ARISTA, MACS "d28b 0001 0110 6553f100 00000007" PAD,
			AT + 5 * S, 1700000000 * S + 7},
		{"64 bits, TAI", TAP_TIME_ARISTA, MACS "d28b 0001 0010 6553f125 00000007" PAD, AT,
			1700000000 * S + 7},
		{"behind a VLAN tag", TAP_TIME_ARISTA,
			MACS "8100 0005 d28b 0001 0110 6553f100 00000007" PAD, AT,
			1700000000 * S + 7},
		{"48 bits, UTC", TAP_TIME_ARISTA, MACS "d28b 0001 0120 f100 00000007" PAD, AT,
			1700000000 * S + 7},
		{"48 bits, TAI", TAP_TIME_ARISTA, MACS "d28b 0001 0020 f125 00000007" PAD, AT,
			1700000000 * S + 7},
		{"48 bits, wrapped", TAP_TIME_ARISTA, MACS "d28b 0001 0120 0001 00000000" PAD,
			0x6553fffeLL * S, 0x65540001LL * S},
		{"48 bits, not yet wrapped", TAP_TIME_ARISTA,
			MACS "d28b 0001 0120 ffff 00000000" PAD, 0x65540002LL * S,
			0x6553ffffLL * S},
		{"nanoseconds of a second", TAP_TIME_ARISTA,
			MACS "d28b 0001 0110 6553f100 3b9aca00" PAD, AT, -1},
		{"two days off", TAP_TIME_ARISTA, MACS "d28b 0001 0110 65569401 00000000" PAD, AT,
			-1},
		{"another subtype", TAP_TIME_ARISTA, MACS "d28b 0002 0110 6553f100 00000007" PAD,
			AT, -1},
		{"another version", TAP_TIME_ARISTA, MACS "d28b 0001 0210 6553f100 00000007" PAD,
			AT, -1},
		{"none", TAP_TIME_ARISTA, MACS PAD, AT, -1},
		{"another vendor's", TAP_TIME_TTAG, MACS "d28b 0001 0110 6553f100 00000007" PAD, AT,
			-1},
		{"before 1970", TAP_TIME_ARISTA, MACS "d28b 0001 0120 f100 00000007" PAD, -5, -1},
		/* 1700000000123456789 ns modulo 2^48 */
		{"TTAG", TAP_TIME_TTAG, MACS "8988 9cfe3d85cd15" PAD, AT - 3 * S, AT},
		{"TTAG, wrapped", TAP_TIME_TTAG, MACS "8988 000000000001" PAD,
			(INT64_C(6040) << 48) - 5, (INT64_C(6040) << 48) + 1},
	};
	check(cases, BITS_COUNT(cases));
}

static void trailers(void)
{
	static const struct tap_case cases[] = {
		{"Metamako", TAP_TIME_METAMAKO, MACS PAD "aabbccdd 6553f100 00000007 01 0102 03",
			AT, 1700000000 * S + 7},
		{"Metamako, check sequence", TAP_TIME_METAMAKO,
			MACS PAD "aabbccdd 6553f100 00000007 01 0102 03 deadbeef", AT,
			1700000000 * S + 7},
		{"Metamako, extension", TAP_TIME_METAMAKO,
			MACS PAD "aabbccdd 00000520 6553f100 00000007 03 0102 03", AT,
			1700000000 * S + 7},
		{"Metamako, nanoseconds", TAP_TIME_METAMAKO,
			MACS PAD "aabbccdd 6553f100 ffffffff 01 0102 03", AT, -1},
		{"Metamako, a year off", TAP_TIME_METAMAKO,
			MACS PAD "aabbccdd 63500000 00000000 01 0102 03", AT, -1},
		{"Exablaze", TAP_TIME_EXABLAZE, MACS PAD "aabbccdd 01 02 6553f100 8000000000 00",
			AT, 1700000000 * S + S / 2},
		{"Exablaze, check sequence", TAP_TIME_EXABLAZE,
			MACS PAD "aabbccdd 01 02 6553f100 8000000000 00 deadbeef", AT,
			1700000000 * S + S / 2},
		/* what stands where a trailer without check sequence would have its seconds is
		 * plausible, too: the nearer one counts */
		{"Exablaze, two places", TAP_TIME_EXABLAZE,
			MACS PAD "aabbccdd 01 02 6553f100 6553800000 00 deadbeef", AT,
			1700000000 * S + 395805358},
		{"no trailer", TAP_TIME_EXABLAZE, MACS PAD "00000000 00000000 00000000 00000000",
			AT, -1},
		{"too short", TAP_TIME_METAMAKO, MACS "0800 00000000 6553f100", AT, -1},
	};
	check(cases, BITS_COUNT(cases));
}

void test_rx_tap_time(void)
{
	CU_pSuite s = CU_add_suite("rx/tap_time", NULL, NULL);
	CU_add_test(s, "tags", tags);
	CU_add_test(s, "trailers", trailers);
}
