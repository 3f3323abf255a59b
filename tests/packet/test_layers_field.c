/* SPDX-License-Identifier: BSD-3-Clause */
/* Layers of less common captures: overlays, time tags, links of capture cards and routers, ESP. */
#include "packet/layers.h"

void test_packet_layers_field(void);

#define OUT4 "eth:0800 out4:17 "
#define MAC3 "020000000001 020000000002 020000000003 0010"

#define CASE_LINK(what, link, words)                                                               \
	{                                                                                          \
		what, FRAME_LINK_##link, words, "dns", TUNNEL_none, -1, 0, ""                      \
	}

static void overlays(void)
{
	static const struct layers_case cases[] = {
		{"LISP", 1, OUT4 "udp:4341 88000000 00002a01 " D4, "dns", TUNNEL_lisp, 42, 4, ""},
		{"LISP without instance", 1, OUT4 "udp:4341 80000001 00000001 " D6, "dns",
			TUNNEL_lisp, -1, 4, ""},
		{"LISP-GPE", 1, OUT4 "udp:4341 0c000003 00002a00 eth:0800 " D4, "dns", TUNNEL_lisp,
			42, 4, ""},
		{"LISP, encrypted", 1, OUT4 "udp:4341 89000000 00002a01 " D4, "other_port"},
		{"no LISP", 1, OUT4 "udp:4341 88000000 00002a01 0000000000000000", "other_port"},
		{"GUE", 1, OUT4 "udp:6080 00040000 " D4, "dns", TUNNEL_gue, -1, 4, ""},
		{"GUE, IPv6, fields", 1, OUT4 "udp:6080 02298000 0000000000000000 " D6, "dns",
			TUNNEL_gue, -1, 4, ""},
		{"GUE, variant 1", 1, OUT4 "udp:6080 " D4, "dns", TUNNEL_gue, -1, 4, ""},
		{"GUE, GRE", 1, OUT4 "udp:6080 002f0000 20000800 00000007 " D4, "dns", TUNNEL_gre,
			7, 4, ""},
		{"GUE, control", 1, OUT4 "udp:6080 20000000 0000", "tunnel_control"},
		{"GUE, variant 2", 1, OUT4 "udp:6080 80040000 " D4, "other_port"},
		{"CAPWAP, 802.11", 1,
			OUT4 "udp:5247 00100300 00000000 0801 0000 " MAC3 " aaaa03000000 0800 " D4,
			"dns", TUNNEL_capwap, -1, 4, ""},
		{"CAPWAP, 802.11, frame control in the other order", 1,
			OUT4 "udp:5247 00100300 00000000 0108 0000 " MAC3 " aaaa03000000 86dd " D6,
			"dns", TUNNEL_capwap, -1, 4, ""},
		{"CAPWAP, 802.3", 1, OUT4 "udp:5247 00100200 00000000 eth:0800 " D4, "dns",
			TUNNEL_capwap, -1, 4, ""},
		{"CAPWAP, radio MAC", 1,
			OUT4 "udp:5247 00200310 00000000 0602000000000100 0801 0000 " MAC3
			     " aaaa03000000 0800 " D4,
			"dns", TUNNEL_capwap, -1, 4, ""},
		{"CAPWAP, keep-alive", 1, OUT4 "udp:5247 00100208 00000000 0012", "tunnel_control"},
		{"CAPWAP, DTLS", 1, OUT4 "udp:5247 01000000 17feff0001", "esp"},
		{"CAPWAP, fragment", 1, OUT4 "udp:5247 00100280 00010000 0801 0000", "wlan"},
		{"no CAPWAP", 1, OUT4 "udp:5247 00080000 00000000", "other_port"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

/* A datagram from a tunnel's port to any other belongs to the tunnel if its header leaves no doubt.
 */
static void answers(void)
{
	static const struct layers_case cases[] = {
		{"VXLAN", 1, OUT4 "12b5 c000 len:6 0000 0800000000002a00 eth:0800 " D4, "dns",
			TUNNEL_vxlan, 42, 4, ""},
		{"VXLAN, reserved bits", 1,
			OUT4 "12b5 c000 len:6 0000 0800000100002a00 eth:0800 " D4, "other_port"},
		{"GTP-U", 1, OUT4 "0868 c000 len:6 0000 30ff len:-4 00000009 " D4, "dns",
			TUNNEL_gtp, 9, 4, ""},
		{"GTP-U, a length one short", 1,
			OUT4 "0868 c000 len:6 0000 30ff len:-5 00000009 " D4, "other_port"},
		{"GENEVE", 1, OUT4 "17c1 c000 len:6 0000 0000655800002a00 eth:0800 " D4, "dns",
			TUNNEL_geneve, 42, 4, ""},
		{"GENEVE, of AppleTalk", 1,
			OUT4 "17c1 c000 len:6 0000 0000809b00002a00 eth:0800 " D4, "other_port"},
		{"LISP", 1, OUT4 "10f5 c000 len:6 0000 88000000 00002a01 " D4, "dns", TUNNEL_lisp,
			42, 4, ""},
		{"TZSP", 1, OUT4 "9090 c000 len:6 0000 01000001 01 eth:0800 " D4, "other_port"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void fou(void)
{
	static const uint16_t port[] = {5555};
	static struct packet_conf conf;
	static struct layers m;
	static const struct {
		const char *words;
		enum packet_verdict verdict;
		unsigned tunnel;
	} cases[] = {
		{OUT4 "udp:5555 " D4, PACKET_dns, TUNNEL_fou},
		{OUT4 "udp:5555 " D6, PACKET_dns, TUNNEL_fou},
		{OUT4 "udp:5555 20000800 00000007 " D4, PACKET_dns, TUNNEL_gre},
		{OUT4 "udp:5555 ffff0800 00000007 " D4, PACKET_other_port, 0},
	};
	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		struct pkt pkt;
		size_t n = layers_made(&m, cases[i].words);
		CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_other_port);
		packet_tunnel_ports(&conf, PACKET_TUNNEL_fou, port, 1);
		CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), cases[i].verdict);
		CU_ASSERT(pkt.tunnel.type == cases[i].tunnel || cases[i].verdict != PACKET_dns);
		packet_tunnel_ports(&conf, PACKET_TUNNEL_fou, NULL, 0);
	}
}

static void tags(void)
{
	static const struct layers_case cases[] = {
		{"R-TAG", 1, "eth:8100 0005f1c1 0000 1234 0800 " D4, "dns", 0, -1, 0, "5 "},
		{"TTAG", 1, "eth:8988 010101010101 0800 " D4, "dns", 0, -1, 0, ""},
		{"TTAG before a VLAN", 1, "eth:8988 010101010101 8100 000586dd " D6, "dns", 0, -1,
			0, "5 "},
		{"Arista, 64 bits", 1, "eth:d28b 00010010 0000000100000002 0800 " D4, "dns", 0, -1,
			0, ""},
		{"Arista, 64 bits, UTC", 1, "eth:d28b 00010110 0000000100000002 86dd " D6, "dns", 0,
			-1, 0, ""},
		{"Arista, 48 bits", 1, "eth:d28b 00010020 000100000002 8100 00050800 " D4, "dns", 0,
			-1, 0, "5 "},
		{"Arista, of another subtype", 1, "eth:d28b 00020010 0000000100000002 0800 " D4,
			"other_ethertype"},
		{"Arista, of another version", 1, "eth:d28b 00010030 0000000100000002 0800 " D4,
			"other_ethertype"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

#define ERF "0000000000000000"

static void links(void)
{
	static const struct layers_case cases[] = {
		CASE_LINK("ERF, Ethernet", ERF, ERF "02 04 0050 0000 0040 0000 eth:0800 " D4),
		CASE_LINK("ERF, two extensions", ERF,
			ERF "82 04 0050 0000 0040 8500000000000000 0500000000000000 0000 "
			    "eth:86dd " D6),
		CASE_LINK("ERF, hash", ERF, ERF "14 04 0050 0000 0040 0000 eth:0800 " D4),
		CASE_LINK("ERF, POS", ERF, ERF "01 04 0050 0000 0040 0f000800 " D4),
		CASE_LINK("ERF, POS, PPP", ERF, ERF "01 04 0050 0000 0040 ff030021 " D4),
		CASE_LINK("ERF, channels", ERF, ERF "05 04 0050 0000 0040 00000001 0f000800 " D4),
		CASE_LINK("ERF, AAL5", ERF,
			ERF "04 04 0050 0000 0040 00000010 aaaa03000000 0800 " D4),
		CASE_LINK("ERF, IPv4", ERF, ERF "16 04 0050 0000 0040 " D4),
		CASE_LINK("ERF, InfiniBand", ERF,
			ERF "15 04 0050 0000 0040 00020001 00120002 6400ffff 00000001 00000000 "
			    "00000b1b 00000001 08000000 " D4),
		{"ERF, a counter", FRAME_LINK_ERF, ERF "0d 04 0050 0000 0040 0000000000000000",
			"other_link_type"},
		CASE_LINK("IPoIB", IPOIB, ERF ERF ERF ERF ERF "08000000 " D4),
		CASE_LINK("IPoIB, IPv6", IPOIB, ERF ERF ERF ERF ERF "86dd0000 " D6),
		{"IPoIB, nothing known", FRAME_LINK_IPOIB, ERF ERF ERF ERF ERF "00010000 00",
			"other_ethertype"},
		CASE_LINK("InfiniBand, GRH", INFINIBAND,
			"00030001 00120002 " ERF ERF ERF ERF ERF
			" 6400ffff 00000001 00000000 00000b1b 00000001 86dd0000 " D6),
		{"InfiniBand, RDMA", FRAME_LINK_INFINIBAND,
			"00020001 00120002 0a00ffff 00000001 00000000", "other_ethertype"},
		{"InfiniBand, raw", FRAME_LINK_INFINIBAND, "00000001 00120002", "other_ethertype"},
		CASE_LINK("SunATM, LLC", SUNATM, "02000020 aaaa03000000 0800 " D4),
		CASE_LINK("SunATM, sent", SUNATM, "82000020 aaaa03000000 86dd " D6),
		CASE_LINK("SunATM, LANE", SUNATM, "01000020 0001 eth:0800 " D4),
		{"SunATM, signalling", FRAME_LINK_SUNATM, "06000005 00000000", "llc"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

#define JUNIPER "4d474380 0006 02011a03010e"

static void juniper(void)
{
	static const struct layers_case cases[] = {
		CASE_LINK("Ethernet", JUNIPER_ETHER, JUNIPER " eth:0800 " D4),
		CASE_LINK("Ethernet, no extensions", JUNIPER_ETHER, "4d474301 eth:86dd " D6),
		CASE_LINK("PPPoE", JUNIPER_PPPOE, "4d474301 eth:0800 " D4),
		CASE_LINK("PPP", JUNIPER_PPP, JUNIPER " ff030021 " D4),
		CASE_LINK("frame relay", JUNIPER_FRELAY, JUNIPER " 184103cc " D4),
		CASE_LINK("Cisco HDLC", JUNIPER_CHDLC, JUNIPER " 0f0086dd " D6),
		CASE_LINK("no link, IPv4", JUNIPER_PPP, "4d474383 0000 02000000 " D4),
		CASE_LINK("no link, IPv6", JUNIPER_SERVICES, "4d474303 06000000 " D6),
		CASE_LINK("no link, Ethernet", JUNIPER_MONITOR, "4d474303 cc000000 eth:0800 " D4),
		CASE_LINK("ATM 1", JUNIPER_ATM1, "4d474301 80000000 aaaa03000000 0800 " D4),
		CASE_LINK("ATM 2", JUNIPER_ATM2, "4d474301 0000000000000000 aaaa03000000 86dd " D6),
		CASE_LINK("services", JUNIPER_SERVICES, "4d474301 0100000000000001 " D4),
		CASE_LINK("MLPPP", JUNIPER_MLPPP, "4d474301 0001 ff030021 " D4),
		{"no magic", FRAME_LINK_JUNIPER_ETHER, "4d474401 eth:0800 " D4, "bad_frame"},
		{"IS-IS", FRAME_LINK_JUNIPER_PPP, "4d474303 c9000000 83", "other_ethertype"},
		{"nothing known", FRAME_LINK_JUNIPER_ES, "4d474301 0102030405060708090a",
			"other_ethertype"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

#define ICV12 "0102030405060708090a0b0c"
#define ICV16 ICV12 "0d0e0f10"

#define UDP_MSG "10e10035001b0000 msg "
#define IP4_MSG "4500002f 12344000 40110000 c0000201 c0000235 " UDP_MSG
#define IP6_MSG                                                                                    \
	"60000000 001b1140 20010db8000000000000000000000001 "                                      \
	"20010db8000000000000000000000053 " UDP_MSG
#define SPI "0000002a 00000001 "

static void esp(void)
{
	static const struct {
		const char *words;
		enum packet_verdict verdict;
	} cases[] = {
		{"eth:0800 ip4:50 " SPI UDP_MSG "010203 0311 " ICV12, PACKET_dns},
		{"eth:86dd ip6:50 " SPI UDP_MSG "010203 0311 " ICV16, PACKET_dns},
		{"eth:0800 out4:50 " SPI IP4_MSG "010203 0304 " ICV12, PACKET_dns},
		{"eth:0800 out4:50 " SPI IP6_MSG "010203 0329 " ICV16, PACKET_dns},
		{"eth:0800 out4:50 " SPI "0102030405060708 " IP4_MSG "00 0004 " ICV16, PACKET_esp},
		{"eth:0800 out4:50 " SPI "0102030405060708 " IP4_MSG "01 0104 " ICV16, PACKET_dns},
		{"eth:0800 out4:50 " SPI IP4_MSG "0004", PACKET_dns},
		{"eth:0800 out4:50 " SPI IP4_MSG "010304 0304 " ICV12, PACKET_esp},
		{"eth:0800 ip4:50 " SPI "10e10035001c0000 msg 010203 0311 " ICV12, PACKET_esp},
		/* TCP is recognised by its checksum, which covers the addresses */
		{"eth:0800 ip4:50 " SPI
		 "10e10035 00000007 00000009 50180100 19700000 0102 0206 " ICV12,
			PACKET_tcp_dns},
		{"eth:0800 ip4:50 " SPI
		 "10e10035 00000007 00000009 50180100 19710000 0102 0206 " ICV12,
			PACKET_esp},
		{"eth:0800 ip4:50 " SPI "0000", PACKET_esp},
		{"eth:0800 ip4:50 00000001", PACKET_esp},
	};
	static struct layers m;
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		struct pkt pkt;
		size_t n = layers_made(&m, cases[i].words);
		enum packet_verdict verdict = layers_walk(layers_conf(), &m, 1, n, n, &pkt);
		if (verdict != cases[i].verdict)
			printf("%s: %s\n", cases[i].words, layers_name(verdict));
		CU_ASSERT_EQUAL(verdict, cases[i].verdict);
		if (verdict == PACKET_dns)
			CU_ASSERT(pkt.tunnel.type == TUNNEL_esp && pkt.tunnel.id == 42 &&
				  pkt.len == LAYERS_MESSAGE);
		/* The trailer decides, so a truncated frame is ESP. */
		for (size_t len = n - 1; len >= 62; len--) {
			CU_ASSERT_EQUAL(
				layers_walk(layers_conf(), &m, 1, len, n, &pkt), PACKET_esp);
			layers_walk(layers_conf(), &m, 1, len, len, &pkt);
		}
	}
}

void test_packet_layers_field(void)
{
	CU_pSuite s = CU_add_suite("packet/layers_field", NULL, NULL);
	CU_add_test(s, "overlays", overlays);
	CU_add_test(s, "from a tunnel's port", answers);
	CU_add_test(s, "foo over UDP", fou);
	CU_add_test(s, "tags with a time", tags);
	CU_add_test(s, "links", links);
	CU_add_test(s, "Juniper", juniper);
	CU_add_test(s, "ESP without encryption", esp);
}
