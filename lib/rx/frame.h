/* SPDX-License-Identifier: BSD-3-Clause */
/* One captured frame, contiguous, with its metadata. */
#ifndef RX_FRAME_H
#define RX_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* LINKTYPE_ values of the pcap registry that are decoded (tcpdump.org/linktypes.html). */
enum {
#define LINK(name, number) FRAME_LINK_##name = number,
#include "rx/links.def"
#undef LINK
	/* Of frames made from the content of others, never of a capture: struct packet_datagram,
	   then the payload of a reassembled IP datagram; or an A-MSDU subframe from its LLC header
	   on. */
	FRAME_LINK_DATAGRAM = 0xfff0,
	FRAME_LINK_SUBFRAME = 0xfff1,
	FRAME_LINK_UNKNOWN = 0xffff,
};

/* Where ts_ns comes from (input.time_from). */
enum frame_time {
	FRAME_TIME_CAPTURE,
	FRAME_TIME_TAP, /* a tag or trailer */
	FRAME_TIME_REFUSED, /* the capture: there is no plausible tag or trailer */
};

struct frame {
	const uint8_t *data; /* borrowed from the receive buffer until its burst ends */
	uint32_t len; /* octets captured */
	uint32_t wire_len; /* octets on the wire; more than len if the capture truncated it */
	int64_t ts_ns; /* when it was captured, since the epoch */
	/* The capture's clock (struct clock_guard): usually the latest ts_ns so far. It never goes
	 * back, and may be ahead of all timestamps if those did. */
	int64_t clock_ns;
	uint32_t late_us; /* live, several queues: it arrived at most this long before ts_ns */
	uint16_t link_type; /* FRAME_LINK_ */
	uint16_t owner; /* out: the owner of its flow (pipeline_steer, pipeline_piece_next) */
	uint8_t verified; /* the NIC found the outermost transport checksum right */
	uint8_t time; /* enum frame_time */
	uint8_t piece; /* out: it is an IP fragment or an A-MSDU (from the same functions) */
};

/* True if it is a link type of frames that are made here, which no capture may have. */
static inline bool frame_is_inner(uint16_t link_type)
{
	return link_type == FRAME_LINK_DATAGRAM || link_type == FRAME_LINK_SUBFRAME;
}

#endif
