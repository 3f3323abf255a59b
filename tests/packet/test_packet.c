/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/packet.h"

#include "packet/samples.h"
#include "support/guard.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void test_packet_packet(void);

static struct packet_conf conf;

static int set_up(void)
{
	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
	conf.max_depth = 16;
	packet_encrypted_ports(&conf, (const uint16_t[]){853}, 1);
	return 0;
}

static const char *name_of(enum packet_verdict verdict)
{
	static const char names[][24] = {
#define METRIC(name, help) #name,
#include "metrics/packet.def"
#undef METRIC
	};
	CU_ASSERT_FATAL((size_t)verdict < BITS_COUNT(names));
	return names[verdict];
}

/* Walks the first `len` octets, which end at a guard page, of a frame of `wire_len` octets. */
static const char *walk(
	const struct wire *w, unsigned link, uint32_t len, uint32_t wire_len, struct pkt *pkt)
{
	uint8_t *p = guard_copy(w->octets, len);
	struct frame frame = {.data = p,
		.len = len,
		.wire_len = wire_len,
		.ts_ns = 11,
		.clock_ns = 12,
		.link_type = (uint16_t)link};
	memset(pkt, 0xee, sizeof(*pkt));
	const char *verdict = name_of(packet_walk(&conf, &frame, pkt));
	if (strcmp(verdict, "dns") == 0) {
		CU_ASSERT_FATAL(pkt->payload >= p && pkt->payload + pkt->len <= p + len);
		CU_ASSERT_FATAL(pkt->len <= pkt->wire_len && pkt->vlans <= PACKET_VLANS);
		CU_ASSERT_EQUAL(pkt->ts_ns, 11);
		CU_ASSERT_EQUAL(pkt->clock_ns, 12);
		/* checks the payload here, because it borrows from the copy */
		if (len == w->len)
			CU_ASSERT_EQUAL(
				memcmp(pkt->payload, w->octets + (pkt->payload - p), pkt->len), 0);
	}
	pkt->payload = NULL;
	guard_free(p, len);
	return verdict;
}

static void check_dns(const struct sample *s, const struct pkt *pkt)
{
	static const uint8_t four[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 53}};
	char vlans[64] = "";
	CU_ASSERT_EQUAL(pkt->len, SAMPLE_MESSAGE);
	CU_ASSERT_EQUAL(pkt->wire_len, SAMPLE_MESSAGE);
	CU_ASSERT_EQUAL(pkt->cut, 0);
	CU_ASSERT_EQUAL(pkt->proto, PACKET_UDP);
	CU_ASSERT(pkt->sport == 4321 && pkt->dport == 53);
	CU_ASSERT_EQUAL(pkt->addrs.family, s->v6);
	if (s->v6) {
		CU_ASSERT(bits_be32(pkt->addrs.octets[ADDR_SRC]) == 0x20010db8 &&
			  pkt->addrs.octets[ADDR_SRC][15] == 1);
		CU_ASSERT(bits_be32(pkt->addrs.octets[ADDR_DST]) == 0x20010db8 &&
			  pkt->addrs.octets[ADDR_DST][15] == 0x53);
	} else {
		struct addr_pair addrs = addr_pair_of(addr_of_v4(four[0]), addr_of_v4(four[1]));
		CU_ASSERT(addr_pair_equal(&addrs, &pkt->addrs));
	}
	for (int i = 0; i < pkt->vlans; i++)
		snprintf(vlans + strlen(vlans), sizeof(vlans) - strlen(vlans), "%u ", pkt->vlan[i]);
	CU_ASSERT_STRING_EQUAL(vlans, s->vlans ? s->vlans : "");
}

static void whole(void)
{
	static struct wire w;
	for (size_t i = 0; i < samples_count; i++) {
		const struct sample *s = &samples[i];
		struct pkt pkt;
		wire_clear(&w);
		wire_hex(&w, s->hex);
		const char *verdict = walk(&w, s->link, w.len, w.len, &pkt);
		if (strcmp(verdict, s->verdict) != 0)
			printf("%s: %s, not %s\n", s->what, verdict, s->verdict);
		CU_ASSERT_STRING_EQUAL(verdict, s->verdict);
		if (strcmp(s->verdict, "dns") == 0 && strcmp(verdict, "dns") == 0)
			check_dns(s, &pkt);
	}
}

/* Octets behind the datagram are padding and no part of the message. */
static void padded(void)
{
	static struct wire w;
	for (size_t i = 0; i < samples_count; i++) {
		const struct sample *s = &samples[i];
		struct pkt pkt;
		if (strcmp(s->verdict, "dns") != 0)
			continue;
		wire_clear(&w);
		wire_hex(&w, s->hex);
		if (!s->unbounded) {
			wire_fill(&w, 0xdd, 18);
			CU_ASSERT_STRING_EQUAL(walk(&w, s->link, w.len, w.len, &pkt), "dns");
			check_dns(s, &pkt);
			/* truncated padding is no loss */
			CU_ASSERT_STRING_EQUAL(walk(&w, s->link, w.len, w.len + 9, &pkt), "dns");
			check_dns(s, &pkt);
		}
	}
}

/* A frame that the capture truncated ends as `cut`, or by a header in front of that. */
static void every_snap(void)
{
	static struct wire w;
	for (size_t i = 0; i < samples_count; i++) {
		const struct sample *s = &samples[i];
		struct pkt pkt;
		unsigned messages = 0, cut = 0;
		wire_clear(&w);
		wire_hex(&w, s->hex);
		for (uint32_t len = 0; len < w.len; len++) {
			const char *verdict = walk(&w, s->link, len, w.len, &pkt);
			bool same = strcmp(verdict, s->verdict) == 0;
			if (!same && strcmp(verdict, "cut") != 0)
				printf("%s, cut to %u: %s\n", s->what, len, verdict);
			CU_ASSERT_TRUE(same || strcmp(verdict, "cut") == 0);
			cut += !same;
			if (strcmp(verdict, "dns") != 0)
				continue;
			if (s->lengths) { /* perhaps only octets behind the message are missing */
				CU_ASSERT_EQUAL(pkt.wire_len, SAMPLE_MESSAGE);
				CU_ASSERT_EQUAL(pkt.cut, pkt.len < pkt.wire_len);
			}
			messages++;
		}
		bool at_once = w.len == 0 || strcmp(s->verdict, "other_link_type") == 0;
		CU_ASSERT_EQUAL(cut == 0, at_once);
		/* without a length, less than a header is no message yet */
		if (strcmp(s->verdict, "dns") == 0)
			CU_ASSERT(messages >= SAMPLE_MESSAGE - (s->unbounded ? 12 : 1));
	}
}

/* A frame that is merely short may end with any verdict, but no octet behind its end is read. */
static void every_truncation(void)
{
	static struct wire w;
	for (size_t i = 0; i < samples_count; i++) {
		struct pkt pkt;
		wire_clear(&w);
		wire_hex(&w, samples[i].hex);
		for (uint32_t len = 0; len < w.len; len++)
			if (strcmp(walk(&w, samples[i].link, len, len, &pkt), "dns") == 0)
				CU_ASSERT_EQUAL(pkt.cut, 0);
	}
}

/* Each verdict of a walk has a sample. */
static void every_verdict(void)
{
	static const char *const elsewhere[] = {
		"other_protocol", /* the pipeline's: whoever reads the message */
		"too_large", /* the worker's: no frame at all */
		"cut", /* every_snap() */
		"filtered", "filter_unfit", /* the worker's: filter.bpf */
	};
	for (int v = 0; v < (int)(sizeof(struct metrics_packet) / sizeof(uint64_t)); v++) {
		const char *name = name_of((enum packet_verdict)v);
		bool found = false;
		for (size_t i = 0; i < samples_count; i++)
			found = found || strcmp(samples[i].verdict, name) == 0;
		for (size_t i = 0; i < BITS_COUNT(elsewhere); i++)
			found = found || strcmp(elsewhere[i], name) == 0;
		if (!found)
			printf("no sample ends as %s\n", name);
		CU_ASSERT_TRUE(found);
	}
}

static void counts(void)
{
	struct metrics_packet m = {0};
	packet_count(&m, PACKET_dns);
	packet_count(&m, PACKET_too_large);
	packet_count(&m, PACKET_too_large);
	CU_ASSERT(m.dns == 1 && m.too_large == 2 && m.arp == 0);
}

static void ports(void)
{
	static struct packet_conf c;
	static const uint16_t some[] = {0, 1, 53, 63, 64, 5353, 65535};
	for (size_t i = 0; i < BITS_COUNT(some); i++)
		packet_port_add(&c, some[i]);
	unsigned n = 0;
	for (unsigned p = 0; p < 65536; p++)
		n += packet_port_is(&c, (uint16_t)p);
	CU_ASSERT_EQUAL(n, BITS_COUNT(some));
	for (size_t i = 0; i < BITS_COUNT(some); i++)
		CU_ASSERT_TRUE(packet_port_is(&c, some[i]));
}

/* A hash is the same for both directions, differs for other ends, and spreads over workers. */
static void flow_hash(void)
{
	struct hash_secret secret = hash_fixed(1), other = hash_fixed(2);
	unsigned owners[8] = {0}, differs = 0;
	for (unsigned i = 0; i < 8000; i++) {
		uint8_t a[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}, b[4] = {192, 0, 2, 53};
		struct pkt there = {
			.addrs = addr_pair_of(addr_of_v4(a), addr_of_v4(b)), .dport = 53};
		there.sport = (uint16_t)(1024 + i % 7);
		struct pkt back = there;
		back.addrs = addr_pair_reverse(&there.addrs);
		back.sport = there.dport;
		back.dport = there.sport;
		uint32_t h = packet_flow_hash(&secret, &there);
		CU_ASSERT_EQUAL_FATAL(h, packet_flow_hash(&secret, &back));
		back.sport++;
		CU_ASSERT_NOT_EQUAL(h, packet_flow_hash(&secret, &back));
		differs += h != packet_flow_hash(&other, &there);
		owners[(uint64_t)h * 8 >> 32]++;
	}
	CU_ASSERT(differs > 7990);
	for (int i = 0; i < 8; i++)
		CU_ASSERT(owners[i] > 800 && owners[i] < 1200);
}

void test_packet_packet(void)
{
	CU_pSuite s = CU_add_suite("packet/packet", set_up, NULL);
	CU_add_test(s, "whole frames", whole);
	CU_add_test(s, "padding", padded);
	CU_add_test(s, "every snap length", every_snap);
	CU_add_test(s, "every truncation", every_truncation);
	CU_add_test(s, "every verdict", every_verdict);
	CU_add_test(s, "counts", counts);
	CU_add_test(s, "ports", ports);
	CU_add_test(s, "flow hash", flow_hash);
}
