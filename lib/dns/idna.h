/* SPDX-License-Identifier: BSD-3-Clause */
/* Internationalised domain names (RFC 5891): the Unicode form of a name, for `qname_unicode`. */
#ifndef DNS_IDNA_H
#define DNS_IDNA_H

#include "dns/name.h"

/* True if the program was built with libidn2 (meson option `idn`). */
bool idna_available(void);

/*
 * Appends the name at `at` with its A-labels ("xn--...") as U-labels in UTF-8 and all others as
 * name_text() has them, without the final dot. Returns false, and appends nothing, if no label is
 * an A-label that IDNA2008 can decode, if the name is malformed, or without libidn2. libidn2
 * allocates memory for A-labels: not for the worker cores.
 */
bool idna_text(struct text *t, const struct name_space *space, uint32_t at);

#endif
