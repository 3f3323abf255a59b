/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel reports of a NIC before DPDK opens it. */
#ifndef RX_NIC_H
#define RX_NIC_H

#include <stddef.h>
#include <stdint.h>

/* Returns how many rings of `descriptors` buffers the driver of a PCI device fills for each queue:
 * 1 unless rx/port_rings.def has another number. */
unsigned nic_rings(uint16_t vendor, uint16_t device);

/* Returns the number of receive queues of an interface, by ethtool's channels or by sysfs; 1 if
 * neither has it. *combined: how many of them also send. */
unsigned nic_queues(const char *interface, unsigned *combined);

/*
 * Tries to open the VFIO group of a PCI device that is bound to vfio-pci. Returns 0, or -errno with
 * the reason and what to do in the `size` octets at `why`.
 */
int nic_vfio(const char *pci, char *why, size_t size);

#endif
