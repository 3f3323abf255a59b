/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int lock_fd(int fd)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return -EBUSY;
		if (errno != EINTR)
			return 0;
	}
	return 0;
}

int lock_file(const char *path)
{
	struct stat there, ours;

	for (int tries = 0; tries < 100; tries++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -errno;
		int error = lock_fd(fd);
		if (error == 0 && fstat(fd, &ours) < 0)
			error = -errno;
		if (error == 0 && stat(path, &there) == 0 && there.st_dev == ours.st_dev &&
			there.st_ino == ours.st_ino)
			return fd;
		/* Its owner has unlinked it meanwhile: create another one. */
		close(fd);
		if (error)
			return error;
	}
	return -EBUSY;
}
