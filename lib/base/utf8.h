/* SPDX-License-Identifier: BSD-3-Clause */
/* Untrusted text in UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/text.h"

/*
 * Appends n octets as well-formed UTF-8, with U+FFFD for each octet that is no part of it. If
 * t->quoted, it escapes what a JSON string cannot hold, " \ and control characters, and DEL and
 * U+0080 to U+009F, which terminals obey; else these are appended as they are.
 */
void utf8_text(struct text *t, const uint8_t *p, size_t n);

#endif
