/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages that cost the decoder most, and an ordinary one to compare: nanoseconds of CPU for
 * one message and for an octet of it, read as the worker does (header and question) and as the
 * logger does (every owner and every RDATA as text). Work is linear if the cost of an octet does
 * not rise with the length of the message: each case is run at three lengths. With a number as
 * argument the program fails if any case costs more than so many nanoseconds an octet at full
 * length.
 */
#include "dns/rdata.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 65535 };

struct made {
	uint8_t octets[MOST];
	uint32_t len, limit;
	uint16_t count;
};

static struct made made;
static char room[64 << 20];

static bool put(const void *p, size_t n)
{
	if (made.len + n > made.limit)
		return false;
	memcpy(made.octets + made.len, p, n);
	made.len += (uint32_t)n;
	return true;
}

/* A record whose owner and RDATA are given in wire form. */
static bool put_rr(const void *owner, size_t n, uint16_t type, const void *rdata, uint16_t rdlen)
{
	uint8_t fixed[10] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0, 60,
		(uint8_t)(rdlen >> 8), (uint8_t)rdlen};
	if (made.len + n + sizeof(fixed) + rdlen > made.limit)
		return false;
	put(owner, n);
	put(fixed, sizeof(fixed));
	put(rdata, rdlen);
	made.count++;
	return true;
}

static void begin(uint32_t limit)
{
	static const uint8_t header[DNS_HEADER_LEN] = {0, 1, 0x80};
	made.len = 0;
	made.limit = limit;
	made.count = 0;
	put(header, sizeof(header));
}

/* A name of 127 labels at offset 23, in the RDATA of the first record; all others point to it. */
static void put_labels(void)
{
	uint8_t name[NAME_WIRE_MAX];
	for (int i = 0; i < 254; i += 2) {
		name[i] = 1;
		name[i + 1] = 0xff;
	}
	name[254] = 0;
	put_rr("", 1, RRTYPE_NS, name, sizeof(name));
}

static void make_plain(void)
{
	while (put_rr("\3www\7example\3com", 17, RRTYPE_A, "\300\0\2\1", 4))
		;
}

static void make_labels(void)
{
	put_labels();
	while (put_rr("\300\27", 2, RRTYPE_NS, "\300\27", 2))
		;
}

/* Seven names at once, each of another tail of the long name: the memory for names does not help.
 */
static void make_tails(void)
{
	put_labels();
	for (unsigned i = 0;; i++) {
		uint8_t owner[2] = {0xc0, (uint8_t)(23 + 2 * (i % 20))};
		uint8_t rdata[2] = {0xc0, (uint8_t)(23 + 2 * ((i + 11) % 20))};
		if (!put_rr(owner, 2, RRTYPE_NS, rdata, 2))
			return;
	}
}

/* A chain of as many pointers as are followed, then records that begin at its end. */
static void make_chain(void)
{
	uint8_t chain[1 + 2 * (NAME_JUMPS - 2)] = {0};
	for (unsigned i = 0; i < NAME_JUMPS - 2; i++) {
		unsigned target = i ? 23 + 1 + 2 * (i - 1) : 23;
		chain[1 + 2 * i] = (uint8_t)(0xc0 | target >> 8);
		chain[2 + 2 * i] = (uint8_t)target;
	}
	put_rr("", 1, RRTYPE_NULL_, chain, sizeof(chain));
	unsigned last = 23 + sizeof(chain) - 2;
	uint8_t pointer[2] = {(uint8_t)(0xc0 | last >> 8), (uint8_t)last};
	while (put_rr(pointer, 2, RRTYPE_NS, pointer, 2))
		;
}

/* As many names in one record as can be. */
static void make_names(void)
{
	static uint8_t rdata[MOST];
	uint16_t n = (uint16_t)(made.limit - made.len - 11);
	memcpy(rdata, "\1\2\0\1ab", 6);
	put_rr("", 1, RRTYPE_HIP, rdata, n);
}

static void make_bits(void)
{
	static uint8_t rdata[MOST];
	uint32_t n = 1;
	for (unsigned w = 0; w < 256 && n + 34 + 11 + made.len <= made.limit; w++, n += 34) {
		rdata[n] = (uint8_t)w;
		rdata[n + 1] = 32;
		memset(rdata + n + 2, 0xff, 32);
	}
	while (put_rr("", 1, RRTYPE_NSEC, rdata, (uint16_t)n))
		;
}

static void make_strings(void)
{
	static uint8_t rdata[MOST];
	uint32_t n = made.limit - made.len - 11;
	memset(rdata, 0, sizeof(rdata));
	put_rr("", 1, RRTYPE_TXT, rdata, (uint16_t)n);
}

static void make_control(void)
{
	static uint8_t rdata[256];
	memset(rdata + 1, 1, 255);
	rdata[0] = 255;
	while (put_rr("", 1, RRTYPE_TXT, rdata, sizeof(rdata)))
		;
}

static const struct {
	const char *name;
	void (*make)(void);
	bool claim; /* 65535 records, whatever there are */
} cases[] = {
	{"plain: uncompressed A", make_plain, false},
	{"65535 records claimed", make_plain, true},
	{"127 labels, one pointer", make_labels, false},
	{"127 labels, other tails", make_tails, false},
	{"126 pointers in a chain", make_chain, false},
	{"names in one record", make_names, false},
	{"all bits of a type map", make_bits, false},
	{"empty strings", make_strings, false},
	{"control characters", make_control, false},
};

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void show_all(const struct dns_msg *msg, size_t *characters)
{
	struct rr_iter it = rr_iter_of(msg, made.octets, made.len);
	struct text t = text_of(room, sizeof(room));
	struct name_memo memo = {0};
	enum dns_error error;
	struct rr rr;
	t.quoted = true;
	while (rr_next(&it, &rr)) {
		name_text(&t, &it.space, rr.name, false, &memo, &error);
		rdata_text(&t, &it.space, &rr, &memo);
	}
	if (t.full)
		exit(2);
	*characters = text_len(&t);
}

/* The least nanoseconds of nine runs; a run repeats the message for a while. */
static double cost_ns(bool all, size_t *characters)
{
	double least = 0;
	for (int run = 0; run < 9; run++) {
		int64_t start = now_ns(), spent;
		unsigned n = 0;
		do {
			struct dns_msg msg;
			for (int i = 0; i < (all ? 1 : 1000); i++, n++)
				if (dns_msg_read(&msg, made.octets, made.len) != DNS_OK)
					exit(2);
			if (all)
				show_all(&msg, characters);
			spent = now_ns() - start;
		} while (spent < 3000000);
		double each = (double)spent / n;
		if (run == 0 || each < least)
			least = each;
	}
	return least;
}

int main(int argc, char **argv)
{
	static const uint32_t lengths[] = {4096, 16384, MOST};
	double bound = argc > 1 ? atof(argv[1]) : 0;
	bool over = false;
	printf("%-24s %6s %9s %9s %8s %9s\n", "message", "octets", "read ns", "show ns", "ns/octet",
		"chars/oct");
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		for (size_t k = 0; k < BITS_COUNT(lengths); k++) {
			size_t characters = 0;
			begin(lengths[k]);
			cases[i].make();
			uint16_t count = cases[i].claim ? 65535 : made.count;
			made.octets[6] = (uint8_t)(count >> 8);
			made.octets[7] = (uint8_t)count;
			double show = cost_ns(true, &characters), read = cost_ns(false, NULL);
			printf("%-24s %6u %9.1f %9.0f %8.2f %9.2f\n", cases[i].name, made.len, read,
				show, show / made.len, (double)characters / made.len);
			over |= bound > 0 && show / made.len > bound;
		}
	}
	return over ? 1 : 0;
}
