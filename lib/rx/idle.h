/* SPDX-License-Identifier: BSD-3-Clause */
/* What a thread does that finds nothing to do and has nobody who would wake it. */
#ifndef RX_IDLE_H
#define RX_IDLE_H

/* A turn without work, the *turns-th in a row: spins a little, then sleeps, so that threads may
 * share a CPU. */
void idle_turn(unsigned *turns);

#endif
