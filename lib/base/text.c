/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

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
	if (!text_reserve(t, text_width(magnitude) + (v < 0)))
		return;
	if (v < 0)
		text_char(t, '-');
	text_u64(t, magnitude);
}

static void hex_with(struct text *t, const uint8_t *p, size_t n, const char *digits)
{
	if (!text_reserve(t, 2 * n))
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

#ifdef __SSSE3__
/* Encodes twelve octets as sixteen characters; it reads sixteen octets. */
static inline void base64_block(char *at, const uint8_t *p)
{
	/* Octets 1 0 2 1 in each lane of four, so that one multiplication shifts each group of six
	 * bits. */
	const __m128i spread = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	/* The difference between character and group, by kind: 0 a-z, 1-10 digits, 11 +, 12 /, 13
	 * A-Z. */
	const __m128i add =
		_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
			'0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	__m128i v = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), spread);
	__m128i high = _mm_mulhi_epu16(
		_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
	__m128i low = _mm_mullo_epi16(
		_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
	__m128i six = _mm_or_si128(high, low);
	__m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), six);
	__m128i kind = _mm_or_si128(
		_mm_subs_epu8(six, _mm_set1_epi8(51)), _mm_and_si128(upper, _mm_set1_epi8(13)));
	_mm_storeu_si128((__m128i *)at, _mm_add_epi8(six, _mm_shuffle_epi8(add, kind)));
}
#endif

void text_base64(struct text *t, const uint8_t *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (!text_reserve(t, (n + 2) / 3 * 4))
		return;
	char *at = t->at;
#ifdef __SSSE3__
	for (; n >= 16; n -= 12, p += 12, at += 16)
		base64_block(at, p);
#endif
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = digits[v >> 6 & 63];
		*at++ = digits[v & 63];
	}
	if (n) {
		uint32_t v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = n == 2 ? digits[v >> 6 & 63] : '=';
		*at++ = '=';
	}
	t->at = at;
}

void text_base32hex(struct text *t, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
	uint32_t held = 0;
	unsigned bits = 0;
	if (!text_reserve(t, (8 * n + 4) / 5))
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
	char buffer[1024];

	va_start(args, format);
	int n = vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	if (n >= (int)sizeof(buffer))
		n = (int)sizeof(buffer) - 1;
	if (n > 0)
		text_put(t, buffer, (size_t)n);
}
