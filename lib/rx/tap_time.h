/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that a tap aggregator wrote into a frame: in a tag between the addresses and the
 * EtherType (Arista DANZ, Cisco Nexus TTAG), or in a trailer behind the packet (Metamako and Arista
 * MetaWatch, Exablaze and Cisco Nexus 3550).
 */
#ifndef RX_TAP_TIME_H
#define RX_TAP_TIME_H

#include "rx/frame.h"

/* In the order of the choices of input.time_from. */
enum tap_time {
	TAP_TIME_CAPTURE, /* the capture's own time */
	TAP_TIME_ARISTA,
	TAP_TIME_TTAG,
	TAP_TIME_METAMAKO,
	TAP_TIME_EXABLAZE,
};

/* Arista's tag: EtherType, subtype, version, time, the next EtherType. */
enum {
	TAP_ARISTA_TYPE = 0xd28b,
	TAP_ARISTA_TIME = 1, /* subtype */
	TAP_ARISTA_64_TAI = 0x0010, /* version: 32 bits of seconds, 32 of nanoseconds */
	TAP_ARISTA_64_UTC = 0x0110,
	TAP_ARISTA_48_TAI = 0x0020, /* 16 bits of seconds, 32 of nanoseconds */
	TAP_ARISTA_48_UTC = 0x0120,
	TAP_ARISTA_VERSION = 2, /* offset behind the EtherType */
	TAP_ARISTA_HEADER = 4, /* octets of subtype and version */
};

/* Cisco's tag: EtherType, 48 bits of nanoseconds, the next EtherType. */
enum { TAP_TTAG_TYPE = 0x8988, TAP_TTAG_TIME = 6 };

/* A time further than a day from the capture's is not accepted. */
#define TAP_TIME_BOUND_NS (INT64_C(86400) * 1000000000)

/*
 * Reads the time of an Ethernet frame of which all octets were captured if `len` is wire_len, else
 * of the first `len`. A trailer may be followed by a frame check sequence; of its two possible
 * places, the one whose time is nearer to the capture's counts. Times that wrap are completed by
 * the capture's time; TAI becomes UTC. On success writes the nanoseconds since the epoch to *ts_ns,
 * which holds the capture's time. Returns false, and leaves *ts_ns, if the frame has no such tag or
 * trailer, or one with an implausible time: nanoseconds of a second and more, or further than
 * TAP_TIME_BOUND_NS from the capture's.
 */
bool tap_time_read(
	enum tap_time from, const uint8_t *data, uint32_t len, uint32_t wire_len, int64_t *ts_ns);

/* Sets ts_ns of a frame, whose other fields are set, from its tag or trailer, and frame->time to
 * where ts_ns comes from. */
static inline void tap_time_set(enum tap_time from, struct frame *frame)
{
	frame->time = frame->link_type == FRAME_LINK_ETHERNET &&
				      tap_time_read(from, frame->data, frame->len, frame->wire_len,
					      &frame->ts_ns)
			      ? FRAME_TIME_TAP
			      : FRAME_TIME_REFUSED;
}

#endif
