/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a line about a connection of encrypted DNS (RECORD_ENCRYPTED). */
#ifndef SCHEMA_SIGHTING_H
#define SCHEMA_SIGHTING_H

#include "base/text.h"
#include "record/record.h"

/* Appends what follows the ends and the way of the connection, and ends the line. */
void sighting_end_line(struct text *t, const struct record *r);

#endif
