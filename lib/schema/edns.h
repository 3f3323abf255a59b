/* SPDX-License-Identifier: BSD-3-Clause */
/* The EDNS object of the native schema. */
#ifndef SCHEMA_EDNS_H
#define SCHEMA_EDNS_H

#include "dns/msg.h"
#include "encode/json.h"

/* Appends the value of `edns` or `query_edns` for the OPT record opt of a message. DNS_OK, or what
 * is wrong with its options. */
enum dns_error edns_json(struct text *t, const struct name_space *space, const struct rr *opt);

#endif
