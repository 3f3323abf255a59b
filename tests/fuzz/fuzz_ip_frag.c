/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the reassembly of fragments. Eight octets of input are a fragment: id, flags, offset,
 * length. The fragments of a datagram have the octets of their place, unless a flag says otherwise,
 * so that a complete datagram can be checked.
 */
#include "reasm/ip_frag.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { OP = 8, DATAGRAMS = 4, MOST = 65536 };

static struct ip_frag table;
static struct metrics_reasm metrics;
static struct ip_frag_conf conf = {.max_datagrams = DATAGRAMS, .timeout_ns = 1000};

/*
 * Octet i of line x is x + i, so that no payload is made for each fragment: it is the end of a
 * line, behind which nothing may be read.
 */
static uint8_t *line[256];

static const uint8_t *octets_of(uint8_t first, uint32_t n)
{
	return line[(uint8_t)(first - (MOST - n))] + MOST - n;
}

static void prepare(void)
{
	for (int x = 0; x < 256; x++) {
		line[x] = malloc(MOST);
		for (uint32_t i = 0; i < MOST; i++)
			line[x][i] = (uint8_t)((uint32_t)x + i);
	}
}

static void judge(const struct frame *whole)
{
	const struct packet_datagram *head = (const struct packet_datagram *)whole->data;
	const uint8_t *payload = (const uint8_t *)(head + 1);
	uint32_t n = whole->len - (uint32_t)sizeof(*head);
	if (n == 0 || n > 65535 || head->proto != 17)
		abort();
	if (memcmp(payload, octets_of(payload[0], n), n) != 0)
		abort();
}

static void process(const uint8_t *op, int64_t clock)
{
	uint32_t offset = (uint32_t)(op[2] << 8 | op[3]) & 0xfff8;
	uint32_t most = op[1] & 16 ? 0xffff : 0x3ff; /* small datagrams are faster */
	uint32_t octets = ((uint32_t)(op[4] << 8 | op[5]) & most) + 1;
	struct frame whole;
	struct pkt pkt = {.payload = octets_of((uint8_t)(op[0] + offset), octets),
		.len = octets,
		.wire_len = octets + (op[1] & 2 ? op[7] : 0),
		.frag_id = op[0] % 8,
		.frag_offset = (uint16_t)offset,
		.frag_more = op[1] & 1,
		.frag_proto = 17,
		.clock_ns = clock};
	/* Another id with the same key has other octets, so that mixing them is noticed. */
	pkt.addrs.octets[ADDR_SRC][0] = op[0];
	if (ip_frag_process(&table, &pkt, &whole))
		judge(&whole);
	if (op[1] & 4)
		ip_frag_recycle(&table);
	if (op[1] & 8)
		ip_frag_expire(&table, clock, 2);
}

/* Checks that every datagram ended in exactly one way. */
static void check_books(void)
{
	if (metrics.frag_started != metrics.frag_whole + metrics.frag_overlapped +
					    metrics.frag_timeouts + metrics.frag_evicted +
					    metrics.frag_incomplete + metrics.frag_unfinished)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct hash_secret secret = hash_fixed(1);
	static void *memory;
	int64_t clock = 0;

	if (!memory) {
		memory = aligned_alloc(64, (ip_frag_bytes(&conf) + 63) & ~(size_t)63);
		prepare();
	}
	/* clearing more than what tells free from used would take most of the time */
	ip_frag_init(&table, memory, &conf, &secret, &metrics);
	memset(table.slots.buckets, 0, 2 * DATAGRAMS * sizeof(*table.slots.buckets));
	for (; len >= OP; data += OP, len -= OP) {
		clock += data[6];
		process(data, clock);
	}
	ip_frag_recycle(&table);
	ip_frag_finish(&table);
	check_books();
	return 0;
}
