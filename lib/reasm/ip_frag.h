/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembles IP fragments (RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722) in bounded memory
 * of the caller, without EAL. Debian builds librte_ip_frag for eight fragments a datagram, at most
 * 11,840 octets with an Ethernet's MTU, and it does not detect overlaps.
 */
#ifndef REASM_IP_FRAG_H
#define REASM_IP_FRAG_H

#include "base/slots.h"
#include "packet/packet.h"

struct ip_frag_conf {
	uint32_t max_datagrams; /* incomplete at a time */
	int64_t timeout_ns; /* how long a datagram may take, by the capture's clock */
};

struct ip_frag_datagram;

struct ip_frag {
	struct ip_frag_datagram *datagrams;
	uint8_t *buffers; /* IP_FRAG_BUFFER octets each */
	struct slots slots; /* of datagrams */
	struct agelist ages; /* of the incomplete datagrams, by their first fragment */
	uint32_t complete; /* list of datagrams that ip_frag_recycle() will free */
	struct ip_frag_conf conf;
	struct hash_secret secret;
	struct metrics_reasm *metrics;
};

/* Octets of a datagram's buffer: the head of FRAME_LINK_DATAGRAM, and 64 KiB. */
#define IP_FRAG_BUFFER ((sizeof(struct packet_datagram) + 65536 + 63) & ~(size_t)63)

/* Returns the octets of memory for a table. */
size_t ip_frag_bytes(const struct ip_frag_conf *conf);

/*
 * Starts an empty table. `memory` is zeroed, has ip_frag_bytes() octets, is aligned to a cache line
 * and stays the caller's.
 */
void ip_frag_init(struct ip_frag *f, void *memory, const struct ip_frag_conf *conf,
	const struct hash_secret *secret, struct metrics_reasm *metrics);

/*
 * Adds a fragment that packet_walk() found. Returns true if its datagram is complete: *whole is
 * then a frame of link type FRAME_LINK_DATAGRAM for packet_walk(), with the time of the fragment
 * that has the highest clock_ns (fragments within fragments may arrive in another order than on the
 * wire). Its octets are valid until ip_frag_recycle().
 */
bool ip_frag_process(struct ip_frag *f, const struct pkt *fragment, struct frame *whole);

/* Releases the datagrams that ip_frag_process() returned. */
void ip_frag_recycle(struct ip_frag *f);

/* Expires at most `max` datagrams. Returns how many. */
unsigned ip_frag_expire(struct ip_frag *f, int64_t clock_ns, unsigned max);

/* Removes all incomplete datagrams, at the end of the capture. */
void ip_frag_finish(struct ip_frag *f);

#endif
