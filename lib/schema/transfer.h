/* SPDX-License-Identifier: BSD-3-Clause */
/* The member `transfer` of the native schema: what a zone transfer's reply amounts to. */
#ifndef SCHEMA_TRANSFER_H
#define SCHEMA_TRANSFER_H

#include "dns/msg.h"
#include "encode/json.h"
#include "record/record.h"

/* Appends it, for a record with a transfer; `reply` is its reply, or the first one. */
void transfer_json(struct text *t, const struct record *r, const struct dns_msg *reply);

#endif
