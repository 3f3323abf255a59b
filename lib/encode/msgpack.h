/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MessagePack (the specification of 2013: str8, bin, ext) appended to a struct text, each value in
 * its shortest form.
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

/* Fluentd's EventTime: extension 0 of eight octets, seconds and nanoseconds, both big-endian. Times
 * outside of 1970 to 2106 become the nearest that it can say. */
void msgpack_event_time(struct text *t, int64_t ns);

/*
 * One JSON document (encode/scan.h says which) as a map: integers as integers (as a double what
 * does not fit 64 bits), numbers with a point as double, strings as str. false: it is none. What
 * was appended before that showed, or before t->full, is the caller's to take back.
 */
bool msgpack_json(struct text *t, const char *json, size_t n);

#endif
