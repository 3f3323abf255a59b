/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes again within txn_conf.duplicate_ns: copies of datagrams, further replies. */
#ifndef TXN_REPEAT_H
#define TXN_REPEAT_H

#include "txn/txn.h"

/*
 * Was the same datagram seen just before: mirrored on its way in and on its way out? Its addresses,
 * ports and octets tell, not its link header, VLANs, tunnel or TTL. (What TCP repeats is dropped
 * where streams are put together.)
 */
bool repeat_datagram(struct txn *x, const struct txn_message *m);

/* A reply answered a query of that time: remember it. */
void repeat_answered(struct txn *x, const struct txn_message *m, int64_t asked_ns);

/* Was the transaction of this reply answered just before? *asked_ns: when it was asked. */
bool repeat_reply(const struct txn *x, const struct txn_message *m, int64_t *asked_ns);

#endif
