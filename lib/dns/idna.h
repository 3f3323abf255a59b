/* SPDX-License-Identifier: BSD-3-Clause */
/* Internationalised domain names (RFC 5891): the Unicode form of a name, for `qname_unicode`. */
#ifndef DNS_IDNA_H
#define DNS_IDNA_H

#include "dns/name.h"

/* Was the program built with libidn2 (meson option `idn`)? */
bool idna_available(void);

/*
 * Appends the name at `at`, its A-labels ("xn--...") as U-labels in UTF-8, all other labels as
 * name_text() without the final dot. Returns false, and appends nothing, where no label is an
 * A-label that IDNA2008 can decode, where the name is broken, or without libidn2. Allocates (in
 * libidn2) only for A-labels; not for the worker cores.
 */
bool idna_text(struct text *t, const struct name_space *space, uint32_t at);

#endif
