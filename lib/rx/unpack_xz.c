/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/unpack_inner.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

static bool begin(lzma_stream *s)
{
	return lzma_stream_decoder(s, UNPACK_MEMORY, 0) == LZMA_OK;
}

void *unpack_xz_open(void)
{
	lzma_stream *s = calloc(1, sizeof(*s));

	if (s && !begin(s)) {
		free(s);
		return NULL;
	}
	return s;
}

int unpack_xz_step(void *state, struct unpack_io *io, const char **why)
{
	lzma_stream *s = state;

	(void)why;
	s->next_in = io->in;
	s->avail_in = io->in_len;
	s->next_out = io->out;
	s->avail_out = io->out_len;
	lzma_ret r = lzma_code(s, LZMA_RUN);
	io->in = s->next_in;
	io->in_len = s->avail_in;
	io->out = s->next_out;
	io->out_len = s->avail_out;
	switch (r) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: return 0;
	case LZMA_STREAM_END: return begin(s) ? 1 : -ENOMEM;
	case LZMA_MEM_ERROR: return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR: return -ENOTSUP;
	default: return -EBADMSG;
	}
}

void unpack_xz_close(void *state)
{
	lzma_end(state);
	free(state);
}
