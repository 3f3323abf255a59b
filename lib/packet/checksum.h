/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of UDP (RFC 768) and TCP (RFC 9293 section 3.1), asked for only where something hangs
 * on them: a host that captures its own packets sees them before its NIC has finished the checksum.
 */
#ifndef PACKET_CHECKSUM_H
#define PACKET_CHECKSUM_H

#include "packet/packet.h"

enum packet_checksum {
	PACKET_CHECKSUM_UNKNOWN, /* none was sent, or not all octets of the packet are at hand */
	PACKET_CHECKSUM_RIGHT,
	PACKET_CHECKSUM_WRONG,
	PACKET_CHECKSUM_PARTIAL, /* the sum of the pseudo-header alone: left to a NIC to finish */
};

/*
 * Judges the checksum of a UDP datagram or TCP segment as packet_walk() gave it, with the transport
 * header still in front of pkt->payload. One pass over header and payload.
 */
enum packet_checksum packet_checksum(const struct pkt *pkt);

#endif
