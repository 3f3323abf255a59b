/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/mix_wire.h"

#include <string.h>

enum { UDP_HEADER = 8, TCP_HEADER = 20, VXLAN_HEADER = 8, ETHERNET_HEADER = 14 };

static void put_ethernet(struct writer *w, bool v6)
{
	memset(w->at, 2, 12);
	w->at += 12;
	u16(w, v6 ? 0x86dd : 0x0800);
}

static void put_ip6(struct writer *w, const struct wire *x, unsigned proto, unsigned payload)
{
	uint8_t client[16] = {0x20, 1, 0xd, 0xb8, 0, 1}, server[16] = {0x20, 1, 0xd, 0xb8, 0, 2};
	client[14] = (uint8_t)(x->client >> 8);
	client[15] = (uint8_t)x->client;
	server[15] = 53;
	u32(w, 0x60000000);
	u16(w, payload);
	u16(w, proto << 8 | 0x40);
	memcpy(w->at, x->reply ? server : client, 16);
	memcpy(w->at + 16, x->reply ? client : server, 16);
	w->at += 32;
}

static void put_ip4(struct writer *w, unsigned proto, uint32_t src, uint32_t dst, unsigned payload)
{
	u16(w, 0x4500);
	u16(w, 20 + payload);
	u32(w, 0);
	u32(w, 0x40000000 | proto << 16);
	u32(w, src);
	u32(w, dst);
}

static void put_udp(struct writer *w, unsigned sport, unsigned dport, unsigned payload)
{
	u16(w, sport);
	u16(w, dport);
	u16(w, UDP_HEADER + payload);
	u16(w, 0);
}

static void put_tcp(struct writer *w, const struct wire *x, unsigned sport, unsigned dport)
{
	u16(w, sport);
	u16(w, dport);
	u32(w, x->seq);
	u32(w, x->ack);
	u16(w, 0x5000 | x->flags);
	u16(w, 65535);
	u32(w, 0);
}

void wire_headers(struct writer *w, const struct wire *x, unsigned payload)
{
	unsigned proto = x->tcp ? 6 : 17, transport = payload + (x->tcp ? TCP_HEADER : UDP_HEADER);
	unsigned service = x->service ? x->service : 53;
	unsigned sport = x->reply ? service : x->port, dport = x->reply ? x->port : service;
	uint32_t client = 0xc6330000 + x->client, server = 0xcb007135;

	if (x->tunnel) {
		unsigned inner = ETHERNET_HEADER + (x->v6 ? 40 : 20) + transport;
		put_ethernet(w, false);
		put_ip4(w, 17, 0x0a000001, 0x0a000002, UDP_HEADER + VXLAN_HEADER + inner);
		put_udp(w, 49152 + (x->port & 0x3fff), 4789, VXLAN_HEADER + inner);
		u32(w, 0x08000000);
		u32(w, 42 << 8);
	}
	put_ethernet(w, x->v6);
	if (x->v6)
		put_ip6(w, x, proto, transport);
	else
		put_ip4(w, proto, x->reply ? server : client, x->reply ? client : server,
			transport);
	if (x->tcp)
		put_tcp(w, x, sport, dport);
	else
		put_udp(w, sport, dport, payload);
}

static uint32_t sum_words(const uint8_t *p, unsigned n)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

void wire_checksum(uint8_t *ip)
{
	bool v6 = *ip >> 4 == 6;
	unsigned header = v6 ? 40 : 20, ends = v6 ? 32 : 8;
	unsigned length =
		v6 ? (unsigned)ip[4] << 8 | ip[5] : ((unsigned)ip[2] << 8 | ip[3]) - header;
	unsigned proto = ip[v6 ? 6 : 9], at = proto == 6 ? 16 : 6;
	uint8_t *transport = ip + header;
	transport[at] = transport[at + 1] = 0;
	uint32_t sum = sum_words(transport - ends, ends) + proto + length;
	sum += sum_words(transport, length);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	if (sum == 0xffff)
		sum = 0; /* it is sent as 0xffff: a UDP checksum of 0 means that there is none */
	transport[at] = (uint8_t)(~sum >> 8);
	transport[at + 1] = (uint8_t)~sum;
}

void wire_packet(struct writer *w, const struct wire *x, const void *payload, unsigned len)
{
	wire_headers(w, x, len);
	uint8_t *ip = w->at - (x->tcp ? TCP_HEADER : UDP_HEADER) - (x->v6 ? 40 : 20);
	if (len)
		memcpy(w->at, payload, len);
	w->at += len;
	wire_checksum(ip);
}
