/* SPDX-License-Identifier: BSD-3-Clause */
/* Validates JSON strictly; shares no code with the encoder that it validates. */
#ifndef SUPPORT_JSON_VALID_H
#define SUPPORT_JSON_VALID_H

#include <stddef.h>

/*
 * Validates n octets as one JSON object (RFC 8259) in UTF-8 (RFC 3629: nothing overlong, no
 * surrogates, nothing above U+10FFFF), without white space outside strings, without two members of
 * one name in an object, without null, and without an empty string, array or object as a member's
 * value. Returns NULL, or what is wrong, with *at the offset of the octet that shows it.
 */
const char *json_valid(const char *p, size_t n, size_t *at);

/* Does the same for a document with its line end: exactly one '\n', the last octet. */
const char *json_valid_line(const char *p, size_t n, size_t *at);

#endif
