/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/nic.h"

#include "base/bits.h"
#include "rx/sysfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned nic_rings(uint16_t vendor, uint16_t device)
{
	static const struct {
		uint16_t vendor, device;
		unsigned rings;
	} rows[] = {
#define PORT_RINGS(vendor, device, rings) {vendor, device, rings},
#include "rx/port_rings.def"
#undef PORT_RINGS
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].vendor == vendor && (rows[i].device == device || rows[i].device == 0))
			return rows[i].rings;
	return 1;
}

/* Counts the receive queues in /sys/class/net/INTERFACE/queues. */
static unsigned sysfs_queues(const char *interface)
{
	char path[64];
	unsigned n = 0;

	snprintf(path, sizeof(path), SYSFS_NET "%.15s/queues", interface);
	DIR *dir = opendir(path);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
		n += strncmp(e->d_name, "rx-", 3) == 0;
	if (dir)
		closedir(dir);
	return n ? n : 1;
}

unsigned nic_queues(const char *interface, unsigned *combined)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (void *)&channels};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned n = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0)
		n = channels.rx_count + channels.combined_count;
	if (fd >= 0)
		close(fd);
	*combined = n ? channels.combined_count : 0;
	return n ? n : sysfs_queues(interface);
}

/* Returns the process that has the file open, or 0 if none is visible. */
static long holder_of(const char *file)
{
	long found = 0;
	DIR *procs = opendir("/proc");

	for (struct dirent *p = procs ? readdir(procs) : NULL; p && !found; p = readdir(procs)) {
		char path[PATH_MAX], target[PATH_MAX];
		if (!isdigit((unsigned char)p->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd", p->d_name);
		DIR *fds = opendir(path);
		for (struct dirent *f = fds ? readdir(fds) : NULL; f && !found; f = readdir(fds)) {
			snprintf(path, sizeof(path), "/proc/%s/fd/%s", p->d_name, f->d_name);
			ssize_t n = readlink(path, target, sizeof(target) - 1);
			target[n < 0 ? 0 : n] = '\0';
			if (strcmp(target, file) == 0)
				found = strtol(p->d_name, NULL, 10);
		}
		if (fds)
			closedir(fds);
	}
	if (procs)
		closedir(procs);
	return found;
}

static void explain(const char *file, int error, char *why, size_t size)
{
	long pid = error == -EBUSY ? holder_of(file) : 0;

	switch (-error) {
	case EBUSY:
		if (pid)
			snprintf(why, size, "process %ld uses it (%s): stop that process", pid,
				file);
		else
			snprintf(why, size,
				"another process uses it (%s), perhaps in another container or as "
				"a virtual machine's: stop that process",
				file);
		break;
	case EACCES:
	case EPERM:
		snprintf(why, size, "%s may not be opened: run as root, or give %s to the user",
			file, file);
		break;
	case ENOENT:
		snprintf(why, size,
			"there is no %s: in a container, pass /dev/vfio to it; else bind it to "
			"vfio-pci again (scripts/tune --bind)",
			file);
		break;
	default: snprintf(why, size, "%s: %s", file, strerror(-error)); break;
	}
}

int nic_vfio(const char *pci, char *why, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX], file[64];

	snprintf(path, sizeof(path), SYSFS_PCI "%s/iommu_group", pci);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0) {
		snprintf(why, size,
			"it has no IOMMU group: switch the IOMMU on (firmware, and intel_iommu=on "
			"on the kernel's command line; of a virtual machine, a virtual IOMMU)");
		return -ENODEV;
	}
	target[n] = '\0';
	const char *group = strrchr(target, '/');
	snprintf(file, sizeof(file), "/dev/vfio/%.32s", group ? group + 1 : target);
	int fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	int error = -errno;
	/* Without an IOMMU, if the kernel allows that, the group has another name. */
	char bare[80];
	snprintf(bare, sizeof(bare), "/dev/vfio/noiommu-%.32s", group ? group + 1 : target);
	if (error == -ENOENT && access(bare, F_OK) == 0)
		return 0;
	explain(file, error, why, size);
	return error;
}
