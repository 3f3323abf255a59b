/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP fragments put together (RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722), in memory given
 * by the caller, bounded, without EAL. Not librte_ip_frag: Debian builds that with room for eight
 * fragments a datagram, so that nothing above 11,840 octets at an Ethernet's MTU can be whole, and
 * it does not see overlaps.
 */
#ifndef REASM_IP_FRAG_H
#define REASM_IP_FRAG_H

#include "base/hash.h"
#include "packet/packet.h"

struct ip_frag_conf {
	uint32_t max_datagrams; /* unfinished at a time */
	int64_t timeout_ns; /* a datagram may take this long, by the capture's clock */
};

struct ip_frag_datagram;

struct ip_frag {
	struct ip_frag_datagram *datagrams; /* numbered from 1 */
	uint8_t *rooms; /* IP_FRAG_ROOM octets each */
	uint32_t *buckets;
	uint32_t mask;
	uint32_t capacity;
	uint32_t virgin, free;
	uint32_t oldest, youngest;
	uint32_t finished; /* whole datagrams that ip_frag_recycle() will free */
	struct ip_frag_conf conf;
	struct hash_secret secret;
	struct metrics_reasm *metrics;
};

/* Octets of a datagram's place: what FRAME_LINK_DATAGRAM begins with, and 64 KiB. */
#define IP_FRAG_ROOM ((sizeof(struct packet_datagram) + 65536 + 63) & ~(size_t)63)

/* Octets of memory for a table. */
size_t ip_frag_bytes(const struct ip_frag_conf *conf);

/* `memory`: zeroed, ip_frag_bytes() octets, aligned to a cache line, the caller's. */
void ip_frag_init(struct ip_frag *f, void *memory, const struct ip_frag_conf *conf,
	const struct hash_secret *secret, struct metrics_reasm *metrics);

/*
 * Takes the fragment that packet_walk() found. true: its datagram is whole, and *whole is a frame
 * of link type FRAME_LINK_DATAGRAM for packet_walk(), with the time of its latest fragment: that
 * with the highest clock_ns, as fragments in fragments may come in another order than on the wire.
 * Its octets stay until ip_frag_recycle().
 */
bool ip_frag_take(struct ip_frag *f, const struct pkt *fragment, struct frame *whole);

/* Frees the datagrams that were handed out. */
void ip_frag_recycle(struct ip_frag *f);

/* Gives up at most `most` datagrams whose time is over. Returns how many. */
unsigned ip_frag_expire(struct ip_frag *f, int64_t clock_ns, unsigned most);

/* Gives up all datagrams, at the end of the capture. */
void ip_frag_finish(struct ip_frag *f);

#endif
