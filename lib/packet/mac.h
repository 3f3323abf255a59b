/* SPDX-License-Identifier: BSD-3-Clause */
/* The MAC addresses around a packet (IEEE 802 EUI-48), where output.mac asks for them. */
#ifndef PACKET_MAC_H
#define PACKET_MAC_H

#include "base/addr.h"

#define MAC_OCTETS 6
#define MAC_BOTH 3 /* mac_pair.known of a pair whose two addresses are known */

struct mac_pair {
	uint8_t octets[2][MAC_OCTETS]; /* by enum addr_end */
	uint8_t known; /* bit n: octets[n] is known; a cooked capture has the source alone */
};

_Static_assert(sizeof(struct mac_pair) == 13, "no padding");

static inline bool mac_is_known(const struct mac_pair *m, enum addr_end end)
{
	return m->known >> end & 1;
}

static inline void mac_set(struct mac_pair *m, enum addr_end end, const uint8_t *octets)
{
	memcpy(m->octets[end], octets, MAC_OCTETS);
	m->known |= (uint8_t)(1u << end);
}

/* Returns the pair of the other direction. */
static inline struct mac_pair mac_reverse(const struct mac_pair *m)
{
	struct mac_pair r = {.known = (uint8_t)(m->known << 1 & 2) | (m->known >> 1 & 1)};
	memcpy(r.octets[ADDR_SRC], m->octets[ADDR_DST], MAC_OCTETS);
	memcpy(r.octets[ADDR_DST], m->octets[ADDR_SRC], MAC_OCTETS);
	return r;
}

/* Takes from `other` what `m` does not know. */
static inline void mac_complete(struct mac_pair *m, const struct mac_pair *other)
{
	for (enum addr_end end = ADDR_SRC; end <= ADDR_DST; end++)
		if (!mac_is_known(m, end) && mac_is_known(other, end))
			mac_set(m, end, other->octets[end]);
}

#endif
