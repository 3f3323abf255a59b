/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack.h"

#include "rx/unpack_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct unpack_kind kinds[] = {
#define UNPACK(kind, with, len, first, other)                                                      \
	{.name = #kind,                                                                            \
		.tool = other,                                                                     \
		.magic = first,                                                                    \
		.magic_len = len,                                                                  \
		.open = with ? unpack_##kind##_open : NULL,                                        \
		.step = with ? unpack_##kind##_step : NULL,                                        \
		.close = with ? unpack_##kind##_close : NULL},
#include "rx/unpack.def"
#undef UNPACK
};

int unpack_init(struct unpack *u)
{
	memset(u, 0, sizeof(*u));
	u->buffer = malloc(UNPACK_BUFFER);
	return u->buffer ? 0 : -ENOMEM;
}

static void close_state(struct unpack *u)
{
	if (u->state)
		u->kind->close(u->state);
	u->state = NULL;
	u->kind = NULL;
}

void unpack_free(struct unpack *u)
{
	close_state(u);
	free(u->buffer);
	memset(u, 0, sizeof(*u));
}

void unpack_open(struct unpack *u, capfile_read_fn *read, void *source)
{
	close_state(u);
	u->read = read;
	u->source = source;
	u->at = u->end = 0;
	u->base = 0;
	u->eof = false;
	u->between = true;
	u->failed = 0;
	u->why[0] = '\0';
}

static int fail(struct unpack *u, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct unpack *u, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(u->why, sizeof(u->why), format, args);
	va_end(args);
	u->failed = error;
	return error;
}

static int fail_truncated(struct unpack *u)
{
	return fail(u, -ENODATA,
		"the %s data is truncated: it ends at octet %" PRIu64
		"; all before it was read; copy the file again",
		u->kind->name, u->base + u->end);
}

/* Reads until n octets are at u->at, or the file has ended. Returns 0 or -errno. */
static int need(struct unpack *u, size_t n)
{
	while (u->end - u->at < n && !u->eof) {
		if (u->at) {
			memmove(u->buffer, u->buffer + u->at, u->end - u->at);
			u->base += u->at;
			u->end -= u->at;
			u->at = 0;
		}
		ssize_t got = u->read(u->source, u->buffer + u->end, UNPACK_BUFFER - u->end);
		if (got < 0) {
			u->failed = (int)got;
			return u->failed;
		}
		u->eof = got == 0;
		u->end += (size_t)got;
	}
	return 0;
}

/* True if a file or member of that kind starts at u->at. */
static bool has_magic(const struct unpack *u, const struct unpack_kind *kind)
{
	return u->end - u->at >= kind->magic_len &&
	       memcmp(u->buffer + u->at, kind->magic, kind->magic_len) == 0;
}

/* True if a skippable frame of zstd or lz4 starts at u->at: parallel compressors write one first.
 */
static bool is_skippable(const struct unpack *u)
{
	const uint8_t *p = u->buffer + u->at;
	return u->end - u->at >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d &&
	       p[3] == 0x18;
}

/* Chooses the decoder by the file's first octets. Returns 0; 1: not compressed; or -errno. */
static int choose(struct unpack *u)
{
	const struct unpack_kind *found = NULL;
	int r = need(u, UNPACK_MAGIC);

	if (r < 0)
		return r;
	for (size_t i = 0; i < BITS_COUNT(kinds) && !found; i++)
		if (has_magic(u, &kinds[i]) ||
			(is_skippable(u) && strcmp(kinds[i].name, "zstd") == 0))
			found = &kinds[i];
	if (!found)
		return 1;
	if (!found->open)
		return fail(u, -ENOTSUP,
			"is compressed with %s, which this program was built without: unpack it, "
			"as in '%s FILE | dnsloupe -r -'",
			found->name, found->tool);
	u->state = found->open();
	if (!u->state)
		return fail(u, -ENOMEM, "no memory to unpack %s; unpack it with %s", found->name,
			found->tool);
	u->kind = found;
	return 0;
}

/* Reads on at the end of a member. Returns 1 if another one follows, 0 at the end, or -errno. */
static int next_member(struct unpack *u)
{
	int r;

	/* Tapes and block devices pad with zeros, and xz allows them. */
	while ((r = need(u, 1)) == 0 && u->at < u->end && u->buffer[u->at] == 0)
		u->at++;
	if (r == 0)
		r = need(u, UNPACK_MAGIC);
	if (r < 0 || u->at == u->end)
		return r;
	if (has_magic(u, u->kind) || is_skippable(u))
		return 1;
	size_t left = u->end - u->at;
	if (left < u->kind->magic_len && memcmp(u->buffer + u->at, u->kind->magic, left) == 0)
		return fail_truncated(u);
	return fail(u, -EBADMSG,
		"data that is not %s follows the archive's end (octet %" PRIu64
		"); all before it was read",
		u->kind->name, u->base + u->at);
}

/* Decodes once. Returns how many octets were written, or -errno. *moved: octets were read or
 * written. */
static ssize_t decode(struct unpack *u, void *buffer, size_t n, bool *moved)
{
	struct unpack_io io = {
		.in = u->buffer + u->at, .in_len = u->end - u->at, .out = buffer, .out_len = n};
	const char *why = NULL;
	int r = u->kind->step(u->state, &io, &why);
	size_t given = n - io.out_len, before = u->at;

	u->at = u->end - io.in_len;
	*moved = given || u->at != before || r == 1;
	u->between = r == 1;
	if (r < 0)
		fail(u, r,
			r == -ENOTSUP  ? "the %s data needs more memory than is allowed%s%s (octet "
					 "%" PRIu64 "): unpack it with %s"
			: r == -ENOMEM ? "no memory to unpack %s%s%s (octet %" PRIu64 "); or use %s"
				       : "the %s data is damaged%s%s (octet %" PRIu64
					 "); all before it was read; check it with %s",
			u->kind->name, why ? ": " : "", why ? why : "", u->base + u->at,
			u->kind->tool);
	return given ? (ssize_t)given : r < 0 ? r : 0;
}

static ssize_t read_packed(struct unpack *u, void *buffer, size_t n)
{
	for (;;) {
		bool moved;
		int r = u->between ? next_member(u) : 1;
		if (r <= 0)
			return r;
		ssize_t given = decode(u, buffer, n, &moved);
		if (given)
			return given;
		if (moved)
			continue;
		if (u->at == u->end && u->eof)
			return fail_truncated(u);
		/* The decoder needs more input. */
		r = need(u, u->end - u->at + 1);
		if (r < 0)
			return r;
	}
}

static ssize_t read_plain(struct unpack *u, void *buffer, size_t n)
{
	size_t have = u->end - u->at;

	if (have == 0)
		return u->eof ? 0 : u->read(u->source, buffer, n);
	n = have < n ? have : n;
	memcpy(buffer, u->buffer + u->at, n);
	u->at += n;
	return (ssize_t)n;
}

ssize_t unpack_read(void *unpack, void *buffer, size_t n)
{
	struct unpack *u = unpack;
	bool first = !u->kind && u->base == 0 && u->end == 0 && !u->eof;

	if (u->failed)
		return u->failed;
	if (first) {
		int r = choose(u);
		if (r < 0)
			return r;
	}
	return u->kind ? read_packed(u, buffer, n) : read_plain(u, buffer, n);
}
