/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For LD_PRELOAD: lets one system call on the files below FAULT_UNDER fail once. FAULT_CALL names
 * it (open, write, ...), FAULT_AT which of them (from 1), FAULT_ERRNO the error; 0: it reads or
 * writes only half; KILL: the process kills itself before it. Without FAULT_AT it counts the calls
 * and prints "fault: NAME COUNT" for each on standard error at the end.
 */
/* The functions have libc's names, but our names for their parameters. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#undef _FILE_OFFSET_BITS /* both names of a function are defined here */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define CALLS(ROW)                                                                                 \
	ROW(open)                                                                                  \
	ROW(opendir)                                                                               \
	ROW(readdir)                                                                               \
	ROW(read)                                                                                  \
	ROW(pread)                                                                                 \
	ROW(write)                                                                                 \
	ROW(pwrite)                                                                                \
	ROW(pwritev)                                                                               \
	ROW(ftruncate)                                                                             \
	ROW(fsync)                                                                                 \
	ROW(fdatasync)                                                                             \
	ROW(fstat)                                                                                 \
	ROW(stat)                                                                                  \
	ROW(lseek)                                                                                 \
	ROW(flock)                                                                                 \
	ROW(rename)                                                                                \
	ROW(unlink)

enum call {
#define ROW(name) CALL_##name,
	CALLS(ROW)
#undef ROW
		CALL_COUNT
};

static const char *const names[] = {
#define ROW(name) #name,
	CALLS(ROW)
#undef ROW
};

static unsigned counts[CALL_COUNT];

static bool is_under(const char *path)
{
	const char *under = getenv("FAULT_UNDER");
	return under && strncmp(path, under, strlen(under)) == 0;
}

static bool is_under_fd(int fd)
{
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return is_under(path);
}

/* True if this call is the one that fails; sets errno. */
static bool is_chosen(enum call call, bool ours)
{
	const char *name = getenv("FAULT_CALL"), *at = getenv("FAULT_AT");
	const char *error = getenv("FAULT_ERRNO");
	if (!ours)
		return false;
	unsigned n = __atomic_add_fetch(&counts[call], 1, __ATOMIC_RELAXED);
	if (!at || !name || !error || strcmp(name, names[call]) != 0 || n != (unsigned)atoi(at))
		return false;
	if (strcmp(error, "KILL") == 0)
		kill(getpid(), SIGKILL);
	errno = atoi(error);
	return true;
}

static bool fails(enum call call, bool ours)
{
	return is_chosen(call, ours) && errno;
}

/* Does the same for a call on n octets or parts, and halves *n instead where the error is 0. */
static bool fails_of(enum call call, int fd, size_t *n)
{
	if (!is_chosen(call, is_under_fd(fd)))
		return false;
	if (errno == 0)
		*n = (*n + 1) / 2;
	return errno;
}

__attribute__((destructor)) static void report(void)
{
	if (!getenv("FAULT_UNDER") || getenv("FAULT_AT"))
		return;
	for (int i = 0; i < CALL_COUNT; i++)
		if (counts[i])
			fprintf(stderr, "fault: %s %u\n", names[i], counts[i]);
}

/* The C library's function of a name. */
#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(CALL_open, is_under(path)) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(CALL_open, is_under(path)) ? -1 : REAL(open64)(path, flags, mode);
}

DIR *opendir(const char *path)
{
	return fails(CALL_opendir, is_under(path)) ? NULL : REAL(opendir)(path);
}

struct dirent *readdir(DIR *d)
{
	return fails(CALL_readdir, is_under_fd(dirfd(d))) ? NULL : REAL(readdir)(d);
}

struct dirent64 *readdir64(DIR *d)
{
	return fails(CALL_readdir, is_under_fd(dirfd(d))) ? NULL : REAL(readdir64)(d);
}

ssize_t read(int fd, void *p, size_t n)
{
	return fails_of(CALL_read, fd, &n) ? -1 : REAL(read)(fd, p, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
	return fails_of(CALL_write, fd, &n) ? -1 : REAL(write)(fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	return fails_of(CALL_pread, fd, &n) ? -1 : REAL(pread)(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return fails_of(CALL_pread, fd, &n) ? -1 : REAL(pread64)(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fails_of(CALL_pwrite, fd, &n) ? -1 : REAL(pwrite)(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails_of(CALL_pwrite, fd, &n) ? -1 : REAL(pwrite64)(fd, p, n, at);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	size_t parts = (size_t)n;
	return fails_of(CALL_pwritev, fd, &parts) ? -1 : REAL(pwritev)(fd, v, (int)parts, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	size_t parts = (size_t)n;
	return fails_of(CALL_pwritev, fd, &parts) ? -1 : REAL(pwritev64)(fd, v, (int)parts, at);
}

int ftruncate(int fd, off_t size)
{
	return fails(CALL_ftruncate, is_under_fd(fd)) ? -1 : REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return fails(CALL_ftruncate, is_under_fd(fd)) ? -1 : REAL(ftruncate64)(fd, size);
}

int fsync(int fd)
{
	return fails(CALL_fsync, is_under_fd(fd)) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return fails(CALL_fdatasync, is_under_fd(fd)) ? -1 : REAL(fdatasync)(fd);
}

int fstat(int fd, struct stat *st)
{
	return fails(CALL_fstat, is_under_fd(fd)) ? -1 : REAL(fstat)(fd, st);
}

int fstat64(int fd, struct stat64 *st)
{
	return fails(CALL_fstat, is_under_fd(fd)) ? -1 : REAL(fstat64)(fd, st);
}

int stat(const char *path, struct stat *st)
{
	return fails(CALL_stat, is_under(path)) ? -1 : REAL(stat)(path, st);
}

int stat64(const char *path, struct stat64 *st)
{
	return fails(CALL_stat, is_under(path)) ? -1 : REAL(stat64)(path, st);
}

off_t lseek(int fd, off_t at, int whence)
{
	return fails(CALL_lseek, is_under_fd(fd)) ? -1 : REAL(lseek)(fd, at, whence);
}

off64_t lseek64(int fd, off64_t at, int whence)
{
	return fails(CALL_lseek, is_under_fd(fd)) ? -1 : REAL(lseek64)(fd, at, whence);
}

int flock(int fd, int operation)
{
	return fails(CALL_flock, is_under_fd(fd)) ? -1 : REAL(flock)(fd, operation);
}

int rename(const char *from, const char *to)
{
	return fails(CALL_rename, is_under(from)) ? -1 : REAL(rename)(from, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return fails(CALL_rename, is_under(from))
		       ? -1
		       : REAL(renameat2)(from_fd, from, to_fd, to, flags);
}

int unlink(const char *path)
{
	return fails(CALL_unlink, is_under(path)) ? -1 : REAL(unlink)(path);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
