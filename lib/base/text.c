/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

const char text_digits[201] = "00010203040506070809101112131415161718192021222324"
			      "25262728293031323334353637383940414243444546474849"
			      "50515253545556575859606162636465666768697071727374"
			      "75767778798081828384858687888990919293949596979899";

const uint64_t text_tens[20] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u,
	100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
	100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
	1000000000000000000u, 10000000000000000000u};

void text_i64(struct text *t, int64_t v)
{
	uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	if (!text_room(t, text_width(magnitude) + (v < 0)))
		return;
	if (v < 0)
		text_char(t, '-');
	text_u64(t, magnitude);
}

static void hex_with(struct text *t, const uint8_t *p, size_t n, const char *digits)
{
	if (!text_room(t, 2 * n))
		return;
	for (size_t i = 0; i < n; i++) {
		*t->at++ = digits[p[i] >> 4];
		*t->at++ = digits[p[i] & 15];
	}
}

void text_hex(struct text *t, const uint8_t *p, size_t n)
{
	hex_with(t, p, n, "0123456789abcdef");
}

void text_hex_upper(struct text *t, const uint8_t *p, size_t n)
{
	hex_with(t, p, n, "0123456789ABCDEF");
}

void text_base64(struct text *t, const uint8_t *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (!text_room(t, (n + 2) / 3 * 4))
		return;
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*t->at++ = digits[v >> 18];
		*t->at++ = digits[v >> 12 & 63];
		*t->at++ = digits[v >> 6 & 63];
		*t->at++ = digits[v & 63];
	}
	if (n == 0)
		return;
	uint32_t v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
	*t->at++ = digits[v >> 18];
	*t->at++ = digits[v >> 12 & 63];
	*t->at++ = n == 2 ? digits[v >> 6 & 63] : '=';
	*t->at++ = '=';
}

void text_base32hex(struct text *t, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
	uint32_t held = 0;
	unsigned bits = 0;
	if (!text_room(t, (8 * n + 4) / 5))
		return;
	for (size_t i = 0; i < n; i++) {
		held = held << 8 | p[i];
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			*t->at++ = digits[held >> bits & 31];
		}
	}
	if (bits)
		*t->at++ = digits[held << (5 - bits) & 31];
}

void text_format(struct text *t, const char *format, ...)
{
	va_list args;
	char room[1024];

	va_start(args, format);
	int n = vsnprintf(room, sizeof(room), format, args);
	va_end(args);
	if (n >= (int)sizeof(room))
		n = (int)sizeof(room) - 1;
	if (n > 0)
		text_put(t, room, (size_t)n);
}
