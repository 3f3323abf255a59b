/* SPDX-License-Identifier: BSD-3-Clause */
/* The EDNS object of the native schema. */
#ifndef SCHEMA_EDNS_H
#define SCHEMA_EDNS_H

#include "dns/edns.h"
#include "encode/json.h"

/*
 * Appends the value of `edns` or `query_edns`. Returns DNS_OK, or DNS_RDATA if an option or the
 * list of options is malformed; what can be read is appended.
 */
enum dns_error edns_json(struct text *t, const struct name_space *space, const struct edns *e);

#endif
