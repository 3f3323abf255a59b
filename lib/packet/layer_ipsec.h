/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPsec: AH (RFC 4302) and ESP (RFC 4303). With the NULL cipher (RFC 2410; RFC 4543, with 8 octets
 * of IV) the payload of ESP is not encrypted, but no field says so. RFC 5879: it is not if padding,
 * next header and the payload's own length agree for one of the usual lengths of the integrity
 * check value.
 */
#ifndef PACKET_LAYER_IPSEC_H
#define PACKET_LAYER_IPSEC_H

#include "packet/walk_common.h"

enum { ESP_HEADER = 8, ESP_IV = 8, ESP_TRAILER = 2 };

/* RFC 1071 over n octets, added to `sum`. */
static inline uint32_t layer_checksum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sum += bits_be16(p);
	return n ? sum + ((uint32_t)*p << 8) : sum;
}

/* Has a TCP segment of n octets a right checksum (RFC 9293 section 3.1)? */
static inline bool layer_tcp_is_valid(const struct pkt *pkt, const uint8_t *p, size_t n)
{
	if (n < TCP_HEADER || (p[TCP_DATA_OFFSET] >> 4) * 4u < TCP_HEADER ||
		(p[TCP_DATA_OFFSET] >> 4) * 4u > n)
		return false;
	uint32_t len;
	const uint8_t *src = addr_pair_wire(&pkt->addrs, ADDR_SRC, &len);
	const uint8_t *dst = addr_pair_wire(&pkt->addrs, ADDR_DST, &len);
	uint32_t sum = layer_checksum((uint32_t)n + IP_TCP, src, len);
	sum = layer_checksum(sum, dst, len);
	sum = layer_checksum(sum, p, n);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* Are n octets at p a payload of IP protocol `next`, by its own length or checksum? */
static inline bool layer_esp_is_payload(
	const struct walk *w, uint8_t next, const uint8_t *p, size_t n)
{
	switch (next) {
	case IP_UDP: return n >= UDP_HEADER && bits_be16(p + UDP_LENGTH) == n;
	case IP_TCP: return layer_tcp_is_valid(w->pkt, p, n);
	case IP_IPV4:
		return n >= IPV4_HEADER && p[0] >> IP_VERSION_SHIFT == 4 &&
		       bits_be16(p + IPV4_TOTAL_LENGTH) == n;
	case IP_IPV6:
		return n >= IPV6_HEADER && p[0] >> IP_VERSION_SHIFT == 6 &&
		       (size_t)bits_be16(p + IPV6_PAYLOAD_LENGTH) + IPV6_HEADER == n;
	default: return false;
	}
}

/* The padding counts 1, 2, 3, ... (RFC 4303 section 2.4). */
static inline bool layer_esp_is_padding(const uint8_t *end, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++)
		if (end[-1 - i] != n - i)
			return false;
	return true;
}

/* AH encrypts nothing (RFC 4302). */
static inline enum layer layer_ah(struct walk *w)
{
	return layer_extension(w, 4, 2);
}

static inline enum layer layer_esp(struct walk *w)
{
	static const uint8_t icvs[] = {12, 16, 24, 32, 0}; /* RFC 5879 section 8.1 */
	const uint8_t *spi = layer_read(w, ESP_HEADER);
	if (!spi || w->cut) /* the trailer is at the end */
		return layer_stop(w, PACKET_esp);
	size_t left = layer_remaining(w);
	for (size_t iv = 0; iv <= ESP_IV; iv += ESP_IV)
		for (size_t i = 0; i < BITS_COUNT(icvs); i++) {
			if (left < iv + icvs[i] + ESP_TRAILER)
				continue;
			const uint8_t *trailer = w->end - icvs[i] - ESP_TRAILER;
			uint8_t pad = trailer[0];
			const uint8_t *payload = w->at + iv;
			if ((size_t)(trailer - payload) < pad)
				continue;
			size_t n = (size_t)(trailer - payload) - pad;
			if (!layer_esp_is_padding(trailer, pad) ||
				!layer_esp_is_payload(w, trailer[1], payload, n))
				continue;
			layer_set_tunnel_id(w, TUNNEL_esp, bits_be32(spi));
			w->at = payload;
			w->end = payload + n;
			w->announced = (uint32_t)n;
			w->next = trailer[1];
			return w->next == IP_IPV4 || w->next == IP_IPV6 ? LAYER_ip
									: LAYER_ip_protocol;
		}
	return layer_stop(w, PACKET_esp);
}

#endif
