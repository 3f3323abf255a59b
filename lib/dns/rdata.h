/* SPDX-License-Identifier: BSD-3-Clause */
/* RDATA in presentation form. */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include "dns/msg.h"
#include "dns/rrtype.h"

/*
 * Appends the RDATA of rr in the presentation form of its type's RFC; in RFC 3597's generic form
 * ("\# length hex") if the type has no defined format in this class, or the octets do not fit it.
 * Names end with a dot. The text is printable ASCII and never empty; if t->quoted, characters that
 * JSON escapes are escaped. Returns DNS_OK, or DNS_RDATA if the octets did not fit. A name that is
 * compressed where RFC 3597 section 4 forbids it is appended, and sets memo->compressed (multicast
 * DNS may compress SRV and NSEC: RFC 6762 section 18.14). memo may be NULL.
 */
enum dns_error rdata_text(struct text *t, const struct name_space *space, const struct rr *rr,
	struct name_memo *memo);

/* Appends the generic form of n octets: "\# 3 0102AB" (RFC 3597 section 5). */
void rdata_text_generic(struct text *t, const uint8_t *p, size_t n);

#endif
