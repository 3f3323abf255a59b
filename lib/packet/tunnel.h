/* SPDX-License-Identifier: BSD-3-Clause */
/* The innermost tunnel that a packet came through, as the record shows it. */
#ifndef PACKET_TUNNEL_H
#define PACKET_TUNNEL_H

#include "base/addr.h"

enum tunnel_type {
	TUNNEL_none,
#define TUNNEL(name, id) TUNNEL_##name,
#include "packet/tunnel.def"
#undef TUNNEL
	TUNNEL_TYPES,
};

struct tunnel {
	struct addr_pair addrs; /* of the packet around; only if has_ends */
	uint8_t type; /* enum tunnel_type; TUNNEL_none: no tunnel, all else zero */
	uint8_t has_id;
	uint8_t has_ends; /* MPLS and PPPoE over Ethernet have none */
	uint32_t id;
};

_Static_assert(sizeof(struct tunnel) == 40, "no padding");

#endif
