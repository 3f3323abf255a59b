/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes DNS messages and packets for tests, octet by octet, without the code under test. Writing
 * more than WIRE_MAX octets aborts the test.
 */
#ifndef SUPPORT_WIRE_H
#define SUPPORT_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MAX 80000

struct wire {
	uint32_t len;
	uint8_t octets[WIRE_MAX];
};

void wire_clear(struct wire *w);
void wire_put(struct wire *w, const void *p, size_t n);
void wire_u8(struct wire *w, unsigned v);
void wire_u16(struct wire *w, unsigned v);
void wire_u32(struct wire *w, uint32_t v);
/* Writes the octet v n times. */
void wire_fill(struct wire *w, unsigned v, size_t n);
/* Writes octets given as hexadecimal digits; skips spaces. */
void wire_hex(struct wire *w, const char *hex);

/* Writes a name: "www.example.com"; "" is the root. */
void wire_name(struct wire *w, const char *dotted);
void wire_header(struct wire *w, unsigned id, unsigned flags, unsigned qd, unsigned an, unsigned ns,
	unsigned ar);
void wire_question(struct wire *w, const char *name, unsigned type, unsigned rrclass);
void wire_rr(struct wire *w, const char *name, unsigned type, unsigned rrclass, uint32_t ttl,
	const void *rdata, size_t rdlen);
/* Replaces the contents by a message with one question. */
void wire_message(struct wire *w, unsigned id, unsigned flags, const char *name, unsigned type);

/* Write headers; from 192.0.2.1 to 192.0.2.53, from 2001:db8::1 to 2001:db8::53. */
void wire_ethernet(struct wire *w, unsigned ethertype);
void wire_ipv4(struct wire *w, unsigned protocol, size_t payload);
void wire_ipv6(struct wire *w, unsigned next, size_t payload);
void wire_udp(struct wire *w, unsigned sport, unsigned dport, size_t payload);

#endif
