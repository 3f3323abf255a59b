/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

void *unpack_gzip_open(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	/* 15: the largest window; 16: gzip, not zlib. */
	if (z && inflateInit2(z, 15 + 16) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

int unpack_gzip_step(void *state, struct unpack_io *io, const char **why)
{
	z_stream *z = state;

	z->next_in = (Bytef *)(uintptr_t)io->in; /* read only */
	z->avail_in = (uInt)io->in_len;
	z->next_out = io->out;
	z->avail_out = (uInt)io->out_len;
	int r = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	*why = z->msg;
	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR: return 0;
	case Z_STREAM_END: return inflateReset(z) == Z_OK ? 1 : -EBADMSG;
	case Z_MEM_ERROR: return -ENOMEM;
	default: return -EBADMSG;
	}
}

void unpack_gzip_close(void *state)
{
	inflateEnd(state);
	free(state);
}
