/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack_inner.h"

#include <bzlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *unpack_bzip2_open(void)
{
	bz_stream *s = calloc(1, sizeof(*s));

	if (s && BZ2_bzDecompressInit(s, 0, 0) != BZ_OK) {
		free(s);
		return NULL;
	}
	return s;
}

int unpack_bzip2_step(void *state, struct unpack_io *io, const char **why)
{
	bz_stream *s = state;

	(void)why;
	s->next_in = (char *)(uintptr_t)io->in; /* read only */
	s->avail_in = (unsigned)io->in_len;
	s->next_out = (char *)io->out;
	s->avail_out = (unsigned)io->out_len;
	int r = BZ2_bzDecompress(s);
	io->in += io->in_len - s->avail_in;
	io->in_len = s->avail_in;
	io->out += io->out_len - s->avail_out;
	io->out_len = s->avail_out;
	switch (r) {
	case BZ_OK: return 0;
	case BZ_STREAM_END:
		BZ2_bzDecompressEnd(s);
		memset(s, 0, sizeof(*s));
		return BZ2_bzDecompressInit(s, 0, 0) == BZ_OK ? 1 : -ENOMEM;
	case BZ_MEM_ERROR: return -ENOMEM;
	default: return -EBADMSG;
	}
}

void unpack_bzip2_close(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}
