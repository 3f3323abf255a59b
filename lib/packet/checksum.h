/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of UDP (RFC 768) and TCP (RFC 9293 section 3.1). They decide only between packets that
 * contradict each other: a host that captures its own packets sees them before its NIC has computed
 * the checksum.
 */
#ifndef PACKET_CHECKSUM_H
#define PACKET_CHECKSUM_H

#include "packet/packet.h"

enum packet_checksum {
	PACKET_CHECKSUM_UNKNOWN, /* none was sent, or the capture cut the packet */
	PACKET_CHECKSUM_RIGHT,
	PACKET_CHECKSUM_WRONG,
	PACKET_CHECKSUM_PARTIAL, /* of the pseudo-header alone: the NIC was to complete it */
};

/*
 * Verifies the checksum of a UDP datagram or TCP segment from packet_walk(), whose transport header
 * must still be in front of pkt->payload. Reads header and payload once.
 */
enum packet_checksum packet_checksum(const struct pkt *pkt);

#endif
