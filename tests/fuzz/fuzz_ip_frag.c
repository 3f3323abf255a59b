/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eight octets of input are a fragment: id, flags, offset, length. All pieces of a datagram carry
 * the octets that belong at their place, unless a flag says otherwise, so that a whole one can be
 * judged.
 */
#include "reasm/ip_frag.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DATAGRAMS 4

static struct ip_frag table;
static struct metrics_reasm metrics;

static void judge(const struct frame *whole)
{
	const struct packet_datagram *head = (const struct packet_datagram *)whole->data;
	const uint8_t *payload = (const uint8_t *)(head + 1);
	uint32_t n = whole->len - (uint32_t)sizeof(*head);
	uint8_t first = n ? payload[0] : 0;
	if (n == 0 || n > 65535 || head->proto != 17)
		abort();
	for (uint32_t i = 0; i < n; i++)
		if (payload[i] != (uint8_t)(first + i))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t content[65536];
	struct ip_frag_conf conf = {.max_datagrams = DATAGRAMS, .timeout_ns = 1000};
	struct hash_secret secret = hash_fixed(1);
	static void *memory;
	int64_t clock = 0;

	if (!memory)
		memory = aligned_alloc(64, (ip_frag_bytes(&conf) + 63) & ~(size_t)63);
	/* Only what tells free from used must be fresh: clearing all would take all the time. */
	ip_frag_init(&table, memory, &conf, &secret, &metrics);
	memset(table.buckets, 0, 2 * DATAGRAMS * sizeof(*table.buckets));
	for (; len >= 8; data += 8, len -= 8) {
		uint32_t offset = (uint32_t)(data[2] << 8 | data[3]) & 0xfff8;
		uint32_t most = data[1] & 16 ? 0xffff : 0x3ff; /* small ones are faster */
		uint32_t octets = ((uint32_t)(data[4] << 8 | data[5]) & most) + 1;
		struct frame whole;
		clock += data[6];
		for (uint32_t i = 0; i < octets; i++)
			content[i] = (uint8_t)(data[0] + offset + i);
		struct pkt pkt = {.payload = content,
			.len = octets,
			.wire_len = octets + (data[1] & 2 ? data[7] : 0),
			.frag_id = data[0] % 8,
			.frag_offset = (uint16_t)offset,
			.frag_more = data[1] & 1,
			.frag_proto = 17,
			.clock_ns = clock};
		/* Another id with the same key has other octets: what mixes them would show. */
		pkt.src.octets[0] = data[0];
		if (ip_frag_take(&table, &pkt, &whole))
			judge(&whole);
		if (data[1] & 4)
			ip_frag_recycle(&table);
		if (data[1] & 8)
			ip_frag_expire(&table, clock, 2);
	}
	return 0;
}
