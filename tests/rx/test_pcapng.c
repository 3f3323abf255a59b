/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/capfile_inner.h"

#include "rx/expect.h"

#include <errno.h>

void test_rx_pcapng(void);

static struct capfile reader;

static int set_up(void)
{
	return capfile_init(&reader);
}

static int tear_down(void)
{
	capfile_free(&reader);
	return 0;
}

/* A frame that must have this link type too. */
static struct capfile_frame expect_linked(
	int64_t ts_ns, unsigned first, uint32_t cap_len, uint32_t wire_len, uint16_t link)
{
	struct capfile_frame f = expect_frame(&reader, ts_ns, first, cap_len, wire_len);

	CU_ASSERT_EQUAL(f.link_type, link);
	return f;
}

/* A section with three interfaces that differ in all, every kind of packet, and strange blocks. */
static void put_everything(struct capmake *m)
{
	put_section(m, 1, 0, UINT64_MAX);
	put_unknown(m, 5, 0);
	put_interface(m, 1, 96, 6);
	put_packet(m, 0, UINT64_C(1500000000123456), 1, 61, 61);
	put_interface(m, 113, 0, 9);
	put_packet(m, 1, UINT64_C(1500000000123456789), 2, 62, 1500);
	put_interface(m, 101, 65535, 0x80 | 20);
	put_unknown(m, 0x80000bad, 17);
	put_packet(m, 2, (UINT64_C(1500000000) << 20) + (1 << 19), 3, 63, 10);
	put_simple(m, 4, 64, 64);
	put_simple(m, 5, 96, 1000);
	put_obsolete(m, 1, UINT64_C(1500000001000000001), 6, 0, 66);
	put_packet(m, 0, UINT64_C(1500000000123456), 7, 67, 67);
	put_unknown(m, 4, 100);
}

static void expect_everything(void)
{
	expect_linked(1500000000123456000, 1, 61, 61, 1);
	expect_linked(1500000000123456789, 2, 62, 1500, 113);
	expect_linked(1500000000500000000, 3, 63, 10, 101);
	CU_ASSERT_TRUE(expect_linked(0, 4, 64, 64, 1).untimed);
	CU_ASSERT_TRUE(expect_linked(0, 5, 96, 1000, 1).untimed);
	CU_ASSERT_FALSE(expect_linked(1500000001000000001, 6, 0, 66, 113).untimed);
	expect_linked(1500000000123456000, 7, 67, 67, 1);
}

static void test_blocks(void)
{
	const size_t steps[] = {1, 13, SIZE_MAX};
	struct source s;

	for (size_t i = 0; i < 2 * BITS_COUNT(steps); i++) {
		struct capmake m = capmake_of(8192, i % 2);
		put_everything(&m);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, steps[i / 2]), 0);
		expect_everything();
		expect_end(&reader, 0, NULL);
		capmake_free(&m);
	}
}

/* Sections of both byte orders in one file: each forgets the interfaces of the one before. */
static void test_sections(void)
{
	struct source s;
	struct capmake m = capmake_of(16384, false);

	put_everything(&m);
	m.other = true;
	put_everything(&m);
	put_section(&m, 1, 2, 0);
	m.other = false;
	put_everything(&m);
	put_section(&m, 1, 0, 1234);
	put_interface(&m, 276, 0, 3);
	put_packet(&m, 0, 5, 1, 10, 10);
	put_simple(&m, 2, 2000, 2000);
	put_section(&m, 1, 0, UINT64_MAX);
	put_packet(&m, 0, 5, 1, 10, 10);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	for (int i = 0; i < 3; i++)
		expect_everything();
	expect_linked(5000000, 1, 10, 10, 276);
	expect_linked(0, 2, 2000, 2000, 276);
	expect_end(&reader, -EBADMSG, "interface 0, which is not described");
	capmake_free(&m);
}

static void test_every_cut(void)
{
	const size_t steps[] = {5, SIZE_MAX};

	for (int other = 0; other < 2; other++) {
		struct capmake m = capmake_of(8192, other);
		put_everything(&m);
		for (size_t i = 0; i < m.len * BITS_COUNT(steps); i++) {
			size_t cut = i / BITS_COUNT(steps), at = 0, whole = 0;
			uint8_t *copy = malloc(cut + 1);
			struct capfile_frame f;
			memcpy(copy, m.octets, cut);
			struct source s = {
				.at = copy, .left = cut, .step = steps[i % BITS_COUNT(steps)]};
			int r = capfile_open_from(&reader, source_read, &s, "cut");

			/* By a walk of its own: how many packets are whole, is a block cut? */
			for (size_t len; at < cut; at += len) {
				uint32_t head[2];
				memcpy(head, m.octets + at, sizeof(head));
				uint32_t type = other ? __builtin_bswap32(head[0]) : head[0];
				len = other ? __builtin_bswap32(head[1]) : head[1];
				if (at + len > cut)
					break;
				whole += type == 6 || type == 3 || type == 2;
			}
			if (cut < 24) {
				CU_ASSERT_EQUAL(r, cut == 0 || cut >= 12 ? -ENODATA : -EINVAL);
			} else {
				CU_ASSERT_EQUAL(r, 0);
				for (size_t n = 0; n < whole; n++)
					CU_ASSERT_EQUAL(capfile_next(&reader, &f), 1);
				expect_end(&reader, at == cut ? 0 : -ENODATA,
					at == cut ? NULL : "ends in the middle of a");
			}
			free(copy);
		}
		capmake_free(&m);
	}
}

static void test_resolutions(void)
{
	static const struct {
		uint8_t resolution;
		uint64_t ticks;
		int64_t ts_ns;
	} rows[] = {
		{0, 1500000000, 1500000000000000000},
		{1, 15000000001, 1500000000100000000},
		{3, 1500000000123, 1500000000123000000},
		{9, 1500000000123456789, 1500000000123456789},
		{10, 15000000001234567899u, 1500000000123456789},
		{12, 1500000123456789012, 1500000123456789},
		{15, 1500000123456789012, 1500000123456},
		{19, 15000000000000000000u, 1500000000},
		{28, 15000000000000000000u, 1},
		{29, 15000000000000000000u, 0},
		{127, UINT64_MAX, 0},
		{0x80, 1500000000, 1500000000000000000},
		{0x80 | 1, 3000000001, 1500000000500000000},
		{0x80 | 10, 1536000000001, 1500000000000976562},
		{0x80 | 30, UINT64_C(1500000000) << 30 | 1, 1500000000000000000},
		{0x80 | 32, UINT64_C(1500000000) << 32 | 0xffffffff, 1500000000999999999},
		{0x80 | 63, UINT64_C(1) << 62, 500000000},
		{0x80 | 64, UINT64_C(1) << 63, 500000000},
		{0x80 | 90, UINT64_MAX, 14},
		{0x80 | 127, UINT64_MAX, 0},
		/* beyond what 64 bits of nanoseconds hold */
		{0, UINT64_MAX, INT64_MAX},
		{6, UINT64_MAX, INT64_MAX},
		{9, UINT64_MAX, INT64_MAX},
		{9, UINT64_C(1) << 63, INT64_MAX},
		{0x80, UINT64_MAX, INT64_MAX},
	};
	struct source s;

	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		struct capmake m = capmake_of(1024, i % 2);
		put_section(&m, 1, 0, UINT64_MAX);
		put_interface(&m, 1, 0, rows[i].resolution);
		put_packet(&m, 0, rows[i].ticks, 0, 4, 4);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
		expect_linked(rows[i].ts_ns, 0, 4, 4, 1);
		capmake_free(&m);
	}
}

/* An interface with one option of the given code and value. */
static void put_interface_option(struct capmake *m, uint16_t code, const void *value, uint16_t len)
{
	size_t b = put_block(m, 1);

	put_u16(m, 1);
	put_u16(m, 0);
	put_u32(m, 0);
	put_option(m, 1, "comment", 7);
	put_option(m, code, value, len);
	put_block_end(m, b);
}

static void test_offset(void)
{
	static const int64_t offsets[] = {1500000000, -1, INT64_MAX, INT64_MIN};
	static const int64_t ts_ns[] = {1500000001000001000, 1000, INT64_MAX, INT64_MIN};
	struct source s;

	for (size_t i = 0; i < 2 * BITS_COUNT(offsets); i++) {
		struct capmake m = capmake_of(1024, i % 2);
		uint64_t offset = (uint64_t)offsets[i / 2];
		offset = m.other ? __builtin_bswap64(offset) : offset;
		put_section(&m, 1, 0, UINT64_MAX);
		put_interface_option(&m, 14, &offset, 8);
		put_packet(&m, 0, 1000001, 0, 4, 4);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
		expect_linked(ts_ns[i / 2], 0, 4, 4, 1);
		capmake_free(&m);
	}
}

/* The check sequence of an interface, in octets or in bits, and of a packet, which is stronger. */
static void test_check_sequence(void)
{
	static const struct {
		uint8_t interface;
		uint32_t packet; /* its flags */
		uint8_t of_interface, of_packet;
	} rows[] = {{0, 6 << 5 | 1, 0, 6}, {2, 4 << 5, 2, 4}, {4, 1, 4, 4}, {16, 4 << 5, 2, 4},
		{32, 0x1e1, 4, 15}};
	struct source s;

	for (size_t i = 0; i < 2 * BITS_COUNT(rows); i++) {
		struct capmake m = capmake_of(1024, i % 2);
		uint32_t flags = rows[i / 2].packet;
		flags = m.other ? __builtin_bswap32(flags) : flags;
		put_section(&m, 1, 0, UINT64_MAX);
		put_interface_option(&m, 13, &rows[i / 2].interface, 1);
		put_packet(&m, 0, 0, 0, 5, 5);
		/* The same packet with options, which begin at the next multiple of four. */
		size_t b = m.len;
		put_packet(&m, 0, 0, 0, 5, 5);
		m.len -= 4;
		put_option(&m, 1, "x", 1);
		put_option(&m, 2, &flags, 4);
		put_option(&m, 0, "", 0);
		put_block_end(&m, b);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
		CU_ASSERT_EQUAL(expect_linked(0, 0, 5, 5, 1).fcs_len, rows[i / 2].of_interface);
		CU_ASSERT_EQUAL(expect_linked(0, 0, 5, 5, 1).fcs_len, rows[i / 2].of_packet);
		expect_end(&reader, 0, NULL);
		capmake_free(&m);
	}
}

static void set_u32(struct capmake *m, size_t at, uint32_t v)
{
	v = m->other ? __builtin_bswap32(v) : v;
	memcpy(m->octets + at, &v, sizeof(v));
}

/* One field of a good file is set to something that cannot be. */
static void test_lies(void)
{
	enum { SECTION = 0, INTERFACE = 36, PACKET = 76 };
	static const struct {
		size_t at;
		uint32_t value;
		const char *words;
	} lies[] = {
		{SECTION + 4, 12, "a section header of 12 octets"},
		{SECTION + 32, 44, "36 octets at its start and 44 at its end"},
		{INTERFACE + 4, 0, "a block of 0 octets"},
		{INTERFACE + 4, 11, "a block of 11 octets"},
		{INTERFACE + 4, 42, "a block of 42 octets"},
		{INTERFACE + 4, 0xfffffffc, "interface block of 4294967292 octets"},
		{INTERFACE + 4, 44, "44 octets at its start"},
		{INTERFACE + 16, 0xffff0002, "options run over the end"},
		{INTERFACE + 24, 0x000c0001, "options run over the end"},
		{INTERFACE + 24, 0x00080001, NULL},
		{INTERFACE + 16, 0x0001000d, NULL},
		{INTERFACE + 24, 0x00020009, "option 9 of an interface has 2 octets"},
		{PACKET + 4, 0xfffffffc, "packet or interface block of"},
		{PACKET + 8, 1, "interface 1, which is not described"},
		{PACKET + 8, 0xffffffff, "which is not described"},
		{PACKET + 20, 21, "a frame of 21 octets in a block of 52"},
		{PACKET + 20, 0xffffffff, "a frame of 4294967295 octets"},
		{PACKET + 48, 56, "52 octets at its start and 56 at its end"},
	};

	for (size_t i = 0; i < 2 * BITS_COUNT(lies); i++) {
		struct capmake m = capmake_of(2048, i % 2);
		struct capfile_frame f;
		put_section(&m, 1, 0, UINT64_MAX);
		put_interface(&m, 1, 0, 9);
		put_packet(&m, 0, 0, 0, 18, 18);
		put_unknown(&m, 99, 900);
		if (m.other && lies[i / 2].at < PACKET && lies[i / 2].at > INTERFACE + 4) {
			uint32_t v = lies[i / 2].value;
			set_u32(&m, lies[i / 2].at, v << 16 | v >> 16);
		} else {
			set_u32(&m, lies[i / 2].at, lies[i / 2].value);
		}
		struct source s = {.at = m.octets, .left = m.len, .step = SIZE_MAX};
		int r = capfile_open_from(&reader, source_read, &s, "lie");
		while (r >= 0 && (r = capfile_next(&reader, &f)) > 0)
			;
		CU_ASSERT_EQUAL(r, lies[i / 2].words ? -EBADMSG : 0);
		expect_end(&reader, r, lies[i / 2].words);
		capmake_free(&m);
	}
}

static void test_versions(void)
{
	static const uint16_t versions[][2] = {{1, 1}, {0, 0}, {2, 0}, {1, 3}};

	for (size_t i = 0; i < BITS_COUNT(versions) * 2; i++) {
		struct capmake m = capmake_of(1024, i % 2);
		put_section(&m, versions[i / 2][0], versions[i / 2][1], 0);
		struct source s = {.at = m.octets, .left = m.len, .step = SIZE_MAX};
		CU_ASSERT_EQUAL(capfile_open_from(&reader, source_read, &s, "version"), -ENOTSUP);
		expect_end(&reader, -ENOTSUP, "is not supported");
		/* In mid-file the same. */
		m.len = 0;
		put_everything(&m);
		put_section(&m, versions[i / 2][0], versions[i / 2][1], 0);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
		expect_everything();
		expect_end(&reader, -ENOTSUP, "is not supported");
		capmake_free(&m);
	}
}

/* Blocks longer than the buffer are skipped, in pieces; a packet may be as long as a frame may. */
static void test_long_blocks(void)
{
	struct source s;
	struct capmake m = capmake_of(8 << 20, false);

	put_section(&m, 1, 0, UINT64_MAX);
	put_interface(&m, 1, 0, 6);
	put_unknown(&m, 99, 3 * CAPFILE_BUFFER + 5);
	put_packet(&m, 0, 1, 1, CAPFILE_FRAME_MAX, 300000);
	put_unknown(&m, 99, CAPFILE_BUFFER - 12);
	put_packet(&m, 0, 2, 2, CAPFILE_FRAME_MAX, 300000);
	size_t lie = m.len;
	put_packet(&m, 0, 3, 3, CAPFILE_FRAME_MAX + 1, 300000);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, 100000), 0);
	expect_linked(1000, 1, CAPFILE_FRAME_MAX, 300000, 1);
	expect_linked(2000, 2, CAPFILE_FRAME_MAX, 300000, 1);
	expect_end(&reader, -EBADMSG, "a frame of 263169 octets");

	m.len = lie;
	put_unknown(&m, 99, 2 * CAPFILE_BUFFER);
	m.octets[m.len - 1] ^= 1;
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	expect_linked(1000, 1, CAPFILE_FRAME_MAX, 300000, 1);
	expect_linked(2000, 2, CAPFILE_FRAME_MAX, 300000, 1);
	expect_end(&reader, -EBADMSG, "at its end");
	capmake_free(&m);
}

static void test_many_interfaces(void)
{
	struct source s;
	struct capmake m = capmake_of(20 * (CAPFILE_INTERFACES_MAX + 20), false);

	put_section(&m, 1, 0, UINT64_MAX);
	for (unsigned i = 0; i < CAPFILE_INTERFACES_MAX; i++)
		put_interface(&m, (uint16_t)i, 0, 6);
	put_packet(&m, CAPFILE_INTERFACES_MAX - 1, 1, 1, 10, 10);
	put_interface(&m, 1, 0, 6);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	expect_linked(1000, 1, 10, 10, CAPFILE_INTERFACES_MAX - 1);
	expect_end(&reader, -EBADMSG, "more than 65536 interfaces");
	capmake_free(&m);
}

void test_rx_pcapng(void)
{
	CU_pSuite s = CU_add_suite("rx_pcapng", set_up, tear_down);

	CU_add_test(s, "blocks of all kinds", test_blocks);
	CU_add_test(s, "sections", test_sections);
	CU_add_test(s, "every cut", test_every_cut);
	CU_add_test(s, "resolutions", test_resolutions);
	CU_add_test(s, "offset", test_offset);
	CU_add_test(s, "check sequence", test_check_sequence);
	CU_add_test(s, "lies", test_lies);
	CU_add_test(s, "versions", test_versions);
	CU_add_test(s, "long blocks", test_long_blocks);
	CU_add_test(s, "many interfaces", test_many_interfaces);
}
