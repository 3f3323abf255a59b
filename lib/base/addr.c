/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

/* Each octet in decimal, with its number of digits: four stores write an address. */
static const struct {
	char digits[3];
	uint8_t len;
} octets[256] = {
#include "base/octets.def"
};

/* Each octet in two hexadecimal digits, the first one in the low byte. */
#define HEX(n) ((n) < 10 ? '0' + (n) : 'a' + (n)-10)
#define HEX_PAIR(v) ((uint16_t)(HEX((v) >> 4) | HEX((v)&15) << 8))
#define HEX_4(v) HEX_PAIR(v), HEX_PAIR((v) + 1), HEX_PAIR((v) + 2), HEX_PAIR((v) + 3)
#define HEX_16(v) HEX_4(v), HEX_4((v) + 4), HEX_4((v) + 8), HEX_4((v) + 12)
#define HEX_64(v) HEX_16(v), HEX_16((v) + 16), HEX_16((v) + 32), HEX_16((v) + 48)
static const uint16_t addr_hex[256] = {HEX_64(0), HEX_64(64), HEX_64(128), HEX_64(192)};

static inline char *octet_at(char *at, uint8_t v)
{
	memcpy(at, &octets[v], 4); /* excess octets are overwritten, or lie in the reserved space */
	return at + octets[v].len;
}

char *addr_text_v4_at(char *at, const uint8_t *four)
{
	at = octet_at(at, four[0]);
	*at++ = '.';
	at = octet_at(at, four[1]);
	*at++ = '.';
	at = octet_at(at, four[2]);
	*at++ = '.';
	return octet_at(at, four[3]);
}

void addr_text_v4(struct text *t, const uint8_t *four)
{
	char buffer[ADDR_TEXT_MAX];
	if (bits_likely((size_t)(t->end - t->at) >= sizeof(buffer)))
		t->at = addr_text_v4_at(t->at, four);
	else
		text_put(t, buffer, (size_t)(addr_text_v4_at(buffer, four) - buffer));
}

/* Writes a group without leading zeros: one to four digits, from the two digits of each octet. */
static inline char *group_at(char *at, uint16_t v)
{
	uint32_t high, low, word;
	high = addr_hex[v >> 8];
	low = addr_hex[v & 255];
	word = high | low << 16;
	unsigned zeros = (unsigned)__builtin_ctz((word ^ 0x30303030) | 1u << 24) & 24;
	word >>= zeros;
	memcpy(at, &word, sizeof(word));
	return at + 4 - zeros / 8;
}

/*
 * Finds the longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2.3).
 * Bit i of `zeros` means that group i is zero; each step keeps the bits at which a longer run
 * begins.
 */
static inline void longest_zeros(unsigned zeros, int *start, int *length)
{
	unsigned last = 0;
	int n = 0;
	for (; zeros; n++) {
		last = zeros;
		zeros &= zeros >> 1;
	}
	*start = n >= 2 ? __builtin_ctz(last) : -1;
	*length = n;
}

char *addr_text_v6_at(char *at, const uint8_t *sixteen)
{
	uint16_t groups[8];
	unsigned zeros = 0;
	int start, length;

	for (int i = 0; i < 8; i++) {
		groups[i] = bits_be16(sixteen + 2 * i);
		zeros |= (unsigned)(groups[i] == 0) << i;
	}
	longest_zeros(zeros, &start, &length);
	/* IPv4-mapped addresses end in dotted decimal (RFC 5952 section 5), and so do
	 * IPv4-compatible ones, as in the output of most tools. */
	if (bits_unlikely(start == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff)))) {
		at = length == 5 ? text_lit_at(at, "::ffff:") : text_lit_at(at, "::");
		return addr_text_v4_at(at, sixteen + 12);
	}
	int before = start < 0 ? 8 : start;
	for (int i = 0; i < before; i++) {
		at = group_at(at, groups[i]);
		*at++ = ':';
	}
	if (start < 0)
		return at - 1;
	if (start == 0)
		*at++ = ':';
	*at++ = ':';
	for (int i = start + length; i < 8; i++) {
		at = group_at(at, groups[i]);
		*at++ = ':';
	}
	return start + length < 8 ? at - 1 : at;
}

void addr_text_v6(struct text *t, const uint8_t *sixteen)
{
	char buffer[ADDR_TEXT_MAX];
	if (bits_likely((size_t)(t->end - t->at) >= sizeof(buffer)))
		t->at = addr_text_v6_at(t->at, sixteen);
	else
		text_put(t, buffer, (size_t)(addr_text_v6_at(buffer, sixteen) - buffer));
}
