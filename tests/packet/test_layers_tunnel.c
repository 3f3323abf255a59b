/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels, and the tags within Ethernet. */
#include "packet/layers.h"

void test_packet_layers_tunnel(void);

static void ip_in_ip(void)
{
	static const struct layers_case cases[] = {
		{"4 in 4", 1, "eth:0800 out4:4 " D4, "dns", TUNNEL_ipip, -1, 4, ""},
		{"6 in 4", 1, "eth:0800 out4:41 " D6, "dns", TUNNEL_ipip, -1, 4, ""},
		{"4 in 6", 1, "eth:86dd out6:4 " D4, "dns", TUNNEL_ipip, -1, 6, ""},
		{"6 in 6", 1, "eth:86dd out6:41 " D6, "dns", TUNNEL_ipip, -1, 6, ""},
		{"EtherIP", 1, "eth:0800 out4:97 3000 eth:8100 00050800 " D4, "dns", TUNNEL_etherip,
			-1, 4, "5 "},
		{"EtherIP, version 2", 1, "eth:0800 out4:97 2000 eth:0800 " D4, "bad_tunnel"},
		{"Ethernet in IPv6", 1, "eth:86dd out6:143 eth:0800 " D4, "dns", TUNNEL_etherip, -1,
			6, ""},
		{"6 in 4 that is 4", 1, "eth:0800 out4:41 " D4, "dns", TUNNEL_ipip, -1, 4, ""},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void gre(void)
{
	static const struct layers_case cases[] = {
		{"GRE", 1, "eth:0800 out4:47 00000800 " D4, "dns", TUNNEL_gre, -1, 4, ""},
		{"GRE, IPv6", 1, "eth:86dd out6:47 000086dd " D6, "dns", TUNNEL_gre, -1, 6, ""},
		{"checksum, key, sequence", 1,
			"eth:0800 out4:47 b0000800 00000000 0000002a 00000001 " D4, "dns",
			TUNNEL_gre, 42, 4, ""},
		{"source route", 1,
			"eth:0800 out4:47 40000800 00000000 08000004 0a000001 00000000 " D4, "dns",
			TUNNEL_gre, -1, 4, ""},
		{"bridged, small key", 1, "eth:0800 out4:47 20006558 00000064 eth:0800 " D4, "dns",
			TUNNEL_gre, 100, 4, ""},
		{"NVGRE", 1, "eth:0800 out4:47 20006558 00123405 eth:0800 " D4, "dns", TUNNEL_gre,
			0x1234, 4, ""},
		{"MPLS over GRE", 1, "eth:0800 out4:47 00008847 00064100 " D4, "dns", TUNNEL_mpls,
			100, 4, ""},
		{"PPTP", 1, "eth:0800 out4:47 3001880b len:-6 0007 00000001 ff03 0021 " D4, "dns",
			TUNNEL_gre, 7, 4, ""},
		{"PPTP with acknowledgement", 1,
			"eth:0800 out4:47 3081880b len:-10 0007 00000001 00000002 21 " D4, "dns",
			TUNNEL_gre, 7, 4, ""},
		{"PPTP, acknowledges", 1, "eth:0800 out4:47 2081880b 00000007 00000002",
			"tunnel_control"},
		{"keep-alive", 1, "eth:0800 out4:47 00000000", "tunnel_control"},
		{"version 2", 1, "eth:0800 out4:47 00020800 " D4, "bad_tunnel"},
		{"WCCP 1", 1, "eth:0800 out4:47 0000883e " D4, "dns", TUNNEL_gre, -1, 4, ""},
		{"WCCP 2", 1, "eth:0800 out4:47 0000883e 00010203 " D4, "dns", TUNNEL_gre, -1, 4,
			""},
		{"ERSPAN I", 1, "eth:0800 out4:47 000088be eth:0800 " D4, "dns", TUNNEL_erspan, -1,
			4, ""},
		{"ERSPAN II", 1,
			"eth:0800 out4:47 100088be 00000001 1000 0805 00000000 eth:0800 " D4, "dns",
			TUNNEL_erspan, 5, 4, ""},
		{"ERSPAN III", 1,
			"eth:0800 out4:47 100022eb 00000001 2000 0805 00000000 00008000 "
			"eth:0800 " D4,
			"dns", TUNNEL_erspan, 5, 4, ""},
		{"ERSPAN III, platform", 1,
			"eth:0800 out4:47 100022eb 00000001 2000 03ff 00000000 00000001 "
			"0000000000000000 eth:8100 00110800 " D4,
			"dns", TUNNEL_erspan, 0x3ff, 4, "17 "},
		{"ERSPAN III of IP", 1,
			"eth:0800 out4:47 100022eb 00000001 2000 0805 00000000 00000800 " D4, "dns",
			TUNNEL_erspan, 5, 4, ""},
		{"ERSPAN version 3", 1, "eth:0800 out4:47 100088be 00000001 3000080500000000",
			"bad_tunnel"},
		{"GRE in UDP", 1, "eth:0800 out4:17 udp:4754 20000800 00000009 " D4, "dns",
			TUNNEL_gre, 9, 4, ""},
		{"no GRE in UDP", 1, "eth:0800 out4:17 udp:4754 68656c6c6f", "other_port"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void mpls(void)
{
	static const struct layers_case cases[] = {
		{"MPLS", 1, "eth:8847 00064140 " D4, "dns", TUNNEL_mpls, 100, 0, ""},
		{"three labels", 1, "eth:8848 00064040 000c8040 fffff140 " D6, "dns", TUNNEL_mpls,
			0xfffff, 0, ""},
		{"pseudowire", 1, "eth:8847 00064140 eth:8100 00050800 " D4, "dns", TUNNEL_mpls,
			100, 0, "5 "},
		{"control word", 1, "eth:8847 00064140 00000000 eth:0800 " D4, "dns", TUNNEL_mpls,
			100, 0, ""},
		{"control word, tag", 1, "eth:8847 00064140 00000000 eth:8100 00050800 " D4, "dns",
			TUNNEL_mpls, 100, 0, "5 "},
		{"over UDP", 1, "eth:0800 out4:17 udp:6635 00064140 " D4, "dns", TUNNEL_mpls, 100,
			4, ""},
		{"over IP", 1, "eth:0800 out4:137 00064140 " D4, "dns", TUNNEL_mpls, 100, 4, ""},
		{"associated channel", 1,
			"eth:8847 00064140 10000021 00000000 00000000 00000000 00000000",
			"tunnel_control"},
		{"not over UDP", 1,
			"eth:0800 out4:17 udp:6635 ffffffff ffffffff ffffffff ffffffff ffffffff "
			"ffffffff",
			"other_port"},
		{"no bottom", 1, "eth:8847 00064040 00064040", "bad_tunnel"},
		{"link type MPLS", 219, "00064140 " D4, "dns", TUNNEL_mpls, 100, 0, ""},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void overlays(void)
{
	static const struct layers_case cases[] = {
		{"VXLAN", 1, "eth:0800 out4:17 udp:4789 0800000000002a00 eth:0800 " D4, "dns",
			TUNNEL_vxlan, 42, 4, ""},
		{"VXLAN of Linux, group policy", 1,
			"eth:86dd out6:17 udp:8472 8800123400002a00 eth:8100 00030800 " D4, "dns",
			TUNNEL_vxlan, 42, 6, "3 "},
		{"no VXLAN", 1, "eth:0800 out4:17 udp:4789 0000000000002a00 eth:0800 " D4,
			"other_port"},
		{"GPE, IPv4", 1, "eth:0800 out4:17 udp:4790 0c00000100002a00 " D4, "dns",
			TUNNEL_vxlan, 42, 4, ""},
		{"GPE, NSH, Ethernet", 1,
			"eth:0800 out4:17 udp:4790 0c00000400002a00 0002010300000000 eth:0800 " D4,
			"dns", TUNNEL_vxlan, 42, 4, ""},
		{"GPE, MPLS", 1, "eth:0800 out4:17 udp:4790 0c00000500002a00 00064140 " D4, "dns",
			TUNNEL_mpls, 100, 4, ""},
		{"no GPE", 1, "eth:0800 out4:17 udp:4790 ff00000100002a00 " D4, "other_port"},
		{"GENEVE with options", 1,
			"eth:0800 out4:17 udp:6081 0240655800002a00 0102030400000001 eth:0800 " D4,
			"dns", TUNNEL_geneve, 42, 4, ""},
		{"GENEVE, IPv6", 1, "eth:0800 out4:17 udp:6081 000086dd00002a00 " D6, "dns",
			TUNNEL_geneve, 42, 4, ""},
		{"GENEVE, control", 1, "eth:0800 out4:17 udp:6081 0080655800002a00",
			"tunnel_control"},
		{"no GENEVE", 1, "eth:0800 out4:17 udp:6081 c000655800002a00 " D4, "other_port"},
		{"TZSP", 1, "eth:0800 out4:17 udp:37008 01000001 0a01d8 00 01 eth:0800 " D4, "dns",
			TUNNEL_tzsp, -1, 4, ""},
		{"TZSP, 802.11", 1,
			"eth:0800 out4:17 udp:37008 01000012 01 "
			"0801000002000000000102000000000202000000"
			"00030000 aaaa03000000 0800 " D4,
			"dns", TUNNEL_tzsp, -1, 4, ""},
		{"TZSP, keep-alive", 1, "eth:0800 out4:17 udp:37008 01040000 01", "tunnel_control"},
		{"no TZSP", 1, "eth:0800 out4:17 udp:37008 02000001 01 " D4, "other_port"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void mobile(void)
{
	static const struct layers_case cases[] = {
		{"GTP", 1, "eth:0800 out4:17 udp:2152 30ff len:0 0000002a " D4, "dns", TUNNEL_gtp,
			42, 4, ""},
		{"GTP, sequence, extensions", 1,
			"eth:0800 out4:17 udp:2152 36ff len:-4 0000002a 00010085 0110c085 "
			"01000000 " D6,
			"dns", TUNNEL_gtp, 42, 4, ""},
		{"GTP, Ethernet", 1, "eth:0800 out4:17 udp:2152 30ff len:0 0000002a eth:0800 " D4,
			"dns", TUNNEL_gtp, 42, 4, ""},
		{"GTP, echo", 1, "eth:0800 out4:17 udp:2152 32010004 00000000 00010000",
			"tunnel_control"},
		{"GTP, extension of length 0", 1,
			"eth:0800 out4:17 udp:2152 34ff len:-4 0000002a 00000085 00000000 " D4,
			"other_port"},
		{"no GTP", 1, "eth:0800 out4:17 udp:2152 48ff00000000002a", "other_port"},
		{"Teredo", 1, "eth:0800 out4:17 udp:3544 " D6, "dns", TUNNEL_teredo, -1, 4, ""},
		{"Teredo, authentication, origin", 1,
			"eth:0800 out4:17 udp:3544 00010000 0000000000000001 00 "
			"0000cafe0a0b0c0d " D6,
			"dns", TUNNEL_teredo, -1, 4, ""},
		{"Teredo, a length too long", 1,
			"eth:0800 out4:17 udp:3544 6000000000ff1140 "
			"20010db8000000000000000000000001 "
			"20010db8000000000000000000000053 00",
			"other_port"},
		{"Teredo from its port", 1, "eth:0800 out4:17 0dd8 c000 len:6 0000 " D6, "dns",
			TUNNEL_teredo, -1, 4, ""},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void access_lines(void)
{
	static const struct layers_case cases[] = {
		{"PPPoE", 1, "eth:8864 11000007 len:0 0021 " D4, "dns", TUNNEL_pppoe, 7, 0, ""},
		{"PPPoE, compressed", 1, "eth:8100 00058864 11000007 len:0 57 " D6, "dns",
			TUNNEL_pppoe, 7, 0, "5 "},
		{"PPPoE, bridged", 1, "eth:8864 11000007 len:0 0031 0001 eth:0800 " D4, "dns",
			TUNNEL_pppoe, 7, 0, ""},
		{"PPPoE, LCP", 1, "eth:8864 11000007 0008 c021 0101000400", "ppp"},
		{"PPPoE discovery", 1, "eth:8863 11090000 0004 01010000", "tunnel_control"},
		{"PPPoE, version 2", 1, "eth:8864 22000007 len:0 0021 " D4, "bad_tunnel"},
		{"L2TPv2", 1, "eth:0800 out4:17 udp:1701 0002 0001 0007 ff03 0021 " D4, "dns",
			TUNNEL_l2tp, 7, 4, ""},
		{"L2TPv2, all fields", 1,
			"eth:0800 out4:17 udp:1701 4a02 len:4 0001 0007 00000000 0002 0000 21 " D4,
			"dns", TUNNEL_l2tp, 7, 4, ""},
		{"L2TPv2, control", 1, "eth:0800 out4:17 udp:1701 c802000c000100000000 0000",
			"tunnel_control"},
		{"L2TPv3 over UDP", 1, "eth:0800 out4:17 udp:1701 00030000 00000009 eth:0800 " D4,
			"dns", TUNNEL_l2tp, 9, 4, ""},
		{"no L2TP", 1, "eth:0800 out4:17 udp:1701 ffff0000", "other_port"},
		{"L2TPv3, cookie and sublayer", 1,
			"eth:0800 out4:115 00000009 0102030405060708 40000001 eth:0800 " D4, "dns",
			TUNNEL_l2tp, 9, 4, ""},
		{"L2TPv3, control", 1, "eth:0800 out4:115 00000000 c8030000", "tunnel_control"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void tags(void)
{
	static const struct layers_case cases[] = {
		{"802.1ah", 1, "eth:88a8 000588e7 00000064 eth:8100 00070800 " D4, "dns", 0, -1, 0,
			"5 7 "},
		{"HSR", 1, "eth:892f 00350001 0800 " D4, "dns", 0, -1, 0, ""},
		{"802.1BR", 1, "eth:893f 000000000000 0800 " D4, "dns", 0, -1, 0, ""},
		{"VN-Tag", 1, "eth:8926 00000000 86dd " D6, "dns", 0, -1, 0, ""},
		{"MetaData", 1, "eth:8909 0101 0001 0005 0800 " D4, "dns", 0, -1, 0, ""},
		{"MetaData, version 2", 1, "eth:8909 0201 0001 0005 0800 " D4, "other_ethertype"},
		{"MACsec, encrypted", 1, "eth:88e5 2c00 00000001 0102030405060708 aa", "macsec"},
		{"MACsec, only protected", 1, "eth:88e5 2000 00000001 0102030405060708 0800 " D4,
			"dns", 0, -1, 0, ""},
		{"MACsec without identifier", 1, "eth:88e5 0000 00000001 0800 " D4, "dns", 0, -1, 0,
			""},
		{"FabricPath", 1, "eth:8903 0001 eth:0800 " D4, "dns", 0, -1, 0, ""},
		{"TRILL with options", 1, "eth:22f3 0040 0001 0002 00000000 eth:0800 " D4, "dns", 0,
			-1, 0, ""},
		{"ISL", 1,
			"01000c000000 020000000001 len:0 aaaa03 00000c 000a 0000 0000 eth:0800 " D4,
			"dns", 0, -1, 0, "5 "},
		{"SNAP", 1, "020000000001 020000000002 len:0 aaaa03 000000 0800 " D4, "dns", 0, -1,
			0, ""},
		{"SNAP in a VLAN", 1, "eth:8100 0009 len:0 aaaa03 0000f8 86dd " D6, "dns", 0, -1, 0,
			"9 "},
		{"IP over LLC", 1, "020000000001 020000000002 len:0 060603 " D4, "dns", 0, -1, 0,
			""},
		{"NLPID", 1, "020000000001 020000000002 len:0 fefe03 cc " D4, "dns", 0, -1, 0, ""},
		{"spanning tree", 1, "0180c2000000 020000000002 len:0 424203 0000000000", "llc"},
		{"NetWare", 1, "020000000001 020000000002 len:0 ffff0022 0000", "llc"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

void test_packet_layers_tunnel(void)
{
	CU_pSuite s = CU_add_suite("packet/layers_tunnel", NULL, NULL);
	CU_add_test(s, "IP in IP", ip_in_ip);
	CU_add_test(s, "GRE", gre);
	CU_add_test(s, "MPLS", mpls);
	CU_add_test(s, "overlays", overlays);
	CU_add_test(s, "mobile networks, Teredo", mobile);
	CU_add_test(s, "access lines", access_lines);
	CU_add_test(s, "tags", tags);
}
