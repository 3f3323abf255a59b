/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the headers around a message, for the benchmarks' frames. */
#ifndef BENCH_MIX_WIRE_H
#define BENCH_MIX_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct writer {
	uint8_t *at;
};

static inline void u8(struct writer *w, unsigned v)
{
	*w->at++ = (uint8_t)v;
}

static inline void u16(struct writer *w, unsigned v)
{
	u8(w, v >> 8);
	u8(w, v & 255);
}

static inline void u32(struct writer *w, uint32_t v)
{
	u16(w, v >> 16);
	u16(w, v & 0xffff);
}

/* One packet between a client and the server. */
struct wire {
	unsigned client; /* number, which decides the address */
	uint16_t port; /* of the client */
	uint16_t service; /* the server's port; 0: 53 */
	bool v6, reply, tcp;
	bool tunnel; /* in VXLAN */
	/* TCP only */
	uint8_t flags;
	uint32_t seq, ack;
};

/* Fills in the checksum of the TCP segment or UDP datagram in an IP packet. */
void wire_checksum(uint8_t *ip);

enum { WIRE_FIN = 1, WIRE_SYN = 2, WIRE_PSH = 8, WIRE_ACK = 16 };

/* Writes Ethernet, perhaps a tunnel, IP, and UDP or TCP for `payload` octets, which the caller then
 * writes. */
void wire_headers(struct writer *w, const struct wire *x, unsigned payload);

/* Writes headers and payload, and fills in the checksum. */
void wire_packet(struct writer *w, const struct wire *x, const void *payload, unsigned len);

#endif
