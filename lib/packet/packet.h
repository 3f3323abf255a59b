/* SPDX-License-Identifier: BSD-3-Clause */
/* The headers of a packet, parsed: struct pkt, which every stage from here on takes. */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include "base/addr.h"
#include "base/hash.h"
#include "base/prefix.h"
#include "metrics/metrics.h"
#include "packet/mac.h"
#include "packet/tunnel.h"
#include "rx/frame.h"

#define PACKET_VLANS 4 /* VLAN ids that are kept of one packet */
#define PACKET_DEPTH 64 /* default of packet_conf.max_depth */
#define PACKET_PORTS 1024 /* words of a bitmap over all ports */
#define PACKET_RESOLVERS 64 /* prefixes of resolvers whose port 443 is watched */
#define PACKET_HTTPS 443

enum packet_proto { PACKET_UDP = 17, PACKET_TCP = 6 };

/* How a packet ended: an index into struct metrics_packet. */
enum packet_verdict {
#define METRIC(name, help) PACKET_##name,
#include "metrics/packet.def"
#undef METRIC
	/* Preliminary, only if packet_conf.anywhere: the payload decides between PACKET_dns and
	 * PACKET_other_port, or PACKET_tcp_dns and PACKET_tcp. */
	PACKET_perhaps_dns,
	PACKET_perhaps_tcp_dns,
};

/* What a port means: a tunnel over UDP, or encrypted DNS. */
enum packet_tunnel {
	PACKET_TUNNEL_none,
#define PACKET_TUNNEL(name, layer, port, port2) PACKET_TUNNEL_##name,
#include "packet/ports.def"
#undef PACKET_TUNNEL
	PACKET_PORT_encrypted, /* encrypted DNS, UDP and TCP; from here on: no tunnels */
	PACKET_PORT_resolver, /* the same, of some addresses only */
};

/* What a wrong checksum of a TCP segment means. */
enum packet_checksums {
	PACKET_CHECKSUM_PREFER, /* a segment with a right one counts against it */
	PACKET_CHECKSUM_IGNORE,
	PACKET_CHECKSUM_REQUIRE, /* the segment is dropped */
};

/* What packet_walk() notes of a packet only where it is asked for: bits of packet_conf.wanted. */
enum {
	PACKET_WANT_REALM = 1, /* pkt.realm tells networks apart, else it is 0 */
	PACKET_WANT_MACS = 2, /* pkt.macs, else none is known */
};

struct packet_conf {
	uint64_t ports[PACKET_PORTS]; /* bit p set: DNS is spoken on port p */
	uint8_t tunnel_of[1 << 16]; /* enum packet_tunnel by port; a DNS port comes first */
	bool sightings; /* a port means encrypted DNS */
	uint8_t checksum; /* enum packet_checksums */
	bool anywhere; /* DNS is looked for on all other ports, too */
	uint8_t wanted; /* PACKET_WANT_* */
	uint16_t max_depth; /* layers that are followed: VLAN tags in a row are one */
	uint8_t resolvers; /* of the following */
	struct prefix resolver[PACKET_RESOLVERS];
};

/* Bits of pkt.tcp_flags (RFC 9293 section 3.1). */
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10 };

struct pkt {
	const uint8_t *payload; /* of the transport, borrowed from the frame */
	uint32_t len; /* octets of it at hand */
	uint32_t wire_len; /* octets of it that the transport announces */
	uint32_t frame_len; /* octets of the frame on the wire; 0: several frames brought it */
	uint32_t late_us; /* the frame's */
	int64_t ts_ns;
	int64_t clock_ns;
	struct addr_pair addrs; /* ADDR_IPV4 where there are none */
	uint8_t proto; /* enum packet_proto; of a fragment any IP protocol */
	uint16_t sport, dport;
	uint8_t cut; /* the capture cut the payload */
	uint8_t tcp_flags; /* PACKET_TCP only: octet 13 of the header */
	uint32_t seq, ack; /* PACKET_TCP only */
	uint8_t verified; /* frame.verified, of a packet without tunnel */
	uint8_t tcp_header; /* octets of the TCP header, directly before payload; 0: not at hand */
	struct mac_pair macs; /* of the innermost header that has them; PACKET_WANT_MACS */
	uint8_t vlans; /* of the following, outermost first */
	uint16_t vlan[PACKET_VLANS];
	struct tunnel tunnel;
	uint64_t realm; /* the network (packet_realm()), a part of every key; PACKET_WANT_REALM */
	/* PACKET_fragment only: payload, len and wire_len are the fragment's, ports are 0 */
	uint32_t frag_id;
	uint16_t frag_offset; /* octets */
	uint8_t frag_more;
	uint8_t frag_proto; /* of the datagram's payload */
	uint16_t undecoded; /* PACKET_other_ethertype, PACKET_other_link_type: which it was */
	/* PACKET_aggregate only: payload, len and wire_len are the A-MSDU's */
	uint8_t enclosed; /* addrs are those of an IP packet around it */
};

/*
 * What FRAME_LINK_DATAGRAM and FRAME_LINK_SUBFRAME begin with: the headers around the fragments of
 * a datagram, whose reassembled payload follows, or around an A-MSDU, of which one subframe
 * follows. Never made by a capture.
 */
struct packet_datagram {
	struct addr_pair addrs;
	uint8_t proto; /* IP protocol of the payload */
	uint8_t vlans : 7;
	uint8_t enclosed : 1; /* addrs are those of an IP packet */
	struct mac_pair macs;
	struct tunnel tunnel;
	uint16_t vlan[PACKET_VLANS];
};

_Static_assert(sizeof(struct packet_datagram) == 96, "no padding");

/* Initialises: no DNS port, the tunnels on their default ports (ports.def). */
void packet_conf_init(struct packet_conf *conf);

void packet_port_add(struct packet_conf *conf, uint16_t port);

/* Sets the ports of a kind of tunnel, none if n = 0. A port has the kind that was set last. */
void packet_tunnel_ports(
	struct packet_conf *conf, enum packet_tunnel kind, const uint16_t *ports, unsigned n);

/* Sets the ports of encrypted DNS, none if n = 0. */
void packet_encrypted_ports(struct packet_conf *conf, const uint16_t *ports, unsigned n);

/* Adds resolvers, at most PACKET_RESOLVERS, whose port 443 is encrypted DNS. */
void packet_resolver_add(struct packet_conf *conf, const struct prefix *prefix);

/* True if this address and port are those of a server of encrypted DNS. */
bool packet_encrypted_end(const struct packet_conf *conf, const struct addr_pair *addrs,
	enum addr_end end, uint16_t port);

/*
 * Returns the network that a packet belongs to, the same in both directions: two VLAN ids, the
 * tunnel's kind, and the tunnel's id where both ends use the same one. Equal addresses in different
 * networks are different hosts.
 */
uint64_t packet_realm(const struct pkt *pkt);

/* Copies the headers around a fragment or an A-MSDU (PACKET_fragment, PACKET_aggregate). */
void packet_datagram_of(struct packet_datagram *to, const struct pkt *pkt);

/* IEEE 802.11-2020 section 9.3.2.2.1 and table 9-25: the longest A-MSDU. */
#define PACKET_AMSDU 11454u
/* Octets of buffer that packet_subframe() needs. */
#define PACKET_SUBFRAME_BYTES (sizeof(struct packet_datagram) + PACKET_AMSDU)
/* Subframes of an A-MSDU that can hold DNS, at most: 14 octets of header, 3 of LLC, 20 of IP and 1
 * of a fragment, padded to 40. */
#define PACKET_SUBFRAMES (PACKET_AMSDU / 40 + 1)

/*
 * Removes the first subframe from an A-MSDU (PACKET_aggregate; IEEE 802.11-2020 section 9.3.2.2.2)
 * and makes *frame of it, of link type FRAME_LINK_SUBFRAME, in `buffer` (PACKET_SUBFRAME_BYTES
 * octets), with the outer headers and times of the A-MSDU. Returns false if fewer octets are left
 * than a subframe's header has: padding or a frame check sequence.
 */
bool packet_subframe(struct pkt *aggregate, uint8_t *buffer, struct frame *frame);

static inline bool packet_port_is(const struct packet_conf *conf, uint16_t port)
{
	return conf->ports[port >> 6] >> (port & 63) & 1;
}

/*
 * Walks the headers of a frame, outermost first, in a loop of at most conf->max_depth turns.
 * Returns PACKET_dns with *pkt filled; PACKET_tcp_dns with *pkt a TCP segment on a DNS port
 * (payload may be empty); PACKET_encrypted with *pkt the same, or a UDP datagram, to or from an end
 * of encrypted DNS; PACKET_perhaps_dns and PACKET_perhaps_tcp_dns with *pkt as PACKET_dns and
 * PACKET_tcp_dns have it, but of any length and on no port that means anything; PACKET_fragment
 * with *pkt a fragment and the outer headers seen so far; PACKET_aggregate with *pkt an A-MSDU for
 * packet_subframe() and the outer headers; or another verdict with *pkt unspecified.
 * A message in a tunnel is PACKET_dns like any other: the addresses are the inner ones, pkt->tunnel
 * is the innermost tunnel, pkt->vlan has the tags of all frames. pkt->payload borrows from the
 * frame.
 */
enum packet_verdict packet_walk(
	const struct packet_conf *conf, const struct frame *frame, struct pkt *pkt);

/*
 * Returns a hash of the realm, both ends (addresses and ports), protocol and family that is the
 * same for both directions, keyed (base/hash.h), so that nobody can aim flows at one bucket. Not
 * for fragments, which have no ports.
 */
uint32_t packet_flow_hash(const struct hash_secret *secret, const struct pkt *pkt);

/* Returns a keyed hash of the addresses alone, which a flow and its fragments have in common. */
uint32_t packet_pair_hash(const struct hash_secret *secret, const struct pkt *pkt);

/* Counts a verdict. */
static inline void packet_count(struct metrics_packet *m, enum packet_verdict verdict)
{
	metrics_add((uint64_t *)m + verdict, 1);
}

#endif
