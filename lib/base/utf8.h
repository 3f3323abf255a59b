/* SPDX-License-Identifier: BSD-3-Clause */
/* Text that strangers say is UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/text.h"

/*
 * Appends n octets as well-formed UTF-8: U+FFFD stands for each octet that is no part of it.
 * If t->quoted, it is the inside of a JSON string: " \ and control characters (DEL and U+0080 to
 * U+009F too, which terminals obey) are escaped; else they are appended as they are.
 */
void utf8_text(struct text *t, const uint8_t *p, size_t n);

#endif
