/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers on the wire that more than one layer knows. */
#ifndef PACKET_WIRE_H
#define PACKET_WIRE_H

/* EtherTypes (IANA "IEEE 802 Numbers"; those of vendors by their documents). */
enum {
	ETHER_LENGTHS = 0x0600, /* below: a length (IEEE 802.3 clause 3.2.6) */
	ETHER_IPV4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_TRILL = 0x22f3,
	ETHER_BRIDGED = 0x6558, /* a whole frame (RFC 1701) */
	ETHER_RARP = 0x8035,
	ETHER_VLAN = 0x8100, /* IEEE 802.1Q */
	ETHER_IPV6 = 0x86dd,
	ETHER_PPP = 0x880b,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE_DISCOVERY = 0x8863,
	ETHER_PPPOE = 0x8864,
	ETHER_JUMBO_LLC = 0x8870,
	ETHER_SERVICE_VLAN = 0x88a8, /* IEEE 802.1ad */
	ETHER_ERSPAN = 0x88be,
	ETHER_MACSEC = 0x88e5, /* IEEE 802.1AE */
	ETHER_ITAG = 0x88e7, /* IEEE 802.1ah */
	ETHER_FABRICPATH = 0x8903, /* Cisco */
	ETHER_METADATA = 0x8909, /* Cisco MetaData */
	ETHER_VNTAG = 0x8926,
	ETHER_HSR = 0x892f, /* IEC 62439-3 */
	ETHER_ETAG = 0x893f, /* IEEE 802.1BR */
	ETHER_NSH = 0x894f, /* RFC 8300 */
	ETHER_TTAG = 0x8988, /* Cisco Nexus: a stamp of 48 bits */
	ETHER_OLD_VLAN = 0x9100,
	ETHER_OLD_VLAN_2 = 0x9200,
	ETHER_ARISTA = 0xd28b, /* Arista: subtype, version, what they say */
	ETHER_HEADER = 14,
	ETHER_TYPE = 12, /* offset */
};

/* IP protocols (IANA "Protocol Numbers"). */
enum {
	IP_HOP_BY_HOP = 0,
	IP_ICMP = 1,
	IP_IPV4 = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_IPV6 = 41,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_GRE = 47,
	IP_ESP = 50,
	IP_AH = 51,
	IP_ICMPV6 = 58,
	IP_DESTINATION = 60,
	IP_ETHERIP = 97,
	IP_L2TP = 115,
	IP_SCTP = 132,
	IP_MOBILITY = 135,
	IP_UDPLITE = 136,
	IP_MPLS = 137,
	IP_HIP = 139,
	IP_SHIM6 = 140,
	IP_ETHERNET = 143,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	IP_LARGEST = 65535, /* octets of a datagram (RFC 791 section 3.1) */
};

enum { UDP_HEADER = 8, TCP_HEADER = 20 };

#endif
