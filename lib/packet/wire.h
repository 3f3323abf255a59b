/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and offsets of the wire that more than one layer uses. */
#ifndef PACKET_WIRE_H
#define PACKET_WIRE_H

/* EtherTypes (IANA "IEEE 802 Numbers"; those of vendors by their documents). */
enum {
	ETHER_TYPE_MIN = 0x0600, /* less is a length (IEEE 802.3-2018 clause 3.2.6) */
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

/* A VLAN tag behind its EtherType (IEEE 802.1Q-2018 clause 9.6), and the length of EtherTypes. */
enum {
	ETHERTYPE_OCTETS = 2,
	VLAN_TAG = 4, /* tag control information, the next EtherType */
	VLAN_ID = 0x0fff, /* of the tag control information, behind priority and DEI */
	VLAN_TYPE = 2,
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
	IP_ETHERNET = 143, /* RFC 8986 */
};

/* IPv4 (RFC 791 section 3.1): octets, offsets, and what the bits of an octet or word mean. */
enum {
	IP_VERSION_SHIFT = 4, /* of the first octet, IPv6's too */
	IPV4_HEADER = 20, /* without options */
	IPV4_IHL = 0x0f, /* of the first octet: the header's 32-bit words */
	IPV4_TOTAL_LENGTH = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6, /* flags and fragment offset */
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_FRAGMENT_MASK = 0x3fff, /* MF and the offset, in units of 8 octets */
	IPV4_PROTOCOL = 9,
	IPV4_SRC = 12,
	IPV4_DST = 16,
	IP_MAX = 65535, /* octets of a datagram */
};

/* IPv6 (RFC 8200 section 3) and its extension headers (section 4). */
enum {
	IPV6_HEADER = 40,
	IPV6_PAYLOAD_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_SRC = 8, /* the destination follows */
	IPV6_EXTENSION = 8, /* the shortest extension header */
	IPV6_EXTENSION_NEXT = 0,
	IPV6_EXTENSION_LENGTH = 1,
	IPV6_FRAGMENT_OFFSET = 2,
	IPV6_FRAGMENT_ID = 4,
	IPV6_FRAGMENT_OFFSET_MASK = 0xfff8, /* octets */
	IPV6_MORE_FRAGMENTS = 0x0001,
};

/* UDP (RFC 768) and TCP (RFC 9293 section 3.1). */
enum {
	UDP_HEADER = 8,
	UDP_SPORT = 0,
	UDP_DPORT = 2,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	TCP_HEADER = 20, /* without options */
	TCP_SPORT = 0,
	TCP_DPORT = 2,
	TCP_SEQ = 4,
	TCP_ACK_NUMBER = 8,
	TCP_DATA_OFFSET = 12, /* upper four bits: the header's 32-bit words */
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
};

/* GTP-U (3GPP TS 29.281 section 5.1). */
enum {
	GTP_HEADER = 8,
	GTP_VERSION_PT = 0xf0, /* version and protocol type */
	GTP_V1_USER = 0x30, /* version 1, PT: no charging protocol */
	GTP_RESERVED = 0x08, /* zero */
	GTP_OPTIONAL = 0x07, /* E, S, PN: four octets more */
	GTP_EXTENSION = 0x04, /* E */
	GTP_TYPE = 1,
	GTP_G_PDU = 255,
	GTP_LENGTH = 2,
	GTP_TEID = 4,
};

/* VXLAN (RFC 7348 section 5) and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe section 3). */
enum {
	VXLAN_HEADER = 8,
	VXLAN_I = 0x08, /* the network identifier is valid */
	VXLAN_P = 0x04, /* GPE: the next protocol field is valid */
	VXLAN_O = 0x01, /* GPE: an OAM packet */
	VXLAN_VERSION = 0xf0, /* GPE: with two reserved bits */
	VXLAN_NEXT = 3,
	VXLAN_VNI = 4, /* 24 bits, then a reserved octet */
	VXLAN_RESERVED = 7,
};

/* GENEVE (RFC 8926 section 3.4). */
enum {
	GENEVE_HEADER = 8,
	GENEVE_VERSION = 0xc0,
	GENEVE_OPTIONS = 0x3f, /* words of 4 octets */
	GENEVE_O = 0x80, /* of octet 1: a control packet */
	GENEVE_RESERVED_BITS = 0x3f, /* of octet 1 */
	GENEVE_TYPE = 2,
	GENEVE_VNI = 4,
	GENEVE_RESERVED = 7,
};

/* LISP (RFC 9300 section 5) and LISP-GPE (RFC 9305 section 3). */
enum {
	LISP_HEADER = 8,
	LISP_I = 0x08, /* the second word has an instance id */
	LISP_P = 0x04, /* GPE: the next protocol field is valid */
	LISP_RESERVED = 0x03, /* R, and KK: the payload is encrypted (RFC 8061 section 8) */
	LISP_NEXT = 3,
	LISP_INSTANCE = 4, /* 24 bits, then 8 of the locators' status */
};

/* GUE (draft-ietf-intarea-gue-09 section 3). */
enum {
	GUE_HEADER = 4,
	GUE_VARIANT = 0xc0,
	GUE_VARIANT_1 = 0x40, /* IP without a header (section 4) */
	GUE_CONTROL = 0x20, /* C */
	GUE_WORDS = 0x1f, /* Hlen: words of 4 octets behind the header */
	GUE_PROTOCOL = 1,
	GUE_FLAGS = 2,
};

/* CAPWAP (RFC 5415 section 4.3). */
enum {
	CAPWAP_HEADER = 8, /* without the optional fields */
	CAPWAP_PREAMBLE_CLEAR = 0x00, /* octet 0: version 0, type 0: a CAPWAP header follows */
	CAPWAP_PREAMBLE_DTLS = 0x01, /* type 1 (section 4.2) */
	CAPWAP_HLEN = 1, /* offset; the upper five bits: words of 4 octets */
	CAPWAP_HLEN_SHIFT = 3,
	CAPWAP_TYPE = 2, /* offset of T */
	CAPWAP_T = 0x01, /* the payload is in the native form of the radio */
	CAPWAP_FLAGS = 3, /* offset */
	CAPWAP_F = 0x80, /* a fragment */
	CAPWAP_K = 0x08, /* a keep-alive of the data channel */
};

#endif
