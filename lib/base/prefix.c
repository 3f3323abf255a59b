/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/prefix.h"

#include <arpa/inet.h>

#define V4_BITS 96 /* before an IPv4 address in struct addr */

/* Parses a prefix length of 1 to 3 digits. Returns it, or -1 if it is none or above max. */
static int parse_bits(const char *digits, int max)
{
	int bits = 0;
	size_t n = strlen(digits);
	if (n == 0 || n > 3)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		bits = bits * 10 + digits[i] - '0';
	}
	return bits <= max ? bits : -1;
}

/* True if a bit behind the prefix is set. */
static bool has_host_bits(const struct prefix *p)
{
	for (unsigned bit = p->bits; bit < 128; bit++)
		if (p->addr.octets[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

const char *prefix_parse(struct prefix *prefix, const char *text)
{
	char buffer[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	size_t n = strcspn(text, "/");

	memset(prefix, 0, sizeof(*prefix));
	if (n >= sizeof(buffer))
		return "no address";
	memcpy(buffer, text, n);
	buffer[n] = '\0';
	if (inet_pton(AF_INET6, buffer, octets) == 1) {
		prefix->addr = addr_of_v6(octets);
	} else if (inet_pton(AF_INET, buffer, octets) == 1) {
		prefix->addr = addr_of_v4(octets);
	} else {
		return "no address";
	}
	bool v6 = prefix->addr.family == ADDR_IPV6;
	int max = v6 ? 128 : 32, bits = max;
	if (text[n] == '/')
		bits = parse_bits(text + n + 1, max);
	if (bits < 0)
		return v6 ? "not followed by / and 0 to 128" : "not followed by / and 0 to 32";
	prefix->bits = (uint8_t)(v6 ? bits : V4_BITS + bits);
	return has_host_bits(prefix) ? "more than a prefix: bits behind it are set" : NULL;
}

bool prefix_has(const struct prefix *prefix, const struct addr *addr)
{
	const uint8_t *a = prefix->addr.octets, *b = addr->octets;
	unsigned n = prefix->bits;

	if (prefix->addr.family != addr->family)
		return false;
	uint64_t high = bits_be64(a) ^ bits_be64(b);
	if (n <= 64)
		return n == 0 || high >> (64 - n) == 0;
	return high == 0 && (bits_be64(a + 8) ^ bits_be64(b + 8)) >> (128 - n) == 0;
}
