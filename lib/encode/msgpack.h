/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Appends MessagePack (the specification of 2013, with str8, bin and ext) to a struct text, each
 * value in its shortest form.
 */
#ifndef ENCODE_MSGPACK_H
#define ENCODE_MSGPACK_H

#include "base/text.h"

void msgpack_array(struct text *t, uint32_t n); /* n values follow */
void msgpack_map(struct text *t, uint32_t n); /* n keys and values follow */
void msgpack_str(struct text *t, const char *s, size_t n);
void msgpack_bin(struct text *t, const void *p, size_t n);
void msgpack_bin_head(struct text *t, uint32_t n); /* n octets follow */
void msgpack_uint(struct text *t, uint64_t v);
void msgpack_int(struct text *t, int64_t v);
void msgpack_double(struct text *t, double v);
void msgpack_bool(struct text *t, bool v);

/* Appends Fluentd's EventTime: extension 0 of eight octets, seconds and nanoseconds, both
 * big-endian. Times before 1970 or after 2106 saturate. */
void msgpack_event_time(struct text *t, int64_t ns);

/*
 * Appends a JSON document (in the form of encode/scan.h) as a map: integers as integers, or as a
 * double if they do not fit 64 bits, numbers with a decimal point as double, strings as str.
 * Returns false if it is no document. The caller removes a part that was appended before an error
 * or t->full.
 */
bool msgpack_json(struct text *t, const char *json, size_t n);

#endif
