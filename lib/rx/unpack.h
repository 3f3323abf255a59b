/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a file that may be compressed (rx/unpack.def; RFC 1952, RFC 8878, and the formats of xz,
 * lz4 and bzip2) and returns its octets decompressed. The format is recognised by the first octets.
 * Concatenated members, frames or streams are one file. Memory is bounded, whatever the file asks
 * for.
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
	/* NULL: not built in. The state, or NULL: no memory. */
	void *(*open)(void);
	/*
	 * Decodes what there is. 0; 1 at the end of a member, whose state is then fit for the next
	 * one; -EBADMSG; -ENOTSUP: it wants more memory than the bound; -ENOMEM. *why may say more.
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
	size_t at, end; /* the part of it that is not decoded yet */
	uint64_t base; /* offset in the file of *buffer */
	bool eof;
	bool between; /* between two members */
	int failed; /* -errno of every further call */
	char why[256]; /* the reason; empty if reading failed */
};

/* Allocates the buffer that all files share. 0 or -ENOMEM. unpack_free() may follow in any case,
 * also on a struct of zeros. */
int unpack_init(struct unpack *u);
void unpack_free(struct unpack *u);

/* Starts a file without reading from it; may be called at any time for the next file. */
void unpack_open(struct unpack *u, capfile_read_fn *read, void *source);

/*
 * As capfile_read_fn, source being the struct unpack: up to n octets; 0 at the end; or -errno, once
 * all octets before the fault were given:
 *   -ENODATA   the archive is cut
 *   -EBADMSG   it is damaged, or something else stands behind it
 *   -ENOTSUP   its compression is not built in, or it wants too much memory
 *   other      what read failed with
 */
ssize_t unpack_read(void *unpack, void *to, size_t n);

#endif
