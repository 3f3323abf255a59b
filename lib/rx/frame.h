/* SPDX-License-Identifier: BSD-3-Clause */
/* The first currency: one captured frame, contiguous, with what the capture knows about it. */
#ifndef RX_FRAME_H
#define RX_FRAME_H

#include <stdint.h>

/* LINKTYPE_ values of the pcap registry that are decoded (tcpdump.org/linktypes.html). */
enum {
	FRAME_LINK_NULL = 0,
	FRAME_LINK_ETHERNET = 1,
	FRAME_LINK_TOKEN_RING = 6,
	FRAME_LINK_ARCNET = 7,
	FRAME_LINK_SLIP = 8,
	FRAME_LINK_PPP = 9,
	FRAME_LINK_FDDI = 10,
	FRAME_LINK_RAW_BSD = 12,
	FRAME_LINK_RAW_OPENBSD = 14,
	FRAME_LINK_PPP_HDLC = 50,
	FRAME_LINK_PPP_ETHER = 51,
	FRAME_LINK_SYMANTEC = 99,
	FRAME_LINK_ATM_RFC1483 = 100,
	FRAME_LINK_RAW = 101,
	FRAME_LINK_C_HDLC = 104,
	FRAME_LINK_IEEE802_11 = 105,
	FRAME_LINK_FRELAY = 107,
	FRAME_LINK_LOOP = 108,
	FRAME_LINK_ENC = 109,
	FRAME_LINK_SLL = 113,
	FRAME_LINK_PFLOG = 117,
	FRAME_LINK_PRISM = 119,
	FRAME_LINK_IP_OVER_FC = 122,
	FRAME_LINK_RADIOTAP = 127,
	FRAME_LINK_ARCNET_LINUX = 129,
	FRAME_LINK_IEEE1394 = 138,
	FRAME_LINK_DOCSIS = 143,
	FRAME_LINK_PKTAP_USER2 = 149, /* Apple's, before the registry had PKTAP */
	FRAME_LINK_AVS = 163,
	FRAME_LINK_PPP_PPPD = 166,
	FRAME_LINK_PPI = 192,
	FRAME_LINK_PPP_WITH_DIR = 204,
	FRAME_LINK_C_HDLC_WITH_DIR = 205,
	FRAME_LINK_FRELAY_WITH_DIR = 206,
	FRAME_LINK_MPLS = 219,
	FRAME_LINK_IPNET = 226,
	FRAME_LINK_IPV4 = 228,
	FRAME_LINK_IPV6 = 229,
	FRAME_LINK_NFLOG = 239,
	FRAME_LINK_NETANALYZER = 240,
	FRAME_LINK_NETANALYZER_TRANSPARENT = 241,
	FRAME_LINK_PKTAP = 258,
	FRAME_LINK_EPON = 259,
	FRAME_LINK_MPACKET = 274,
	FRAME_LINK_SLL2 = 276,
	FRAME_LINK_DSA_BRCM = 281,
	FRAME_LINK_DSA_BRCM_PREPEND = 282,
	FRAME_LINK_DSA = 284,
	FRAME_LINK_EDSA = 285,
	/* Made by the reassembler, never by a capture: struct packet_datagram, then IP payload. */
	FRAME_LINK_DATAGRAM = 0xfff0,
	FRAME_LINK_UNKNOWN = 0xffff,
};

struct frame {
	const uint8_t *data; /* borrowed from the receive buffer until its burst ends */
	uint32_t len; /* octets captured */
	uint32_t wire_len; /* octets that were on the wire; more than len if cut */
	int64_t ts_ns; /* when it was captured, since the epoch */
	int64_t clock_ns; /* latest ts_ns of the capture up to here: never goes back */
	uint16_t link_type; /* FRAME_LINK_ */
	uint16_t owner; /* out: the worker that owns its flow (pipeline_sort, pipeline_join) */
	uint8_t piece; /* out: it is a fragment (the same) */
};

#endif
