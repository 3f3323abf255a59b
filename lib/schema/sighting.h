/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a connection of encrypted DNS (RECORD_ENCRYPTED). */
#ifndef SCHEMA_SIGHTING_H
#define SCHEMA_SIGHTING_H

#include "base/text.h"
#include "record/record.h"

/* Appends transport and server name, and ends the line. */
void sighting_end_line(struct text *t, const struct record *r);

#endif
