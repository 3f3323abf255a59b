/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks that every packet, message and record is counted once. */
#ifndef ENGINE_BOOKS_H
#define ENGINE_BOOKS_H

#include "engine/ledger.h"

/*
 * Returns true if every packet is counted by one verdict, every message by one outcome, and every
 * record as written or dropped; reports each sum that differs. `whole`: the input was read to its
 * end. All threads must have ended.
 */
bool books_balance(const struct ledger *l, bool whole);

#endif
