/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoders of rx/unpack.def; struct unpack_kind states their contract. */
#ifndef RX_UNPACK_INNER_H
#define RX_UNPACK_INNER_H

#include "rx/unpack.h"

#ifndef UNPACK_WITH_ZSTD
#define UNPACK_WITH_ZSTD 0
#endif
#ifndef UNPACK_WITH_XZ
#define UNPACK_WITH_XZ 0
#endif
#ifndef UNPACK_WITH_LZ4
#define UNPACK_WITH_LZ4 0
#endif
#ifndef UNPACK_WITH_BZIP2
#define UNPACK_WITH_BZIP2 0
#endif
#define UNPACK_WITH_ZLIB 1

#define UNPACK(kind, with, len, first, other)                                                      \
	void *unpack_##kind##_open(void);                                                          \
	int unpack_##kind##_step(void *state, struct unpack_io *io, const char **why);             \
	void unpack_##kind##_close(void *state);
#include "rx/unpack.def"
#undef UNPACK

#endif
