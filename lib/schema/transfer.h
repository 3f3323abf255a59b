/* SPDX-License-Identifier: BSD-3-Clause */
/* The member `transfer` of the native schema: the sums of a zone transfer. */
#ifndef SCHEMA_TRANSFER_H
#define SCHEMA_TRANSFER_H

#include "dns/msg.h"
#include "encode/json.h"
#include "record/record.h"

/* Appends it for a record of a zone transfer; `reply`: its first or only reply. */
void transfer_json(struct text *t, const struct record *r, const struct dns_msg *reply);

#endif
