/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/tap_time.h"

#include "base/bits.h"
#include "base/when.h"

/* IERS Bulletin C: since 2017-01-01, before the first of these tags. */
#define TAI_AHEAD_NS (INT64_C(37) * WHEN_NS_PER_S)

enum {
	ETHER_ADDRESSES = 12,
	ETHER_TYPE_OCTETS = 2,
	VLAN_OCTETS = 4,
	VLANS_FOLLOWED = 4,
	FCS_OCTETS = 4,
	/* Metamako, from its end: flags 1, device 2, port 1; seconds and nanoseconds before them,
	 * then extensions and the original check sequence. */
	METAMAKO_OCTETS = 12,
	METAMAKO_NS = 4, /* offset in these */
	/* Exablaze: original check sequence 4, device 1, port 1, seconds 4, fraction 5, flags 1. */
	EXABLAZE_OCTETS = 16,
	EXABLAZE_SECONDS = 6,
	EXABLAZE_FRACTION = 10, /* of 40 bits */
};

/* Returns the difference of two times, whichever is later. */
static uint64_t distance(int64_t a, int64_t b)
{
	return (uint64_t)(a > b ? when_since(a, b) : when_since(b, a));
}

/* Completes a time that is known modulo `period` to the one nearest to near_ns. */
static int64_t nearest(uint64_t value, uint64_t period, int64_t near_ns)
{
	uint64_t ahead = (value + period - (uint64_t)near_ns % period) % period;
	int64_t offset = ahead > period / 2 ? (int64_t)(ahead - period) : (int64_t)ahead;
	return when_after(near_ns, offset);
}

/* Combines seconds and nanoseconds. False: the nanoseconds are a second or more. */
static bool join_time(uint64_t s, uint32_t ns, uint64_t *time)
{
	*time = s * WHEN_NS_PER_S + ns;
	return ns < WHEN_NS_PER_S;
}

static bool read_arista(const uint8_t *tag, uint32_t left, int64_t near_ns, int64_t *time_ns)
{
	const uint8_t *at = tag + TAP_ARISTA_HEADER;
	uint64_t time;

	if (left < TAP_ARISTA_HEADER + 8 || bits_be16(tag) != TAP_ARISTA_TIME)
		return false;
	const uint16_t version = bits_be16(tag + TAP_ARISTA_VERSION);
	const bool tai = version == TAP_ARISTA_64_TAI || version == TAP_ARISTA_48_TAI;
	switch (version) {
	case TAP_ARISTA_64_TAI:
	case TAP_ARISTA_64_UTC:
		if (!join_time(bits_be32(at), bits_be32(at + 4), &time))
			return false;
		*time_ns = (int64_t)time;
		break;
	case TAP_ARISTA_48_TAI:
	case TAP_ARISTA_48_UTC:
		if (!join_time(bits_be16(at), bits_be32(at + 2), &time))
			return false;
		*time_ns = nearest(time, (UINT64_C(1) << 16) * WHEN_NS_PER_S,
			tai ? when_after(near_ns, TAI_AHEAD_NS) : near_ns);
		break;
	default: return false;
	}
	if (tai)
		*time_ns = when_since(*time_ns, TAI_AHEAD_NS);
	return true;
}

static bool read_ttag(const uint8_t *tag, uint32_t left, int64_t near_ns, int64_t *time_ns)
{
	if (left < TAP_TTAG_TIME)
		return false;
	*time_ns = nearest(
		(uint64_t)bits_be16(tag) << 32 | bits_be32(tag + 2), UINT64_C(1) << 48, near_ns);
	return true;
}

/* Finds the tag, which VLAN tags may precede, by its EtherType. */
static bool read_tag(
	enum tap_time from, const uint8_t *data, uint32_t len, int64_t near_ns, int64_t *time_ns)
{
	uint32_t at = ETHER_ADDRESSES;

	for (int i = 0; i <= VLANS_FOLLOWED && at + ETHER_TYPE_OCTETS <= len; i++) {
		const uint16_t type = bits_be16(data + at);
		const uint8_t *tag = data + at + ETHER_TYPE_OCTETS;
		const uint32_t left = len - at - ETHER_TYPE_OCTETS;
		if (type == TAP_ARISTA_TYPE)
			return from == TAP_TIME_ARISTA && read_arista(tag, left, near_ns, time_ns);
		if (type == TAP_TTAG_TYPE)
			return from == TAP_TIME_TTAG && read_ttag(tag, left, near_ns, time_ns);
		if (type != 0x8100 && type != 0x88a8) /* IEEE 802.1Q clause 9.6 */
			return false;
		at += VLAN_OCTETS;
	}
	return false;
}

/* Reads a trailer that ends at `end`. */
static bool read_trailer(enum tap_time from, const uint8_t *end, int64_t *time_ns)
{
	uint64_t time;

	if (from == TAP_TIME_METAMAKO) {
		const uint8_t *at = end - METAMAKO_OCTETS;
		if (!join_time(bits_be32(at), bits_be32(at + METAMAKO_NS), &time))
			return false;
	} else {
		const uint8_t *at = end - EXABLAZE_OCTETS;
		const uint8_t *fraction = at + EXABLAZE_FRACTION;
		unsigned __int128 part = (uint64_t)bits_be32(fraction) << 8 | fraction[4];
		time = (uint64_t)bits_be32(at + EXABLAZE_SECONDS) * WHEN_NS_PER_S +
		       (uint64_t)((part * WHEN_NS_PER_S) >> 40);
	}
	*time_ns = (int64_t)time;
	return true;
}

bool tap_time_read(
	enum tap_time from, const uint8_t *data, uint32_t len, uint32_t wire_len, int64_t *ts_ns)
{
	const uint32_t needed = ETHER_ADDRESSES + ETHER_TYPE_OCTETS + EXABLAZE_OCTETS + FCS_OCTETS;
	const int64_t capture_ns = *ts_ns;
	int64_t best_ns = 0, time_ns;
	bool found = false;

	if (capture_ns < 0) /* before 1970: no tag has that */
		return false;
	if (from == TAP_TIME_ARISTA || from == TAP_TIME_TTAG) {
		found = read_tag(from, data, len, capture_ns, &best_ns);
	} else if (len == wire_len && len >= needed) {
		for (unsigned fcs = 0; fcs <= FCS_OCTETS; fcs += FCS_OCTETS) {
			if (!read_trailer(from, data + len - fcs, &time_ns))
				continue;
			if (!found || distance(time_ns, capture_ns) < distance(best_ns, capture_ns))
				best_ns = time_ns;
			found = true;
		}
	}
	if (!found || distance(best_ns, capture_ns) > TAP_TIME_BOUND_NS)
		return false;
	*ts_ns = best_ns;
	return true;
}
