/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the functions of layers.def share. A layer function reads its header at w->at, moves w->at
 * behind it, and returns the next layer, or ends the walk by packet_end().
 */
#ifndef PACKET_LAYER_H
#define PACKET_LAYER_H

#include "packet/packet.h"

enum layer {
#define LAYER(name, function) LAYER_##name,
#include "packet/layers.def"
#undef LAYER
	LAYER_end,
};

struct walk {
	const uint8_t *at; /* next header */
	const uint8_t *end; /* end of what is at hand: of the capture, or of an enclosing length */
	bool cut; /* the capture holds less than was on the wire */
	uint16_t next; /* EtherType or IP protocol of the next header */
	uint32_t announced; /* octets of IP payload by the IP header, from `at` on */
	enum packet_verdict verdict;
	const struct packet_conf *conf;
	struct pkt *pkt;
};

static inline enum layer layer_stop(struct walk *w, enum packet_verdict verdict)
{
	w->verdict = verdict;
	return LAYER_end;
}

/* n octets of header at w->at, or NULL. */
static inline const uint8_t *layer_take(struct walk *w, size_t n)
{
	if (bits_unlikely((size_t)(w->end - w->at) < n))
		return NULL;
	const uint8_t *p = w->at;
	w->at += n;
	return p;
}

/* A header does not fit: the capture cut it, or the enclosing header lied (`bad`). */
static inline enum layer layer_short(struct walk *w, enum packet_verdict bad)
{
	return layer_stop(w, w->cut ? PACKET_cut : bad);
}

#endif
