/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the books balance? */
#ifndef ENGINE_BOOKS_H
#define ENGINE_BOOKS_H

#include "engine/ledger.h"

/*
 * Does every packet stand in one verdict, every message in one outcome, every record in written or
 * dropped? `whole`: the input was read to its end. All threads have ended. Says each sum that
 * differs. true: all balance.
 */
bool books_balance(const struct ledger *l, bool whole);

#endif
