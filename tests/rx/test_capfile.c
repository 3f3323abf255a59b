/* SPDX-License-Identifier: BSD-3-Clause */
/* Classic pcap, what is not a capture, and where octets come from. pcapng: test_pcapng.c. */
#include "rx/capfile.h"

#include "rx/expect.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void test_rx_capfile(void);

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define MAGIC_MODIFIED 0xa1b2cd34u

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

static void test_orders_and_magics(void)
{
	static const uint32_t magics[] = {MAGIC_US, MAGIC_NS, MAGIC_MODIFIED};
	const size_t steps[] = {1, 7, SIZE_MAX};
	struct source s;

	for (size_t i = 0; i < 3 * 2 * 3; i++) {
		uint32_t magic = magics[i % 3];
		struct capmake m = capmake_of(4096, i / 3 % 2);
		int64_t unit = magic == MAGIC_NS ? 1 : 1000;

		put_file_head(&m, magic, 2, 4, 113);
		for (uint32_t n = 0; n < 3; n++) {
			put_record_head(&m, 1500000000 + n, 7 + n, 60 + n, 1500);
			if (magic == MAGIC_MODIFIED)
				put_run(&m, 0xee, 8);
			put_run(&m, n, 60 + n);
		}
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, steps[i / 6]), 0);
		for (uint32_t n = 0; n < 3; n++)
			expect_frame(&reader,
				(1500000000 + n) * INT64_C(1000000000) + (7 + n) * unit, n, 60 + n,
				1500);
		expect_end(&reader, 0, NULL);
		CU_ASSERT_EQUAL(reader.frames, 3);
		capmake_free(&m);
	}
}

static void test_no_frames(void)
{
	struct source s;
	struct capmake m = capmake_of(64, false);

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	CU_ASSERT_EQUAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	expect_end(&reader, 0, NULL);
	capmake_free(&m);
}

/* Versions before 2.3 and 543.0 have the lengths in the other order; 2.3 may. */
static void test_versions(void)
{
	static const struct {
		uint16_t major, minor;
		bool known, swapped;
	} versions[] = {{2, 0, true, true}, {2, 2, true, true}, {2, 3, true, false},
		{2, 4, true, false}, {543, 0, true, true}, {2, 5, false, false},
		{1, 4, false, false}, {3, 0, false, false}, {543, 1, false, false}};
	struct source s;

	for (size_t i = 0; i < BITS_COUNT(versions); i++) {
		struct capmake m = capmake_of(1024, i % 2);
		put_file_head(&m, MAGIC_US, versions[i].major, versions[i].minor, 1);
		put_record_head(
			&m, 1, 0, versions[i].swapped ? 90 : 40, versions[i].swapped ? 40 : 90);
		put_run(&m, 5, 40);
		if (versions[i].known) {
			CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
			expect_frame(&reader, 1000000000, 5, 40, 90);
			expect_end(&reader, 0, NULL);
		} else {
			CU_ASSERT_EQUAL(open_made(&reader, &s, &m, SIZE_MAX), -ENOTSUP);
			expect_end(&reader, -ENOTSUP, "is not supported");
		}
		capmake_free(&m);
	}

	struct capmake m = capmake_of(1024, false);
	put_file_head(&m, MAGIC_US, 2, 3, 1);
	put_record_head(&m, 1, 0, 90, 40);
	put_run(&m, 5, 40);
	put_record(&m, 2, 0, 9, 40, 40);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	expect_frame(&reader, 1000000000, 5, 40, 90);
	expect_frame(&reader, 2000000000, 9, 40, 40);
	expect_end(&reader, 0, NULL);
	capmake_free(&m);
}

static void test_link_type(void)
{
	static const struct {
		uint32_t field;
		int outcome;
		uint16_t link_type;
		uint8_t fcs_len;
	} links[] = {{1, 0, 1, 0}, {276, 0, 276, 0}, {0x24000001, 0, 1, 4}, {0x14000000, 0, 0, 2},
		{0xf4000001, 0, 1, 30}, {0x20000001, 0, 1, 0}, {0x02240002, -ENOTSUP, 0, 0},
		{0x00010001, -ENOTSUP, 0, 0}};
	struct capfile_frame f;
	struct source s;

	for (size_t i = 0; i < BITS_COUNT(links); i++) {
		struct capmake m = capmake_of(256, i % 2);
		put_file_head(&m, MAGIC_NS, 2, 4, links[i].field);
		put_record(&m, 1, 0, 0, 64, 64);
		CU_ASSERT_EQUAL(open_made(&reader, &s, &m, SIZE_MAX), links[i].outcome);
		if (links[i].outcome == 0) {
			CU_ASSERT_EQUAL_FATAL(capfile_next(&reader, &f), 1);
			CU_ASSERT_EQUAL(f.link_type, links[i].link_type);
			CU_ASSERT_EQUAL(f.fcs_len, links[i].fcs_len);
		}
		capmake_free(&m);
	}
}

/* Odd but harmless: fractions above a second, timestamps after 2038, more captured than sent. */
static void test_odd_records(void)
{
	struct source s;
	struct capmake m = capmake_of(1024, true);

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	put_record(&m, 10, 2500000, 1, 20, 20);
	put_record(&m, 0xffffffff, 999999, 2, 20, 20);
	put_record(&m, 11, 0xffffffff, 3, 20, 20);
	put_record(&m, 12, 0, 4, 20, 10);
	put_record(&m, 13, 0, 5, 0, 100);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	expect_frame(&reader, 12500000000, 1, 20, 20);
	expect_frame(&reader, 4294967295999999000, 2, 20, 20);
	expect_frame(&reader, 11000000000 + 4294967295000, 3, 20, 20);
	expect_frame(&reader, 12000000000, 4, 20, 10);
	expect_frame(&reader, 13000000000, 5, 0, 100);
	expect_end(&reader, 0, NULL);
	capmake_free(&m);
}

static void test_every_cut(void)
{
	const size_t steps[] = {1, 24, SIZE_MAX};
	struct capmake m = capmake_of(1024, false);
	struct capfile_frame f;
	size_t ends[4];

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	ends[0] = m.len;
	for (uint32_t n = 0; n < 3; n++) {
		put_record(&m, n, 0, n, 30 + n, 30 + n);
		ends[n + 1] = m.len;
	}
	for (size_t i = 0; i < m.len * BITS_COUNT(steps); i++) {
		size_t cut = i / BITS_COUNT(steps), whole = 0;
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy, m.octets, cut);
		struct source s = {.at = copy, .left = cut, .step = steps[i % BITS_COUNT(steps)]};
		int r = capfile_open_from(&reader, source_read, &s, "cut.pcap");

		if (cut < ends[0]) {
			CU_ASSERT_EQUAL(r, cut == 0 || cut >= 4 ? -ENODATA : -EINVAL);
			expect_end(&reader, r, cut == 0 ? "cut.pcap: is empty" : "cut.pcap: ");
		} else {
			CU_ASSERT_EQUAL_FATAL(r, 0);
			while (whole < 3 && ends[whole + 1] <= cut)
				whole++;
			for (size_t n = 0; n < whole; n++)
				CU_ASSERT_EQUAL(capfile_next(&reader, &f), 1);
			bool clean = cut == ends[whole];
			expect_end(
				&reader, clean ? 0 : -ENODATA, clean ? NULL : "ends in the middle");
		}
		free(copy);
	}
	capmake_free(&m);
}

static void test_lying_lengths(void)
{
	static const uint32_t lengths[] = {
		CAPFILE_FRAME_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff};
	struct source s;

	for (size_t i = 0; i < BITS_COUNT(lengths) * 2; i++) {
		struct capmake m = capmake_of(600000, i % 2);
		put_file_head(&m, MAGIC_US, 2, 4, 1);
		put_record(&m, 1, 0, 0, 10, 10);
		put_record_head(&m, 1, 0, lengths[i / 2], lengths[i / 2]);
		put_run(&m, 0, 500000);
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
		expect_frame(&reader, 1000000000, 0, 10, 10);
		expect_end(&reader, -EBADMSG, "(octet 50, frame 2)");
		capmake_free(&m);
	}
}

/* Long frames cross every end of the buffer. */
static void test_long_frames(void)
{
	const size_t steps[] = {4096, 100003, SIZE_MAX};
	struct source s;
	struct capmake m = capmake_of(5 << 20, false);
	uint32_t lens[18];

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (uint32_t n = 0; n < BITS_COUNT(lens); n++) {
		lens[n] = n % 3 ? CAPFILE_FRAME_MAX - n : 1 + n;
		put_record(&m, n, 0, n, lens[n], 400000);
	}
	for (size_t i = 0; i < BITS_COUNT(steps); i++) {
		CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, steps[i]), 0);
		for (uint32_t n = 0; n < BITS_COUNT(lens); n++)
			expect_frame(&reader, n * INT64_C(1000000000), n, lens[n], 400000);
		expect_end(&reader, 0, NULL);
	}

	char where[64];
	snprintf(where, sizeof(where), "(octet %zu, frame %zu)", m.len, BITS_COUNT(lens) + 1);
	put_run(&m, 0, 5);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	for (uint32_t n = 0; n < BITS_COUNT(lens); n++)
		expect_frame(&reader, n * INT64_C(1000000000), n, lens[n], 400000);
	expect_end(&reader, -ENODATA, where);
	capmake_free(&m);
}

static void test_strangers(void)
{
	static const struct {
		const char *octets;
		size_t len;
		int outcome;
		const char *words;
	} files[] = {
		{"\x1f\x8b\x08\0\0\0\0\0\0\3", 10, -ENOTSUP, "zcat FILE | dnsloupe -r -"},
		{"\x28\xb5\x2f\xfd\4\0", 6, -ENOTSUP, "zstdcat FILE"},
		{"\xfd"
		 "7zXZ\0\0\4",
			8, -ENOTSUP, "xzcat FILE"},
		{"BZh91AY&SY", 10, -ENOTSUP, "bzcat FILE"},
		{"snoop\0\0\0\0\0\0\2\0\0\0\4", 16, -ENOTSUP, "is a snoop capture"},
		{"RTSS\1\1\1\0", 8, -ENOTSUP, "Network Monitor 1"},
		{"GMBU\0\2\1\0", 8, -ENOTSUP, "Network Monitor 2"},
		{"\0\0\0\0\x11\x22\x33\x55\2\4\0\x60\0\0\0\x4e\0\0", 18, -ENOTSUP, "ERF"},
		{"#!/bin/sh\necho\n", 15, -EINVAL, "but text: \"#!/bin/sh echo \""},
		{"{\"ts\":\"2015-10-10T12:13:32Z\"}", 30, -EINVAL, "but text: \"{\"ts\":"},
		{"a line that is long and goes on", 31, -EINVAL, "text: \"a line that is long \""},
		{"\x7f"
		 "ELF\2\1\1",
			7, -EINVAL, "starts with 7f 45 4c 46"},
		{"\xa1\xb2", 2, -EINVAL, "starts with a1 b2"},
		{"\n\r\r\n", 4, -EINVAL, "is not a capture file"},
		{"\n\r\r\nshort text file", 19, -EINVAL, "is not a capture file"},
	};

	for (size_t i = 0; i < BITS_COUNT(files); i++) {
		struct capmake m = {
			.octets = (uint8_t *)(uintptr_t)files[i].octets, .len = files[i].len};
		struct source s;
		CU_ASSERT_EQUAL(open_made(&reader, &s, &m, i % 2 ? 1 : SIZE_MAX), files[i].outcome);
		expect_end(&reader, files[i].outcome, files[i].words);
	}
}

/* A failing source is not the end of a file. */
static void test_read_error(void)
{
	struct capmake m = capmake_of(256, false);
	struct source s;

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	put_record(&m, 1, 0, 0, 10, 10);
	CU_ASSERT_EQUAL_FATAL(open_made(&reader, &s, &m, SIZE_MAX), 0);
	s.error = -EIO;
	expect_frame(&reader, 1000000000, 0, 10, 10);
	expect_end(&reader, -EIO, "made.pcap: cannot be read: ");
	s = (struct source){.error = -ESTALE};
	CU_ASSERT_EQUAL(capfile_open_from(&reader, source_read, &s, "x"), -ESTALE);
	expect_end(&reader, -ESTALE, "x: cannot be read: ");
	capmake_free(&m);
}

static void test_descriptors(void)
{
	struct capmake m = capmake_of(256, false);
	int fds[2], file = memfd_create("capture", MFD_CLOEXEC);
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A buffer in which nothing is out of bounds yet (source_read). */
	tear_down();
	set_up();
	put_file_head(&m, MAGIC_NS, 2, 4, 1);
	put_record(&m, 1, 1, 0, 10, 10);
	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	CU_ASSERT_EQUAL_FATAL(write(fds[1], m.octets, m.len), (ssize_t)m.len);
	CU_ASSERT_EQUAL_FATAL(pwrite(file, m.octets, m.len, 0), (ssize_t)m.len);
	close(fds[1]);
	CU_ASSERT_EQUAL(capfile_open(&reader, file, "file"), 0);
	expect_frame(&reader, 1000000001, 0, 10, 10);
	expect_end(&reader, 0, NULL);
	CU_ASSERT_EQUAL(capfile_open(&reader, fds[0], "pipe"), 0);
	expect_frame(&reader, 1000000001, 0, 10, 10);
	expect_end(&reader, 0, NULL);
	CU_ASSERT_EQUAL(capfile_open(&reader, directory, "here"), -EISDIR);
	expect_end(&reader, -EISDIR, "here: cannot be read: ");
	CU_ASSERT_EQUAL(capfile_open(&reader, -1, "closed"), -EBADF);
	close(fds[0]);
	close(file);
	close(directory);
	capmake_free(&m);
}

/* The message contains the fault, however long the name is. */
static void test_long_name(void)
{
	char name[5000];
	struct source s = {.step = 1};

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_EQUAL(capfile_open_from(&reader, source_read, &s, name), -ENODATA);
	expect_end(&reader, -ENODATA, "nnn: is empty");
}

void test_rx_capfile(void)
{
	CU_pSuite s = CU_add_suite("rx_capfile", set_up, tear_down);

	CU_add_test(s, "byte orders and magic numbers", test_orders_and_magics);
	CU_add_test(s, "no frames", test_no_frames);
	CU_add_test(s, "versions", test_versions);
	CU_add_test(s, "link type and check sequence", test_link_type);
	CU_add_test(s, "odd records", test_odd_records);
	CU_add_test(s, "every cut", test_every_cut);
	CU_add_test(s, "lying lengths", test_lying_lengths);
	CU_add_test(s, "long frames", test_long_frames);
	CU_add_test(s, "what is not a capture", test_strangers);
	CU_add_test(s, "read error", test_read_error);
	CU_add_test(s, "descriptors", test_descriptors);
	CU_add_test(s, "long name", test_long_name);
}
