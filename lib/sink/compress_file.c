/* SPDX-License-Identifier: BSD-3-Clause */
/* Compresses one file. */
#include "sink/compressor.h"
#include "sink/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef SINK_ZSTD
#include <zstd.h>
#endif

#define BUFFER_SIZE (128 * 1024)

struct compress_stream {
	int fd;
	int sync_fd; /* the same file, for fsync(), because gzclose() closes fd; -1: none */
	gzFile gzip;
#ifdef SINK_ZSTD
	ZSTD_CCtx *zstd;
#endif
	char in[BUFFER_SIZE], out[BUFFER_SIZE];
};

const char *compressor_missing_library(enum conf_choice format)
{
#ifndef SINK_ZSTD
	if (format == CONF_COMPRESS_ZSTD)
		return "libzstd";
#endif
	(void)format;
	return NULL;
}

#ifdef SINK_ZSTD
static int write_octets(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);
		if (k < 0 && errno != EINTR)
			return -errno;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

/* The functions below compress the n octets of p->in; n 0: end the file. They return 0 or -errno.
 */
static int compress_zstd(struct compress_stream *p, size_t n)
{
	ZSTD_inBuffer in = {p->in, n, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {p->out, sizeof(p->out), 0};
		left = ZSTD_compressStream2(p->zstd, &out, &in, n ? ZSTD_e_continue : ZSTD_e_end);
		int error = ZSTD_isError(left) ? -EIO : write_octets(p->fd, p->out, out.pos);
		if (error)
			return error;
	} while (n ? in.pos < in.size : left > 0);
	return 0;
}
#endif

static int compress_gzip(struct compress_stream *p, size_t n)
{
	errno = 0;
	if (n == 0) {
		int rc = gzclose(p->gzip); /* closes fd too */
		p->gzip = NULL;
		p->fd = -1;
		return rc == Z_OK ? 0 : errno ? -errno : -EIO;
	}
	return gzwrite(p->gzip, p->in, (unsigned)n) == (int)n ? 0 : errno ? -errno : -EIO;
}

static int compress_octets(struct compress_stream *p, size_t n)
{
#ifdef SINK_ZSTD
	if (p->zstd)
		return compress_zstd(p, n);
#endif
	return compress_gzip(p, n);
}

static int begin(struct compress_stream *p, enum conf_choice format)
{
#ifdef SINK_ZSTD
	if (format == CONF_COMPRESS_ZSTD) {
		p->zstd = ZSTD_createCCtx();
		return p->zstd ? 0 : -ENOMEM;
	}
#endif
	(void)format;
	p->gzip = gzdopen(p->fd, "wb");
	return p->gzip ? 0 : -ENOMEM;
}

/* Closes what is still open; errors that matter were handled before. */
static void end(struct compress_stream *p)
{
#ifdef SINK_ZSTD
	ZSTD_freeCCtx(p->zstd);
#endif
	if (p->gzip)
		gzclose(p->gzip);
	else if (p->fd >= 0)
		close(p->fd);
	if (p->sync_fd >= 0)
		close(p->sync_fd);
	free(p);
}

/* Compresses everything that can be read from fd. Returns 0 or -errno. */
static int compress_all(struct compress_stream *p, const struct compressor *compressor, int fd)
{
	ssize_t n = 1;
	int error = 0;

	while (error == 0 && n > 0) {
		if (__atomic_load_n(&compressor->cancel, __ATOMIC_RELAXED))
			return -ECANCELED;
		n = read(fd, p->in, sizeof(p->in));
		error = n < 0 ? -errno : compress_octets(p, (size_t)n);
	}
	if (error == 0 && p->sync_fd >= 0 && fsync(p->sync_fd) < 0)
		error = -errno;
	return error;
}

int compress_file(const struct compressor *compressor, const char *from, const char *to)
{
	struct compress_stream *p = calloc(1, sizeof(*p));
	int fd = open(from, O_RDONLY | O_CLOEXEC), error = p ? 0 : -ENOMEM;
	struct stat st = {0};

	if (error == 0 && (fd < 0 || fstat(fd, &st) < 0))
		error = -errno;
	if (error == 0)
		error = lock_fd(fd);
	if (p)
		p->fd = p->sync_fd = -1;
	if (error == 0) {
		p->fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
		error = p->fd < 0 ? -errno : begin(p, compressor->format);
	}
	if (error == 0 && compressor->sync) {
		p->sync_fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
		error = p->sync_fd < 0 ? -errno : 0;
	}
	if (error == 0)
		error = compress_all(p, compressor, fd);
	if (p)
		end(p);
	if (fd >= 0)
		close(fd);
	if (error == 0) {
		const struct timespec times[] = {st.st_atim, st.st_mtim};
		utimensat(AT_FDCWD, to, times, 0);
	}
	return error;
}
