/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Floods, and honest traffic beside them, as frames in packet time, always the same: flood_kinds.c
 * makes the floods, flood_honest.c the packets of honest clients, flood.c measures.
 */
#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H

#include "rx/frame.h"

#include <stdbool.h>
#include <stddef.h>

#define FLOOD_BURST 32
#define FLOOD_FRAME 9216 /* octets of the largest */
#define FLOOD_CONNECTION 12 /* segments of a large query over TCP */

enum { FLOOD_FIN = 1, FLOOD_SYN = 2, FLOOD_RST = 4, FLOOD_ACK = 16 };

/* The ends of an IPv4 packet. */
struct flood_ends {
	uint32_t src, dst;
	uint16_t sport, dport;
};

/* The frames of a burst. */
struct flood_burst {
	unsigned n;
	struct frame frames[FLOOD_BURST];
	uint8_t octets[FLOOD_BURST][FLOOD_FRAME];
};

#define HONEST_MS 512 /* of the calendar: longer than any step is scheduled ahead */

/* Honest clients: transactions over UDP or TCP, each answered. */
struct honest {
	uint64_t begun, sent; /* transactions; those whose query was sent */
	int64_t every_ns, next_ns;
	struct honest_step {
		uint64_t number; /* of the transaction */
		int64_t due_ns;
		unsigned step;
		uint32_t next; /* in its millisecond; index + 1 */
	} * steps;
	uint32_t free, max_steps, calendar[HONEST_MS], last[HONEST_MS];
	int64_t now_ms;
};

struct flood {
	const struct flood_kind *kind;
	bool many; /* from many sources, or whatever else a flood has one or many of */
	struct honest honest;
	struct flood_burst burst;
	int64_t now_ns;
};

/* Writes the i-th packet of a flood. */
struct flood_kind {
	const char *name, *what;
	void (*make)(struct flood *f, uint64_t i);
};

extern const struct flood_kind flood_kinds[];
extern const unsigned flood_kind_count;

/* Returns a number that looks random, the same for the same i. */
uint64_t flood_random(uint64_t i);

/* Addresses: honest clients are in 10.0.0.0/8, a flood's in 172.16.0.0/12. */
#define FLOOD_SERVER 0xc0000235u /* 192.0.2.53 */
#define FLOOD_HONEST(n) (0x0a000000u | (uint32_t)(n))
#define FLOOD_SOURCE(n) (0xac100000u | ((uint32_t)(n)&0xfffff))

/* Writes a message of one question for an A record, with the answer `address` unless it is 0.
 * Returns its length. */
uint32_t flood_message(
	uint8_t *to, uint16_t id, uint16_t flags, const char *name, uint32_t address);

/* Append a packet of the current time to the burst. */
void flood_udp(struct flood *f, const struct flood_ends *e, const uint8_t *payload, uint32_t n);
void flood_tcp(struct flood *f, const struct flood_ends *e, unsigned flags, uint32_t seq,
	uint32_t ack, const uint8_t *payload, uint32_t n);
void flood_fragment(struct flood *f, const struct flood_ends *e, uint16_t id, uint32_t n);

/* An honest transaction. */
struct honest_one {
	struct flood_ends ends; /* of its query */
	uint16_t id;
	bool tcp;
	uint32_t isn; /* of the client; the server's is one more than its complement */
	int64_t latency_ns;
	char name[48];
};
#define HONEST_ADDRESS 0xc0000250u /* the answer of honest replies */

/* Returns the honest transaction of a number. */
struct honest_one honest_one(uint64_t number);

void honest_init(struct honest *h, int64_t every_ns);
void honest_free(struct honest *h);

/* Appends the next honest packet that is due by until_ns, to the millisecond. `begin`: clients send
 * further queries. Returns false if none is due. */
bool honest_packet(struct flood *f, int64_t until_ns, bool begin);

#endif
