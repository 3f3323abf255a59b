/* SPDX-License-Identifier: BSD-3-Clause */
/* IP whose version is not known beforehand, or is not the announced one. */
#ifndef PACKET_LAYER_IP_H
#define PACKET_LAYER_IP_H

#include "packet/layer.h"

/* Bare IP of the version that its first four bits say. */
static inline enum layer layer_ip(struct walk *w)
{
	if (w->at == w->end)
		return layer_short(w, PACKET_bad_ip);
	switch (*w->at >> IP_VERSION_SHIFT) {
	case 4: return LAYER_ipv4;
	case 6: return LAYER_ipv6;
	default: return layer_stop(w, PACKET_bad_ip);
	}
}

/*
 * Decodes the n octets before w->at by their version, where the header before them announced the
 * other one: links and tunnels that know only one of them often do.
 */
static inline enum layer layer_other_version(
	struct walk *w, size_t n, unsigned version, enum layer layer)
{
	if (w->at[-(ptrdiff_t)n] >> 4 != version)
		return layer_stop(w, PACKET_bad_ip);
	w->at -= n;
	return layer;
}

static inline enum layer layer_not_ipv4(struct walk *w)
{
	return layer_other_version(w, IPV4_HEADER, 6, LAYER_ipv6);
}

static inline enum layer layer_not_ipv6(struct walk *w)
{
	return layer_other_version(w, IPV6_HEADER, 4, LAYER_ipv4);
}

#endif
