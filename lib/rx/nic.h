/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel tells of a NIC before DPDK has it. */
#ifndef RX_NIC_H
#define RX_NIC_H

#include <stddef.h>
#include <stdint.h>

/* Rings of `descriptors` buffers that the driver of a PCI device fills for each queue: 1, or what
 * rx/port_rings.def says. */
unsigned nic_rings(uint16_t vendor, uint16_t device);

/* Receive queues of an interface, by ethtool's channels or by sysfs: 1 where nobody tells.
 * combined: how many of them send, too. */
unsigned nic_queues(const char *interface, unsigned *combined);

/*
 * Can the VFIO group of a PCI device that is bound to vfio-pci be opened? 0, or -errno with what
 * stands in the way, and what to do, in `why`.
 */
int nic_vfio(const char *pci, char *why, size_t size);

#endif
