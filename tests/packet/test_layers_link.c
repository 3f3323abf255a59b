/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types other than Ethernet. */
#include "packet/layers.h"

void test_packet_layers_link(void);

#define SNAP4 "aaaa03000000 0800 " D4
#define SNAP6 "aaaa03000000 86dd " D6
#define MAC3 "020000000001 020000000002 020000000003 0010"

#define CASE_DNS(what, link, words)                                                                \
	{                                                                                          \
		what, FRAME_LINK_##link, words, "dns", TUNNEL_none, -1, 0, ""                      \
	}

static void cooked(void)
{
	static const struct layers_case cases[] = {
		CASE_DNS("null, Cisco HDLC", NULL, "0f000800 " D4),
		CASE_DNS("cooked, LLC", SLL, "0000 0001 0006 0200000000010000 0004 " SNAP4),
		CASE_DNS("cooked, radiotap", SLL,
			"0000 0323 0006 0200000000010000 0000 0000080000000000 0801 0000 " MAC3
			" " SNAP4),
		CASE_DNS("cooked, GRE", SLL, "0000 030a 0004 0a00000100000000 86dd " D6),
		CASE_DNS("cooked 2, PPP", SLL2,
			"0007 0000 00000002 0001 00 06 0200000000010000 ff030021 " D4),
		{"cooked, netlink", FRAME_LINK_SLL, "0000 0338 0000 0000000000000000 0010 00",
			"other_ethertype"},
		{"cooked 2, CAN", FRAME_LINK_SLL2,
			"000c 0000 00000002 0118 00 00 0000000000000000 00", "other_ethertype"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void wlan(void)
{
	static const struct layers_case cases[] = {
		CASE_DNS("802.11", IEEE802_11, "0801 0000 " MAC3 " " SNAP4),
		CASE_DNS("802.11, QoS, HT control", IEEE802_11,
			"8881 0000 " MAC3 " 0000 00000000 " SNAP4),
		CASE_DNS("802.11, four addresses, QoS", IEEE802_11,
			"8803 0000 " MAC3 " 020000000004 0000 " SNAP6),
		{"802.11, A-MSDU", 105,
			"8801 0000 " MAC3 " 8000 020000000001 020000000002 len:0 " SNAP4,
			"aggregate"},
		{"802.11, A-MSDU without a header", 105,
			"8801 0000 " MAC3 " 8000 020000000001 020000000002 00", "bad_frame"},
		CASE_DNS("radiotap", RADIOTAP, "00000800 00000000 0801 0000 " MAC3 " " SNAP4),
		CASE_DNS("radiotap, time, flags, padding", RADIOTAP,
			"00001a00 03000080 00000000 00000000 0000000000000000 20 00 8801 0000 " MAC3
			" 0000 0000 " SNAP4),
		CASE_DNS("Prism", PRISM,
			"44000000 18000000 00000000000000000000000000000000 "
			"0801 0000 " MAC3 " " SNAP4),
		CASE_DNS(
			"AVS", AVS, "80211001 00000010 0000000000000000 0801 0000 " MAC3 " " SNAP4),
		CASE_DNS("AVS as Prism", PRISM,
			"80211001 00000010 0000000000000000 0801 0000 " MAC3 " " SNAP4),
		CASE_DNS("PPI", PPI, "00000c00 69000000 00000000 0801 0000 " MAC3 " " SNAP4),
		CASE_DNS("PPI, Ethernet", PPI, "00000800 01000000 eth:0800 " D4),
		{"802.11, protected", 105, "0841 0000 " MAC3 " 0011223344556677", "wlan_encrypted"},
		{"802.11, beacon", 105, "8000 0000 " MAC3 " 00112233", "wlan"},
		{"802.11, no data", 105, "4801 0000 " MAC3, "wlan"},
		{"802.11, piece", 105, "0805 0000 " MAC3 " " SNAP4, "wlan"},
		{"radiotap, version 1", 127, "01000800 00000000", "bad_frame"},
		{"PPI, unknown inside", 192, "00000800 ff000000 00", "other_link_type"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

/* Writes a subframe, made of `words`, in front of those in `m`. */
static void front_subframe(struct layers *m, const char *words, unsigned lie)
{
	static struct layers one;
	char front[64];
	const size_t behind = sizeof(m->octets) - m->start;

	memset(&one, 0, sizeof(one));
	one.start = sizeof(one.octets);
	layers_make(&one, words);
	const size_t n = sizeof(one.octets) - one.start;
	m->start -= behind ? -(14 + n) % 4 : 0; /* padding, between two subframes */
	memset(m->octets + m->start, 0, behind ? -(14 + n) % 4 : 0);
	m->start -= n;
	memcpy(m->octets + m->start, one.octets + one.start, n);
	snprintf(front, sizeof(front), "020000000001 020000000002 %04zx", n + lie);
	layers_make(m, front);
}

/* Walks the A-MSDU of a frame and writes the verdicts of its subframes, each with a space behind
 * it.
 */
static void walk_subframes(
	const struct layers *m, unsigned link, size_t cut, char *seen, size_t size)
{
	static uint8_t buffer[PACKET_SUBFRAME_BYTES];
	const size_t n = sizeof(m->octets) - m->start;
	struct frame frame = {.data = m->octets + m->start,
		.len = (uint32_t)(n - cut),
		.wire_len = (uint32_t)n,
		.ts_ns = 11,
		.clock_ns = 12,
		.link_type = (uint16_t)link};
	struct frame part;
	struct pkt aggregate, pkt;
	size_t used = 0;

	seen[0] = '\0';
	if (packet_walk(layers_conf(), &frame, &aggregate) != PACKET_aggregate)
		return;
	while (packet_subframe(&aggregate, buffer, &part)) {
		enum packet_verdict verdict = packet_walk(layers_conf(), &part, &pkt);
		CU_ASSERT(part.ts_ns == 11 && part.clock_ns == 12);
		CU_ASSERT_FATAL(part.len <= sizeof(buffer) && part.len <= part.wire_len);
		used += (size_t)snprintf(seen + used, size - used, "%s ", layers_name(verdict));
		CU_ASSERT_FATAL(used < size);
		if (verdict != PACKET_dns)
			continue;
		CU_ASSERT_FATAL(
			pkt.payload >= buffer && pkt.payload + pkt.len <= buffer + part.len);
		CU_ASSERT_EQUAL(pkt.tunnel.type, link == 1 ? TUNNEL_capwap : TUNNEL_none);
		CU_ASSERT_EQUAL(pkt.tunnel.has_ends, link == 1);
		CU_ASSERT_EQUAL(pkt.vlans, link == 1);
	}
}

/* IEEE 802.11-2020 clause 9.3.2.2: each subframe ends as it would alone, with its outer headers. */
static void subframes(void)
{
	static const struct {
		const char *what, *front;
		unsigned link, lie; /* what the last length says too much */
		size_t cut;
		const char *tail, *seen;
	} cases[] = {
		{"all of them", "8801 0000 " MAC3 " 8000", 105, 0, 0, "", "dns llc arp dns "},
		{"frame check sequence", "8801 0000 " MAC3 " 8000", 105, 0, 0, "01020304",
			"dns llc arp dns "},
		{"in CAPWAP, in a VLAN",
			"eth:8100 00050800 out4:17 udp:5247 0010030000000000 8801 0000 " MAC3
			" 8000",
			1, 0, 0, "", "dns llc arp dns "},
		{"cut in the last", "8801 0000 " MAC3 " 8000", 105, 0, 30, "", "dns llc arp cut "},
		{"cut in the header of the last", "8801 0000 " MAC3 " 8000", 105, 0, 80, "",
			"dns llc arp "},
		{"a length beyond the end", "8801 0000 " MAC3 " 8000", 105, 5000, 0, "",
			"dns llc arp dns "},
	};
	static struct layers m;
	char seen[256];

	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		memset(&m, 0, sizeof(m));
		m.start = sizeof(m.octets);
		layers_make(&m, cases[i].tail);
		front_subframe(&m, SNAP6, cases[i].lie);
		front_subframe(&m, "aaaa03000000 0806 0001 0800 0604 0001", 0);
		front_subframe(&m, "424203 0000", 0);
		front_subframe(&m, SNAP4, 0);
		layers_make(&m, cases[i].front);
		walk_subframes(&m, cases[i].link, cases[i].cut, seen, sizeof(seen));
		CU_ASSERT_STRING_EQUAL(seen, cases[i].seen);
		if (strcmp(seen, cases[i].seen) != 0)
			fprintf(stderr, "%s: %s\n", cases[i].what, seen);
	}
}

static void lines(void)
{
	static const struct layers_case cases[] = {
		CASE_DNS("PPP", PPP, "ff030021 " D4),
		CASE_DNS("PPP, compressed", PPP, "57 " D6),
		CASE_DNS("PPP in HDLC", PPP_HDLC, "ff030057 " D6),
		CASE_DNS("Cisco HDLC as PPP", PPP_HDLC, "0f000800 " D4),
		CASE_DNS("Cisco HDLC", C_HDLC, "8f0086dd " D6),
		CASE_DNS("Cisco HDLC, direction", C_HDLC_WITH_DIR, "00 0f000800 " D4),
		CASE_DNS("PPP, direction", PPP_WITH_DIR, "01 ff030021 " D4),
		CASE_DNS("PPP of pppd", PPP_PPPD, "00 030021 " D4),
		{"PPPoE", FRAME_LINK_PPP_ETHER, "11000007 len:0 0021 " D4, "dns", TUNNEL_pppoe, 7,
			0, ""},
		CASE_DNS("frame relay", FRELAY, "18410300 80 000000 0800 " D4),
		CASE_DNS("frame relay, NLPID", FRELAY, "184103 8e " D6),
		CASE_DNS("frame relay of Cisco", FRELAY, "1841 0800 " D4),
		CASE_DNS("frame relay, direction", FRELAY_WITH_DIR, "00 184103 cc " D4),
		{"Cisco HDLC, keep-alive", FRAME_LINK_C_HDLC, "8f008035 00000002",
			"other_ethertype"},
		{"PPP, LCP", FRAME_LINK_PPP, "ff03c021 01010004", "ppp"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void networks(void)
{
	static const struct layers_case cases[] = {
		CASE_DNS("FDDI", FDDI, "50 020000000001 020000000002 " SNAP4),
		CASE_DNS("token ring", TOKEN_RING, "1040 020000000001 020000000002 " SNAP4),
		CASE_DNS("token ring, route", TOKEN_RING,
			"1040 020000000001 820000000002 0630 0011 0020 " SNAP4),
		CASE_DNS("ARCNET", ARCNET, "0102 d4 00 0001 " D4),
		CASE_DNS("ARCNET, exception", ARCNET, "0102 d4 ff ffff 00 0001 " D4),
		CASE_DNS("ARCNET, old", ARCNET, "0102 f0 " D4),
		CASE_DNS("ARCNET of Linux", ARCNET_LINUX, "0102 0000 c4 00 0001 " D6),
		CASE_DNS("IP over Fibre Channel", IP_OVER_FC,
			"1000020000000001 1000020000000002 " SNAP4),
		CASE_DNS("ATM", ATM_RFC1483, SNAP6),
		CASE_DNS("IEEE 1394", IEEE1394, "0000000000000001 0000000000000002 0800 " D4),
		CASE_DNS("DOCSIS", DOCSIS, "0000 len:0 0000 eth:0800 " D4),
		CASE_DNS("DOCSIS, extended header", DOCSIS, "0103 len:0 010203 0000 eth:0800 " D4),
		CASE_DNS("EPON", EPON, "5555d55555000100 eth:0800 " D4),
		CASE_DNS("mPacket", MPACKET, "5555 55555555 55d5 eth:0800 " D4),
		CASE_DNS("mPacket, preemptable", MPACKET, "555555555555 55e6 eth:0800 " D4),
		CASE_DNS("DSA", DSA, "020000000001 020000000002 c0000000 0800 " D4),
		CASE_DNS("EDSA", EDSA, "020000000001 020000000002 dada0000c0000000 0800 " D4),
		CASE_DNS("Broadcom tag", DSA_BRCM, "020000000001 020000000002 20000001 86dd " D6),
		CASE_DNS("Broadcom tag in front", DSA_BRCM_PREPEND, "20000001 eth:0800 " D4),
		CASE_DNS("netANALYZER", NETANALYZER, "01020304 eth:0800 " D4),
		CASE_DNS("Symantec", SYMANTEC,
			"000000000000 0800 00000000000000000000000000000000000000000000000000000000"
			"0000000000000000 " D4),
		{"ARCNET, later piece", FRAME_LINK_ARCNET, "0102 d4 02 0001 00", "other_ethertype"},
		{"ARCNET, ARP", FRAME_LINK_ARCNET, "0102 d5 00 0001 00", "arp"},
		{"mPacket, verify", FRAME_LINK_MPACKET, "55555555 07", "other_ethertype"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void taps(void)
{
	static const struct layers_case cases[] = {
		CASE_DNS("NFLOG", NFLOG,
			"0200 0000 0800 0100 08000100 0600 0a00 61620000 le:2 0900 " D4),
		CASE_DNS("NFLOG, big endian", NFLOG, "0a00 0000 0008 0001 00000000 len:2 0009 " D6),
		CASE_DNS("IPNET", IPNET,
			"0102 0003 00000000 00000001 00000000 00000001 00000001 " D4),
		CASE_DNS("PKTAP", PKTAP, "10000000 01000000 01000000 00000000 eth:0800 " D4),
		CASE_DNS("PKTAP, raw", PKTAP_USER2, "0c000000 01000000 0c000000 " D6),
		CASE_DNS("PFLOG", PFLOG, "0602 0000 0000 0000 " D4),
		CASE_DNS("enc", ENC, "02000000 00000001 00000000 " D4),
		CASE_DNS("SLIP", SLIP, "00000000000000000000000000000000 " D4),
		{"NFLOG without packet", FRAME_LINK_NFLOG, "0200 0000 0400 0100", "bad_frame"},
		{"NFLOG, length 3", FRAME_LINK_NFLOG, "0200 0000 0300 0100", "bad_frame"},
		{"NFLOG, version 1", FRAME_LINK_NFLOG, "0201 0000 0400 0100", "other_link_type"},
		{"USER0", 147, "eth:0800 " D4, "other_link_type"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

void test_packet_layers_link(void)
{
	CU_pSuite s = CU_add_suite("packet/layers_link", NULL, NULL);
	CU_add_test(s, "cooked", cooked);
	CU_add_test(s, "802.11", wlan);
	CU_add_test(s, "A-MSDU", subframes);
	CU_add_test(s, "lines", lines);
	CU_add_test(s, "networks", networks);
	CU_add_test(s, "taps", taps);
}
