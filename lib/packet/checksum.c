/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/checksum.h"

#define UDP_HEADER 8u
#define UDP_CHECKSUM 6u /* where it stands in the header */
#define TCP_CHECKSUM 16u

/* Adds 16-bit words in the order of memory; an odd octet counts as a word's first. */
static uint64_t sum_words(const uint8_t *p, uint32_t n)
{
	uint64_t sum = 0;
	uint32_t w;
	for (; n >= sizeof(w); p += sizeof(w), n -= (uint32_t)sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sum += w;
	}
	if (n) {
		w = 0;
		memcpy(&w, p, n);
		sum += w;
	}
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 768, RFC 9293 section 3.1, RFC 8200 section 8.1; 0 and 0xffff are the same number. */
static uint64_t sum_pseudo_header(const struct pkt *pkt, uint32_t length)
{
	uint32_t n;
	const uint8_t *src = addr_pair_wire(&pkt->addrs, ADDR_SRC, &n);
	const uint8_t *dst = addr_pair_wire(&pkt->addrs, ADDR_DST, &n);
	uint8_t rest[8] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length, 0, 0, 0, pkt->proto};
	return sum_words(src, n) + sum_words(dst, n) + sum_words(rest, sizeof(rest));
}

enum packet_checksum packet_checksum(const struct pkt *pkt)
{
	bool udp = pkt->proto == PACKET_UDP;
	uint32_t header = udp ? UDP_HEADER : pkt->tcp_header;
	static const uint8_t lite[2] = {0, 136 - PACKET_UDP};
	uint16_t sent;

	if (header == 0 || pkt->len < pkt->wire_len)
		return PACKET_CHECKSUM_UNKNOWN;
	const uint8_t *start = pkt->payload - header;
	memcpy(&sent, start + (udp ? UDP_CHECKSUM : TCP_CHECKSUM), sizeof(sent));
	if (udp && sent == 0)
		return PACKET_CHECKSUM_UNKNOWN;
	uint64_t pseudo = sum_pseudo_header(pkt, header + pkt->wire_len);
	if (fold(pseudo + sum_words(start, header) + sum_words(pkt->payload, pkt->len)) == 0xffff)
		return PACKET_CHECKSUM_RIGHT;
	/* UDP-Lite where it covers all: the same with its own number (RFC 3828 section 3.1) */
	if (udp && fold(pseudo + sum_words(lite, sizeof(lite)) + sum_words(start, header) +
			   sum_words(pkt->payload, pkt->len)) == 0xffff)
		return PACKET_CHECKSUM_RIGHT;
	return sent == fold(pseudo) ? PACKET_CHECKSUM_PARTIAL : PACKET_CHECKSUM_WRONG;
}
