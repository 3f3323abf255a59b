/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack_inner.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

void *unpack_zstd_open(void)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();

	if (d && ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG))) {
		ZSTD_freeDCtx(d);
		return NULL;
	}
	return d;
}

int unpack_zstd_step(void *state, struct unpack_io *io, const char **why)
{
	ZSTD_inBuffer in = {io->in, io->in_len, 0};
	ZSTD_outBuffer out = {io->out, io->out_len, 0};
	size_t r = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (!ZSTD_isError(r))
		return r == 0;
	*why = ZSTD_getErrorName(r);
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_frameParameter_windowTooLarge: return -ENOTSUP;
	case ZSTD_error_memory_allocation: return -ENOMEM;
	default: return -EBADMSG;
	}
}

void unpack_zstd_close(void *state)
{
	ZSTD_freeDCtx(state);
}
