/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside tcp_table: where connections are kept. Nothing here looks at what segments say. */
#ifndef REASM_TCP_FLOW_H
#define REASM_TCP_FLOW_H

#include "reasm/tcp_table.h"

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 }; /* pkt.tcp_flags */

/* tcp_flow.flags, of a stream */
enum {
	TCP_KNOWN = 1, /* a place in it is known: next, first */
	TCP_ACKED = 2, /* the peer is seen: acked */
	TCP_ENDING = 4, /* fin is known */
};

/* The connection of a segment, and which stream it belongs to; or 0. */
uint32_t tcp_flow_find(
	const struct tcp_table *t, const struct pkt *pkt, uint32_t hash, uint8_t *dir);

/* A new connection in TCP_HALF, if need be in the place of the oldest. Not counted. */
uint32_t tcp_flow_add(struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/* Forgets what is known of a connection's streams: another with the same ends begins. */
void tcp_flow_restart(struct tcp_table *t, uint32_t slot);

/* Makes it the youngest of a list. */
void tcp_flow_list(struct tcp_table *t, uint32_t slot, enum tcp_list list);

/* Lets go of what waits. */
void tcp_flow_drop(struct tcp_table *t, uint32_t slot);

/* Removes it; what waits was let go. */
void tcp_flow_remove(struct tcp_table *t, uint32_t slot);

#endif
