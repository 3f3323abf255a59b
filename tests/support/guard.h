/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that ends at an inaccessible page, so that reading one octet too far is a crash. */
#ifndef SUPPORT_GUARD_H
#define SUPPORT_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* Returns a copy of len octets whose last one stands before an inaccessible page. Never NULL. */
uint8_t *guard_copy(const void *data, size_t len);

/* Frees what guard_copy() returned for the same length. */
void guard_free(uint8_t *p, size_t len);

#endif
