/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NetBIOS name service (RFC 1002 section 4.2): messages in the format of DNS on UDP port 137,
 * which dns_msg_read() and rr_next() read as all others. Names have an encoding of their own, and
 * some numbers another meaning: these functions replace name_text(), rrtype_text(),
 * dns_opcode_text() and rdata_text(). LLMNR (port 5355) needs none.
 */
#ifndef DNS_NBNS_H
#define DNS_NBNS_H

#include "dns/rdata.h"

enum { NBNS_TYPE_NB = 32, NBNS_TYPE_NBSTAT = 33 };

/*
 * Appends a name with its first label decoded (RFC 1001 section 14.1): "WORKGROUP<1d>", or with a
 * scope "SERVER<20>.scope.example". The padding is left out; octets that are not printable appear
 * as \DDD, and . \ < > with a backslash. A first label of another form appears as in DNS, without a
 * final dot. Returns as name_text().
 */
uint32_t nbns_name_text(
	struct text *t, const struct name_space *space, uint32_t at, enum dns_error *error);

/* Appends NB or NBSTAT; other types as rrtype_text(). */
void nbns_type_text(struct text *t, uint16_t type);

/* Appends QUERY, REGISTRATION, RELEASE, WACK, REFRESH or MULTIHOMED; others as dns_opcode_text().
 */
void nbns_opcode_text(struct text *t, unsigned opcode);

/*
 * Appends the RDATA of NB: "B 192.0.2.1", the node type B, P, M or H before the address, and
 * "group" before a group's; several are separated by commas. Of NBSTAT: the names as above, each
 * with its flags, and the unit's address: "SERVER<20> B active, WORKGROUP<00> B group active,
 * 00-00-5e-00-53-01". Other types, the generic form and what it returns are those of rdata_text().
 */
enum dns_error nbns_rdata_text(struct text *t, const struct name_space *space, const struct rr *rr);

#endif
