/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack_inner.h"

#include <errno.h>
#include <lz4frame.h>

void *unpack_lz4_open(void)
{
	LZ4F_dctx *d = NULL;

	return LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)) ? NULL : d;
}

int unpack_lz4_step(void *state, struct unpack_io *io, const char **why)
{
	size_t in = io->in_len, out = io->out_len;
	size_t r = LZ4F_decompress(state, io->out, &out, io->in, &in, NULL);

	if (LZ4F_isError(r)) {
		*why = LZ4F_getErrorName(r);
		return -EBADMSG;
	}
	io->in += in;
	io->in_len -= in;
	io->out += out;
	io->out_len -= out;
	/* 0 without any octet read or written: no frame has begun. */
	return r == 0 && (in || out);
}

void unpack_lz4_close(void *state)
{
	LZ4F_freeDecompressionContext(state);
}
