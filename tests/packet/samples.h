/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames with the verdict that each must have. Those that end as `dns` carry the same query. */
#ifndef TESTS_PACKET_SAMPLES_H
#define TESTS_PACKET_SAMPLES_H

#include "rx/frame.h"

#include <stddef.h>

#define SAMPLE_MESSAGE 19 /* octets of the query */

struct sample {
	char what[48];
	unsigned link;
	const char *hex;
	char verdict[24];
	const char *vlans; /* "10 20 " */
	unsigned v6;
	unsigned unbounded; /* no length says where the datagram ends: padding would be payload */
	unsigned lengths; /* what is announced is right, and ends with the frame */
};

#define MACS "020000000001 020000000002"
#define MSG "0007 0100 0001 0000 0000 0000 016100 0001 0001"
#define SRC4 "c0000201"
#define DST4 "c0000235"
#define SRC6 "20010db8 0000 0000 0000 0000 0000 0001"
#define DST6 "20010db8 0000 0000 0000 0000 0000 0053"
#define V4(total, protocol) "4500" total "1234 4000 40" protocol "0000" SRC4 DST4
#define V6(length, next) "60000000" length next "40" SRC6 DST6
#define UDP(length) "10e1 0035" length "0000"
/* IPv4, UDP and message: 47 octets; IPv6: 67. */
#define DNS4 V4("002f", "11") UDP("001b") MSG
#define DNS6 V6("001b", "11") UDP("001b") MSG
/* Upper half of IPv4 of `total` octets with another protocol, 28 octets of payload. */
#define OTHER4(protocol)                                                                           \
	V4("0030", protocol) "00000000 00000000 00000000 00000000 00000000 00000000 00000000"

static const struct sample samples[] = {
	/* link types */
	{"Ethernet, IPv4", 1, MACS "0800" DNS4, "dns", .lengths = 1},
	{"Ethernet, IPv6", 1, MACS "86dd" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"raw, IPv4", FRAME_LINK_RAW, DNS4, "dns", .lengths = 1},
	{"raw, IPv6", FRAME_LINK_RAW, DNS6, "dns", .v6 = 1, .lengths = 1},
	{"raw 12", FRAME_LINK_RAW_BSD, DNS4, "dns", .lengths = 1},
	{"raw 14", FRAME_LINK_RAW_OPENBSD, DNS6, "dns", .v6 = 1, .lengths = 1},
	{"link type IPv4", FRAME_LINK_IPV4, DNS4, "dns", .lengths = 1},
	{"link type IPv6", FRAME_LINK_IPV6, DNS6, "dns", .v6 = 1, .lengths = 1},
	{"null, little endian", FRAME_LINK_NULL, "02000000" DNS4, "dns", .lengths = 1},
	{"null, big endian", FRAME_LINK_NULL, "00000002" DNS4, "dns", .lengths = 1},
	{"null, IPv6 of FreeBSD", FRAME_LINK_NULL, "1c000000" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"null, IPv6 of OpenBSD", FRAME_LINK_NULL, "18000000" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"null, IPv6 of macOS", FRAME_LINK_NULL, "1e000000" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"loop, IPv4", FRAME_LINK_LOOP, "00000002" DNS4, "dns", .lengths = 1},
	{"loop, IPv6", FRAME_LINK_LOOP, "00000018" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"cooked, IPv4", FRAME_LINK_SLL, "0000 0001 0006 020000000001 0000 0800" DNS4, "dns",
		.lengths = 1},
	{"cooked, VLAN, IPv6", FRAME_LINK_SLL,
		"0000 0001 0006 020000000001 0000 8100 000a 86dd" DNS6, "dns", "10 ", .v6 = 1,
		.lengths = 1},
	{"cooked 2, IPv4", FRAME_LINK_SLL2, "0800 0000 00000002 0001 00 06 020000000001 0000" DNS4,
		"dns", .lengths = 1},
	{"cooked 2, IPv6", FRAME_LINK_SLL2, "86dd 0000 00000002 0001 00 06 020000000001 0000" DNS6,
		"dns", .v6 = 1, .lengths = 1},
	{"a link type of its own", 147, DNS4, "other_link_type"},
	{"null, AppleTalk", FRAME_LINK_NULL, "10000000 0000", "other_ethertype"},

	/* VLANs: priority and DEI are no part of the id */
	{"802.1Q", 1, MACS "8100 e00a 0800" DNS4, "dns", "10 ", .lengths = 1},
	{"802.1ad", 1, MACS "88a8 0064 8100 0fff 86dd" DNS6, "dns", "100 4095 ", .v6 = 1,
		.lengths = 1},
	{"four tags", 1, MACS "9100 0001 9200 0002 88a8 0003 8100 0004 0800" DNS4, "dns",
		"1 2 3 4 ", .lengths = 1},
	{"six tags, four kept", 1,
		MACS "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 8100 0006 0800" DNS4, "dns",
		"1 2 3 4 ", .lengths = 1},
	{"twenty tags", 1,
		MACS "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
		     "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
		     "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 0800" DNS4,
		"dns", "1 1 1 1 ", .lengths = 1},
	{"nine tunnels, which is too deep for this test", 1,
		MACS "0800" V4("0107", "04") V4("00f3", "04") V4("00df", "04") V4("00cb", "04")
			V4("00b7", "04") V4("00a3", "04") V4("008f", "04") V4("007b", "04")
				V4("0067", "04") DNS4,
		"too_deep"},

	/* what is not IP */
	{"ARP", 1, MACS "0806 0001 0800 06 04 0001", "arp"},
	{"RARP in a VLAN", 1, MACS "8100 0001 8035 0001 0800", "arp"},
	{"LLC", 1, MACS "0026 42 42 03 00 00", "llc"},
	{"LLDP", 1, MACS "88cc 0207 04", "other_ethertype"},

	/* IPv4 */
	{"options", 1,
		MACS "0800 4f00 0057 1234 4000 40 11 0000" SRC4 DST4
		     "07270400 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
		     "00000000 00000000" UDP("001b") MSG,
		"dns", .lengths = 1},
	{"total length 0", 1, MACS "0800" V4("0000", "11") UDP("001b") MSG, "dns", .lengths = 1},
	{"version 5", FRAME_LINK_ETHERNET, MACS "0800 5500 002f 1234 4000 40 11 0000" SRC4 DST4,
		"bad_ip"},
	{"header of 16 octets", 1, MACS "0800 4400 002f 1234 4000 40 11 0000" SRC4 DST4, "bad_ip"},
	{"total below header", 1, MACS "0800" V4("0013", "11") UDP("001b") MSG, "bad_ip"},
	{"raw, version 7", FRAME_LINK_RAW, "7500002f", "bad_ip"},
	{"reserved bit", 1, MACS "0800 4500 002f 1234 8000 40 11 0000" SRC4 DST4 UDP("001b") MSG,
		"dns", .lengths = 1},
	{"first fragment", 1, MACS "0800 4500 002f 1234 2000 40 11 0000" SRC4 DST4 UDP("001b") MSG,
		"fragment"},
	{"last fragment", 1, MACS "0800 4500 002f 1234 0001 40 11 0000" SRC4 DST4 UDP("001b") MSG,
		"fragment"},
	{"AH over IPv4", 1,
		MACS
		"0800" V4("0047", "33") "1104 0000 00000001 00000002 0102030405060708090a0b0c" UDP(
			"001b") MSG,
		"dns", .lengths = 1},
	{"hop-by-hop in IPv4 is none", 1, MACS "0800" OTHER4("00"), "other_ip_protocol"},
	{"ICMP", 1, MACS "0800" OTHER4("01"), "icmp"},
	{"ESP", 1, MACS "0800" OTHER4("32"), "esp"},
	{"SCTP", 1, MACS "0800" OTHER4("84"), "sctp"},
	{"OSPF", 1, MACS "0800" OTHER4("59"), "other_ip_protocol"},

	/* IPv6 */
	{"payload length 0", 1, MACS "86dd" V6("0000", "11") UDP("001b") MSG, "dns", .v6 = 1,
		.lengths = 1},
	{"jumbogram", 1, MACS "86dd" V6("0000", "00") "1100 c204 0000001b" UDP("0000") MSG, "dns",
		.v6 = 1, .unbounded = 1},
	{"hop-by-hop", 1, MACS "86dd" V6("0023", "00") "1100 0502 0000 0100" UDP("001b") MSG, "dns",
		.v6 = 1, .lengths = 1},
	{"hop-by-hop, routing, destination", 1,
		MACS "86dd" V6("0043", "00") "2b00 0104 00000000"
					     "3c02 0401 00000000" SRC6
					     "1100 0104 00000000" UDP("001b") MSG,
		"dns", .v6 = 1, .lengths = 1},
	{"mobility, HIP, Shim6", 1,
		MACS
		"86dd" V6("0033", "87") "8b00 000000000000 8c00 000000000000 1100 000000000000" UDP(
			"001b") MSG,
		"dns", .v6 = 1, .lengths = 1},
	{"AH", 1,
		MACS
		"86dd" V6("0033", "33") "1104 0000 00000001 00000002 0102030405060708090a0b0c" UDP(
			"001b") MSG,
		"dns", .v6 = 1, .lengths = 1},
	{"atomic fragment", 1, MACS "86dd" V6("0023", "2c") "1100 0000 00001234" UDP("001b") MSG,
		"dns", .v6 = 1, .lengths = 1},
	{"atomic fragment, reserved bits", 1,
		MACS "86dd" V6("0023", "2c") "11ff 0006 00001234" UDP("001b") MSG, "dns", .v6 = 1,
		.lengths = 1},
	{"first fragment, IPv6", 1,
		MACS "86dd" V6("0023", "2c") "1100 0001 00001234" UDP("001b") MSG, "fragment"},
	{"later fragment, IPv6", 1,
		MACS "86dd" V6("0023", "2c") "1100 0008 00001234" UDP("001b") MSG, "fragment"},
	{"no next header", 1, MACS "86dd" V6("0000", "3b"), "other_ip_protocol"},
	{"extension past the end", 1, MACS "86dd" V6("0008", "00") "11ff 0104 00000000", "bad_ip"},
	{"extension without space", 1, MACS "86dd" V6("0004", "3c") "1100 0104", "bad_ip"},
	{"version 4 by the type of version 6", 1, MACS "86dd" DNS4, "dns", .lengths = 1,
		.unbounded = 1} /* seen where a header of IPv6 would end */,
	{"version 6 by the type of version 4", 1, MACS "0800" DNS6, "dns", .v6 = 1, .lengths = 1},
	{"version 5 by the type of version 6", 1, MACS "86dd 55000000 001b 1140" SRC6 DST6,
		"bad_ip"},
	{"ICMPv6", 1, MACS "86dd" V6("0008", "3a") "80000000 00000000", "icmp"},
	{"ESP, IPv6", 1, MACS "86dd" V6("0008", "32") "80000000 00000000", "esp"},

	/* UDP */
	{"reply's direction is known by its port too", 1,
		MACS "0800" V4("001c", "11") "0035 10e1 0008 0000", "empty"},
	{"other ports", 1, MACS "0800" V4("0020", "11") "10e1 10e2 000c 0000 01020304",
		"other_port"},
	{"no payload", 1, MACS "0800" V4("001c", "11") "10e1 0035 0008 0000", "empty"},
	{"eleven octets of payload", 1,
		MACS "0800" V4("0027", "11") UDP("0013") "0007 0100 0001 0000 0000 00", "runt"},
	{"length beyond the IP payload", 1, MACS "0800" V4("002f", "11") UDP("001c") MSG "00",
		"bad_udp"},
	{"length 7", 1, MACS "0800" V4("002f", "11") UDP("0007") MSG, "bad_udp"},
	{"IP payload of 7", 1, MACS "0800" V4("001b", "11") "10e1 0035 0008 00", "bad_udp"},
	{"length 0", 1, MACS "0800" V4("002f", "11") UDP("0000") MSG, "dns", .lengths = 1},
	{"octets of IP behind UDP", 1, MACS "0800" V4("0033", "11") UDP("001b") MSG "deadbeef",
		"dns"},

	{"UDP-Lite", 1, MACS "0800" V4("002f", "88") UDP("0008") MSG, "dns", .lengths = 1},
	{"UDP-Lite, all covered", 1, MACS "86dd" V6("001b", "88") UDP("0000") MSG, "dns", .v6 = 1,
		.lengths = 1},
	{"UDP-Lite, coverage 7", 1, MACS "0800" V4("002f", "88") UDP("0007") MSG, "bad_udp"},
	{"UDP-Lite, coverage beyond the end", 1, MACS "0800" V4("002f", "88") UDP("001c") MSG,
		"bad_udp"},
	{"UDP-Lite, other ports", 1, MACS "0800" V4("0020", "88") "10e1 10e2 000c 0000 01020304",
		"other_port"},

	/* TCP */
	{"TCP, other ports", 1,
		MACS "0800" V4("0028", "06") "10e1 10e2 00000001 00000002 5010 ffff 0000 0000",
		"tcp"},
	{"TCP, DNS port", 1,
		MACS "0800" V4("0028", "06") "10e1 0035 00000001 00000002 5002 ffff 0000 0000",
		"tcp_dns"},
	{"TCP, data offset 4", 1,
		MACS "0800" V4("0028", "06") "10e1 0035 00000001 00000002 4002 ffff 0000 0000",
		"bad_tcp"},
	{"TCP, options past the end", 1,
		MACS "0800" V4("0028", "06") "10e1 0035 00000001 00000002 6002 ffff 0000 0000",
		"bad_tcp"},

	{"UDP on a port of encrypted DNS", 1, MACS "0800" V4("001d", "11") "10e1 0355 0009 0000 16",
		"encrypted", .lengths = 1},
	{"TCP on a port of encrypted DNS", 1,
		MACS "0800" V4("0028", "06") "10e1 0355 00000001 00000000 5002 0100 0000 0000",
		"encrypted", .lengths = 1},

	/* encapsulations */
	{"IP in IP", 1, MACS "0800" V4("0043", "04") DNS4, "dns", .lengths = 1},
	{"IPv6 in IPv4", 1, MACS "0800" V4("0057", "29") DNS6, "dns", .v6 = 1, .lengths = 1},
	{"IPv4 in IPv6", 1, MACS "86dd" V6("002f", "04") DNS4, "dns", .lengths = 1},
	{"GRE with a key", 1, MACS "0800" V4("004b", "2f") "2000 0800 00000007" DNS4, "dns",
		.lengths = 1},
	{"VXLAN", 1,
		MACS "0800" V4("0061", "11") "c001 12b5 004d 0000 08000000 00002a00" MACS
					     "0800" DNS4,
		"dns", .lengths = 1},
	{"MPLS, two labels", 1, MACS "8847 00010040 00020140" DNS4, "dns", .lengths = 1},
	{"PPPoE session", 1, MACS "8864 1100 0001 0031 0021" DNS4, "dns", .lengths = 1},
	{"PPPoE discovery", 1, MACS "8863 1109 0000 0000", "tunnel_control"},
	{"EtherIP of version 2", 1, MACS "0800" V4("0016", "61") "2000", "bad_tunnel"},
	{"MACsec", 1, MACS "88e5 0c00 00000001 0102030405060708", "macsec"},
	{"802.11, protected", 105,
		"0841 0000 020000000001 020000000002 020000000003 0000 0102030405060708",
		"wlan_encrypted"},
	{"802.11, A-MSDU", 105,
		"8801 0000 020000000001 020000000002 020000000003 0010 8000"
		"020000000001 020000000002 0003 424203",
		"aggregate"},
	{"802.11, beacon", 105, "8000 0000 ffffffffffff 020000000002 020000000002 0000", "wlan"},
	{"802.11, acknowledgement", 105, "d400 0000 020000000001", "wlan"},
	{"PPP, LCP", 9, "ff03 c021 0101 0004", "ppp"},

	/* cut */
	{"a runt", 1, MACS "08", "bad_frame"},
	{"nothing", 1, "", "bad_frame"},
};

static const size_t samples_count = sizeof(samples) / sizeof(samples[0]);

#endif
