/* SPDX-License-Identifier: BSD-3-Clause */
/* How a thread idles that nobody wakes. */
#ifndef RX_IDLE_H
#define RX_IDLE_H

/* Ends a turn without work, the *turns-th in a row: spins at first, then sleeps, so that threads
 * may share a CPU. */
void idle_turn(unsigned *turns);

#endif
