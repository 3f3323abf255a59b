/* SPDX-License-Identifier: BSD-3-Clause */
/* A source for capfile_open_from: memory, in pieces of at most `step` octets. */
#ifndef TESTS_RX_SOURCE_H
#define TESTS_RX_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#if defined(__SANITIZE_ADDRESS__)
#define CAPMAKE_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAPMAKE_POISON 1
#endif
#endif
#ifdef CAPMAKE_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

struct source {
	const uint8_t *at;
	size_t left, step;
	int error; /* returned in place of the end */
	uint8_t *high; /* one past the last octet of the reader's buffer that is in bounds */
};

/*
 * The reader's buffer is much longer than what is read into it: under AddressSanitizer everything
 * behind what was read is out of bounds.
 */
static inline ssize_t source_read(void *arg, void *to, size_t n)
{
	struct source *s = arg;
	size_t take = s->left < s->step ? s->left : s->step;
	uint8_t *end = to;

	take = take < n ? take : n;
	end += take;
	if (!s->high)
		s->high = (uint8_t *)to + n;
	ASAN_UNPOISON_MEMORY_REGION(to, take);
	if (s->high > end)
		ASAN_POISON_MEMORY_REGION(end, (size_t)(s->high - end));
	s->high = end;
	if (take) {
		memcpy(to, s->at, take);
		s->at += take;
		s->left -= take;
	}
	return take == 0 && s->error ? s->error : (ssize_t)take;
}

#endif
