/* SPDX-License-Identifier: BSD-3-Clause */
/* Endace's extensible record format: a header of 16 octets, extensions of 8, then the frame. */
#ifndef PACKET_LAYER_ERF_H
#define PACKET_LAYER_ERF_H

#include "packet/layer_link.h"

enum {
	ERF_HEADER = 16,
	ERF_TYPE = 8, /* offset; the upper bit: an extension follows, of which each says so, too */
	ERF_MORE = 0x80,
	ERF_EXTENSIONS = 64, /* that are followed */
};

/* Types of record, several of which tell how the card steered them (colour, hash, DSM). */
enum {
	ERF_HDLC = 1,
	ERF_ETH = 2,
	ERF_ATM = 3,
	ERF_AAL5 = 4,
	ERF_MC_HDLC = 5,
	ERF_COLOR_HDLC = 10,
	ERF_COLOR_ETH = 11,
	ERF_DSM_HDLC = 15,
	ERF_DSM_ETH = 16,
	ERF_COLOR_MC_HDLC = 17,
	ERF_HASH_HDLC = 19,
	ERF_HASH_ETH = 20,
	ERF_INFINIBAND = 21,
	ERF_IPV4 = 22,
	ERF_IPV6 = 23,
};

/* Skips n octets of the record, then continues with `layer`. */
static inline enum layer layer_erf_skip(struct walk *w, size_t n, enum layer layer)
{
	return layer_read(w, n) ? layer : layer_short(w, PACKET_bad_frame);
}

static inline enum layer layer_erf(struct walk *w)
{
	const uint8_t *p = layer_read(w, ERF_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint8_t more = p[ERF_TYPE];
	for (unsigned i = 0; more & ERF_MORE; i++) {
		const uint8_t *extension = layer_read(w, 8);
		if (!extension)
			return layer_short(w, PACKET_bad_frame);
		if (i == ERF_EXTENSIONS)
			return layer_stop(w, PACKET_bad_frame);
		more = extension[0];
	}
	switch (p[ERF_TYPE] & ~ERF_MORE) {
	case ERF_ETH:
	case ERF_COLOR_ETH:
	case ERF_DSM_ETH:
	case ERF_HASH_ETH: return layer_erf_skip(w, 2, LAYER_ethernet); /* offset and padding */
	case ERF_HDLC:
	case ERF_COLOR_HDLC:
	case ERF_DSM_HDLC:
	case ERF_HASH_HDLC: return LAYER_hdlc;
	case ERF_MC_HDLC:
	case ERF_COLOR_MC_HDLC: return layer_erf_skip(w, 4, LAYER_hdlc); /* the channel */
	case ERF_AAL5: return layer_erf_skip(w, 4, LAYER_llc); /* the header of an ATM cell */
	case ERF_INFINIBAND: return LAYER_infiniband;
	case ERF_IPV4:
	case ERF_IPV6: return LAYER_ip;
	default: return layer_stop(w, PACKET_other_link_type);
	}
}

#endif
