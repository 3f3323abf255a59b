/* SPDX-License-Identifier: BSD-3-Clause */
/* IP after a header that does not say its version, or says the wrong one. */
#ifndef PACKET_LAYER_IP_H
#define PACKET_LAYER_IP_H

#include "packet/layer.h"

/* Continues with IP of the version in its first four bits. */
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
 * Goes back to the n octets before w->at if they are of the other version than the header before
 * them says: links and tunnels made for one version often carry both.
 */
static inline enum layer layer_other_version(
	struct walk *w, size_t n, unsigned version, enum layer layer)
{
	if (w->at[-(ptrdiff_t)n] >> IP_VERSION_SHIFT != version)
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
