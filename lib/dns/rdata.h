/* SPDX-License-Identifier: BSD-3-Clause */
/* RDATA in presentation form. */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include "dns/msg.h"
#include "dns/rrtype.h"

/*
 * Appends the RDATA of rr in the presentation form of its type's RFC, or in RFC 3597's generic form
 * ("\# length hex") where the type, or the type in this class, has no defined format, or where the
 * octets do not fit it. Names end with a dot. All of it is printable ASCII, never empty.
 * Returns DNS_OK, or DNS_RDATA where the octets did not fit. A name that is compressed where RFC
 * 3597 section 4 forbids it is shown all the same, and memo->compressed set (multicast DNS
 * compresses SRV and NSEC by right: RFC 6762 section 18.14). Characters that JSON escapes are
 * escaped if t->quoted. memo may be NULL.
 */
enum dns_error rdata_text(struct text *t, const struct name_space *space, const struct rr *rr,
	struct name_memo *memo);

/* The generic form of n octets: "\# 3 0102AB" (RFC 3597 section 5). */
void rdata_text_generic(struct text *t, const uint8_t *p, size_t n);

#endif
