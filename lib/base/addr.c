/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

/* Every octet in decimal, and how many digits it has: four stores make an address. */
static const struct {
	char digits[3];
	uint8_t len;
} octets[256] = {
#include "base/octets.def"
};

static inline char *octet_at(char *at, uint8_t v)
{
	memcpy(at, octets[v].digits,
		3); /* what is too much is overwritten, or room that was asked for */
	return at + octets[v].len;
}

void addr_text_v4(struct text *t, const uint8_t *four)
{
	if (!text_room(t, 15))
		return;
	char *at = octet_at(t->at, four[0]);
	*at++ = '.';
	at = octet_at(at, four[1]);
	*at++ = '.';
	at = octet_at(at, four[2]);
	*at++ = '.';
	t->at = octet_at(at, four[3]);
}

static char *group_at(char *at, uint16_t v)
{
	static const char digits[] = "0123456789abcdef";
	if (v >> 12)
		*at++ = digits[v >> 12];
	if (v >> 8)
		*at++ = digits[v >> 8 & 15];
	if (v >> 4)
		*at++ = digits[v >> 4 & 15];
	*at++ = digits[v & 15];
	return at;
}

/* RFC 5952 section 4.2.3: the longest run of at least two zero groups, the first of equals. */
static void longest_zeros(const uint16_t *groups, int *start, int *length)
{
	*start = -1;
	*length = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;
		while (i + n < 8 && groups[i + n] == 0)
			n++;
		if (n > *length) {
			*start = i;
			*length = n;
		}
		i += n;
	}
}

void addr_text_v6(struct text *t, const uint8_t *sixteen)
{
	uint16_t groups[8];
	int start, length;

	if (!text_room(t, 39))
		return;
	for (int i = 0; i < 8; i++)
		groups[i] = bits_be16(sixteen + 2 * i);
	longest_zeros(groups, &start, &length);
	/* Addresses that embed IPv4 end in dotted decimal: mapped (RFC 5952 section 5) and, as all
	 * of the field shows them, compatible ones. */
	if (start == 0 && (length == 6 || (length == 5 && groups[5] == 0xffff))) {
		if (length == 5)
			text_lit(t, "::ffff:");
		else
			text_lit(t, "::");
		addr_text_v4(t, sixteen + 12);
		return;
	}
	char *at = t->at;
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			*at++ = ':';
			if (i == 0)
				*at++ = ':';
			i += length - 1;
			continue;
		}
		at = group_at(at, groups[i]);
		if (i < 7)
			*at++ = ':';
	}
	t->at = at;
}
