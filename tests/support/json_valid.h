/* SPDX-License-Identifier: BSD-3-Clause */
/* A strict judge of JSON, written apart from the encoder that it judges. */
#ifndef SUPPORT_JSON_VALID_H
#define SUPPORT_JSON_VALID_H

#include <stddef.h>

/*
 * Are the n octets one JSON text (RFC 8259) in UTF-8 (RFC 3629: nothing overlong, no surrogates,
 * nothing above U+10FFFF), without white space outside of strings, an object, without two members
 * of one name in one object, without an empty string, array or object as a member's value, and
 * without null? NULL if so; else what is wrong, with *at the offset of the octet that shows it.
 */
const char *json_valid(const char *p, size_t n, size_t *at);

/* The same for a document and its line end: exactly one '\n', the last octet. */
const char *json_valid_line(const char *p, size_t n, size_t *at);

#endif
