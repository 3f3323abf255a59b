/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types of the pcap registry, by number and name, for messages. */
#ifndef RX_LINKTYPE_H
#define RX_LINKTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if packet_walk() decodes it (rx/links.def). */
bool linktype_is_decoded(uint16_t type);

/* Returns its name without LINKTYPE_; NULL if it is unknown. */
const char *linktype_name(uint16_t type);

/* Writes "FILE: link type 189 (USB_LINUX)" to the `size` octets at `buffer`, with a terminating
 * NUL. */
void linktype_describe(char *buffer, size_t size, const char *file, uint16_t type);

#endif
