/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/checksum.h"

#include "packet/wire.h"

/* Four sums of 16-bit words. Each can add 65,536 words (together 512 KiB) before it overflows. */
typedef uint32_t sums __attribute__((vector_size(16)));

static inline sums sum_sixteen(const uint8_t *p)
{
	sums v;
	memcpy(&v, p, sizeof(v));
	return (v & 0xffff) + (v >> 16);
}

static inline uint64_t sum_lanes(sums s)
{
	return (uint64_t)s[0] + s[1] + s[2] + s[3];
}

/* Returns the sum of n octets, at most 256 KiB, as 16-bit words in memory order; an odd last octet
 * is the first of a word whose other octet is 0 (RFC 1071 section 4.1). */
static inline uint64_t sum_words(const uint8_t *p, uint32_t n)
{
	sums even = {0}, odd = {0};
	uint64_t last = 0;

	for (; n >= 2 * sizeof(sums); p += 2 * sizeof(sums), n -= (uint32_t)(2 * sizeof(sums))) {
		even += sum_sixteen(p);
		odd += sum_sixteen(p + sizeof(sums));
	}
	if (n & 16) {
		even += sum_sixteen(p);
		p += 16;
	}
	if (n & 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		last = (w & 0xffffffff) + (w >> 32);
		p += 8;
	}
	if (n & 4) {
		uint32_t w;
		memcpy(&w, p, 4);
		last += w;
		p += 4;
	}
	if (n & 3) {
		uint8_t word[4] = {p[0], n & 2 ? p[1] : 0, (n & 3) == 3 ? p[2] : 0};
		uint32_t w;
		memcpy(&w, word, 4);
		last += w;
	}
	return sum_lanes(even + odd) + last;
}

/* Returns the sum in 16 bits (RFC 1071 section 1). */
static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * Returns the sum of the pseudo-header (RFC 768, RFC 9293 section 3.1, RFC 8200 section 8.1).
 * struct addr has a word of 0xffff in front of an IPv4 address, which is 0 in one's complement.
 */
static inline uint64_t sum_pseudo_header(const struct pkt *pkt, uint32_t length)
{
	const uint8_t rest[8] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, pkt->proto};
	uint64_t words;
	memcpy(&words, rest, sizeof(words));
	return sum_lanes(sum_sixteen(pkt->addrs.octets[0]) + sum_sixteen(pkt->addrs.octets[1])) +
	       (words & 0xffffffff) + (words >> 32);
}

enum packet_checksum packet_checksum(const struct pkt *pkt)
{
	bool udp = pkt->proto == PACKET_UDP;
	uint32_t header = udp ? UDP_HEADER : pkt->tcp_header;
	uint16_t sent, lite;

	if (bits_unlikely(pkt->verified))
		return PACKET_CHECKSUM_RIGHT;
	if (header == 0 || pkt->len < pkt->wire_len)
		return PACKET_CHECKSUM_UNKNOWN;
	const uint8_t *start = pkt->payload - header;
	memcpy(&sent, start + (udp ? UDP_CHECKSUM : TCP_CHECKSUM), sizeof(sent));
	if (udp && sent == 0)
		return PACKET_CHECKSUM_UNKNOWN;
	uint64_t pseudo = sum_pseudo_header(pkt, header + pkt->wire_len);
	uint64_t sum = pseudo + sum_words(start, header + pkt->len);
	if (bits_likely(fold(sum) == 0xffff))
		return PACKET_CHECKSUM_RIGHT;
	/* UDP-Lite that covers all octets differs by the number in the pseudo-header only (RFC 3828
	 * section 3.1). */
	memcpy(&lite, (const uint8_t[]){0, IP_UDPLITE - PACKET_UDP}, sizeof(lite));
	if (udp && fold(sum + lite) == 0xffff)
		return PACKET_CHECKSUM_RIGHT;
	return sent == fold(pseudo) ? PACKET_CHECKSUM_PARTIAL : PACKET_CHECKSUM_WRONG;
}
