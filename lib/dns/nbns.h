/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NetBIOS name service (RFC 1002 section 4.2): messages of DNS's form on UDP port 137, read by
 * dns_msg_read() and rr_next() like all others. Its names are encoded once more, and some of its
 * numbers mean something else than in DNS: there these functions take the place of name_text(),
 * rrtype_text(), dns_opcode_text() and rdata_text(). LLMNR (port 5355) needs nothing of the kind.
 */
#ifndef DNS_NBNS_H
#define DNS_NBNS_H

#include "dns/rdata.h"

enum { NBNS_TYPE_NB = 32, NBNS_TYPE_NBSTAT = 33 };

/*
 * Appends a name, its first label decoded (RFC 1001 section 14.1): "WORKGROUP<1d>", or with a scope
 * "SERVER<20>.scope.example". The pad is left out; octets that are not printable show as \DDD, and
 * . \ < > with a backslash. A first label of another form shows as in DNS, without a final dot.
 * Returns and fails as name_text().
 */
uint32_t nbns_name_text(
	struct text *t, const struct name_space *space, uint32_t at, enum dns_error *error);

/* NB and NBSTAT; else as rrtype_text(). */
void nbns_type_text(struct text *t, uint16_t type);

/* QUERY, REGISTRATION, RELEASE, WACK, REFRESH, MULTIHOMED; else as dns_opcode_text(). */
void nbns_opcode_text(struct text *t, unsigned opcode);

/*
 * NB: "B 192.0.2.1", with the node type B, P, M or H and, of a group's name, "group" before it;
 * several with commas. NBSTAT: the names as above, each with its flags, and the unit's address:
 * "SERVER<20> B active, WORKGROUP<00> B group active, 00-00-5e-00-53-01". Else as rdata_text().
 * Returns as rdata_text(), with the generic form for what does not fit.
 */
enum dns_error nbns_rdata_text(struct text *t, const struct name_space *space, const struct rr *rr);

#endif
