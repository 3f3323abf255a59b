/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads numbers from files of /sys. */
#ifndef RX_SYSFS_H
#define RX_SYSFS_H

#define SYSFS_NET "/sys/class/net/"
#define SYSFS_PCI "/sys/bus/pci/devices/"
#define SYSFS_HUGEPAGES "/sys/kernel/mm/hugepages/"

/* Returns the whole number, decimal or hexadecimal, in the file directory/name/file; `none` if
 * there is no such file or it holds none. `directory` ends with a slash. */
long sysfs_number(const char *directory, const char *name, const char *file, long none);

#endif
