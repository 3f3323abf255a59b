/* SPDX-License-Identifier: BSD-3-Clause */
/* The EDNS object of the native schema. */
#ifndef SCHEMA_EDNS_H
#define SCHEMA_EDNS_H

#include "dns/edns.h"
#include "encode/json.h"

/*
 * Appends the value of `edns` or `query_edns`. DNS_OK, or DNS_RDATA where the options, or one of
 * them, are broken; what could be read is shown.
 */
enum dns_error edns_json(struct text *t, const struct name_space *space, const struct edns *e);

#endif
