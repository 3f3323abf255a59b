/* SPDX-License-Identifier: BSD-3-Clause */
/* One captured frame, contiguous, with what the capture says of it. */
#ifndef RX_FRAME_H
#define RX_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* LINKTYPE_ values of the pcap registry that are decoded (tcpdump.org/linktypes.html). */
enum {
#define LINK(name, number) FRAME_LINK_##name = number,
#include "rx/links.def"
#undef LINK
	/* Made from the inside of other frames, never by a capture: struct packet_datagram, then
	 * the payload of a reassembled IP datagram, or an A-MSDU subframe from its LLC on. */
	FRAME_LINK_DATAGRAM = 0xfff0,
	FRAME_LINK_SUBFRAME = 0xfff1,
	FRAME_LINK_UNKNOWN = 0xffff,
};

/* Where ts_ns comes from (input.time_from). */
enum frame_time {
	FRAME_TIME_CAPTURE,
	FRAME_TIME_TAP, /* a tag or trailer */
	FRAME_TIME_REFUSED, /* the capture, for want of a plausible tag or trailer */
};

struct frame {
	const uint8_t *data; /* borrowed from the receive buffer until its burst ends */
	uint32_t len; /* octets captured */
	uint32_t wire_len; /* octets on the wire; more than len if the capture truncated it */
	int64_t ts_ns; /* when it was captured, since the epoch */
	/* The capture's clock (struct clock_guard): the latest ts_ns up to here, as a rule. It
	 * never goes back, and may be ahead of all timestamps where these did. */
	int64_t clock_ns;
	uint32_t late_us; /* live, several queues: it arrived at most so long before ts_ns */
	uint16_t link_type; /* FRAME_LINK_ */
	uint16_t owner; /* out: its flow's (pipeline_steer, pipeline_piece_next) */
	uint8_t verified; /* the NIC found the outermost transport checksum right */
	uint8_t time; /* enum frame_time */
	uint8_t piece; /* out: it is a fragment or an A-MSDU (the same) */
};

/* Is it a link type of frames that are made here, which no capture may claim? */
static inline bool frame_is_inner(uint16_t link_type)
{
	return link_type == FRAME_LINK_DATAGRAM || link_type == FRAME_LINK_SUBFRAME;
}

#endif
