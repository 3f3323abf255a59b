/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes frames of many layers from a line of words. Each word writes octets in front of those that
 * the words behind it wrote, so that every length is right: msg        a query of 19 octets
 *   udp:PORT   UDP from port 4321        tcp:PORT   TCP from port 4321
 *   ip4:P ip6:P    the inner IP header, 192.0.2.1 > 192.0.2.53, 2001:db8::1 > 2001:db8::53
 *   out4:P out6:P  an outer one, 198.51.100.1 > 198.51.100.2, 2001:db8::a > 2001:db8::b
 *   eth:TYPE   Ethernet with a type in hexadecimal
 *   len:N le:N the length of what follows plus N, in two octets of either order
 *   D4 D6      ip4:17 udp:53 msg, ip6:17 udp:53 msg
 *   anything else: octets in hexadecimal
 */
#ifndef TESTS_PACKET_LAYERS_H
#define TESTS_PACKET_LAYERS_H

#include "packet/packet.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#define LAYERS_BYTES 16384
#define LAYERS_MESSAGE 19
#define D4 "ip4:17 udp:53 msg"
#define D6 "ip6:17 udp:53 msg"

struct layers {
	size_t start; /* octets[start] to the end */
	uint8_t octets[LAYERS_BYTES];
};

struct layers_case {
	const char *what;
	unsigned link;
	const char *words;
	const char *verdict;
	unsigned tunnel; /* enum tunnel_type */
	long id; /* -1: none */
	unsigned ends; /* 0: none, 4, 6 */
	const char *vlans; /* "10 20 " */
};

const char *layers_name(enum packet_verdict verdict);

/* Makes a frame and returns its length. */
size_t layers_made(struct layers *m, const char *words);

/* Writes the words in front of the octets of *m. */
void layers_make(struct layers *m, const char *words);

/* Walks the first `len` octets, which end at a guard page, of a frame of wire_len octets, and sets
 * pkt->payload to NULL. */
enum packet_verdict layers_walk(const struct packet_conf *conf, const struct layers *m,
	unsigned link, size_t len, size_t wire_len, struct pkt *pkt);

/* Returns a configuration with port 53 and the default tunnels. */
const struct packet_conf *layers_conf(void);

/* Checks the verdicts of whole frames, and that every truncation of them ends within its octets. */
void layers_check(const struct layers_case *cases, size_t n);

#endif
