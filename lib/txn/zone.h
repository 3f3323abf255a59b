/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies to the query of a zone transfer, which may have many messages: transfer.h says where they
 * end, here is what becomes of the transaction. */
#ifndef TXN_ZONE_H
#define TXN_ZONE_H

#include "txn/txn.h"

/* A reply to the open query in a slot. true: it is one of several, and the query stays open, or its
 * record is made; false: the caller closes it with this reply. */
bool zone_take(struct txn *x, uint32_t slot, struct txn_message *m);

#endif
