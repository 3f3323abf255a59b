/* SPDX-License-Identifier: BSD-3-Clause */
/* The first currency: one captured frame, contiguous, with what the capture knows about it. */
#ifndef RX_FRAME_H
#define RX_FRAME_H

#include <stdint.h>

/* LINKTYPE_ values of the pcap registry that are decoded. */
enum {
	FRAME_LINK_NULL = 0,
	FRAME_LINK_ETHERNET = 1,
	FRAME_LINK_RAW_BSD = 12,
	FRAME_LINK_RAW_OPENBSD = 14,
	FRAME_LINK_RAW = 101,
	FRAME_LINK_LOOP = 108,
	FRAME_LINK_SLL = 113,
	FRAME_LINK_IPV4 = 228,
	FRAME_LINK_IPV6 = 229,
	FRAME_LINK_SLL2 = 276,
};

struct frame {
	const uint8_t *data; /* borrowed from the receive buffer until its burst ends */
	uint32_t len; /* octets captured */
	uint32_t wire_len; /* octets that were on the wire; more than len if cut */
	int64_t ts_ns; /* when it was captured, since the epoch */
	int64_t clock_ns; /* latest ts_ns of the capture up to here: never goes back */
	uint16_t link_type; /* FRAME_LINK_ */
	uint16_t owner; /* out: the worker that owns its flow (pipeline_burst) */
};

#endif
