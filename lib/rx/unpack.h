/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a file that may be compressed (rx/unpack.def; RFC 1952, RFC 8878, and the formats of xz,
 * lz4 and bzip2) and returns its octets decompressed. The format is recognised by the first octets.
 * Concatenated members, frames or streams are one file. Memory is bounded, whatever the file
 * requires.
 */
#ifndef RX_UNPACK_H
#define RX_UNPACK_H

#include "rx/capfile.h"

enum {
	UNPACK_BUFFER = 128 * 1024, /* compressed octets read at a time */
	UNPACK_MAGIC = 6,
	UNPACK_WINDOW_LOG = 27, /* zstd: 2 to the power of it, octets, is the largest window */
	UNPACK_MEMORY = 256 << 20, /* xz: octets of the decoder's memory */
};

/* Input and output of one step of a decoder, which advances all four. */
struct unpack_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct unpack_kind {
	const char *name, *tool;
	const char *magic;
	size_t magic_len;
	/* Returns the decoder's state, or NULL without memory. The pointer is NULL if the format is
	 * not built in. */
	void *(*open)(void);
	/*
	 * Decodes as much as possible. Returns 0; 1 at the end of a member, with the state reset
	 * for the next one; -EBADMSG; -ENOTSUP: it needs more memory than the bound; -ENOMEM. May
	 * set *why to the library's message.
	 */
	int (*step)(void *state, struct unpack_io *io, const char **why);
	void (*close)(void *state);
};

struct unpack {
	capfile_read_fn *read;
	void *source;
	const struct unpack_kind *kind; /* NULL: not compressed */
	void *state;
	uint8_t *buffer; /* UNPACK_BUFFER octets */
	size_t at, end; /* the octets of it that are not decoded yet */
	uint64_t base; /* octets of the file before *buffer */
	bool eof;
	bool between; /* at the start or end of a member */
	int failed; /* -errno of every further call */
	char why[256]; /* the reason; empty if reading failed */
};

/* Allocates the buffer that all files share. Returns 0 or -ENOMEM. unpack_free() may follow in any
 * case, also on a struct of zeros. */
int unpack_init(struct unpack *u);
void unpack_free(struct unpack *u);

/* Starts a file without reading from it; may be called at any time for the next file. */
void unpack_open(struct unpack *u, capfile_read_fn *read, void *source);

/*
 * Reads decompressed octets, as capfile_read_fn, with the struct unpack as source. Returns how
 * many, at most n; 0 at the end; or -errno, once all octets before the fault were returned:
 *   -ENODATA   the archive is truncated
 *   -EBADMSG   it is damaged, or other data follows it
 *   -ENOTSUP   its compression is not built in, or it needs too much memory
 *   other      the error of `read`
 */
ssize_t unpack_read(void *unpack, void *buffer, size_t n);

#endif
