/* SPDX-License-Identifier: BSD-3-Clause */
/* Idling of a thread that no other wakes. */
#ifndef RX_IDLE_H
#define RX_IDLE_H

/* Ends a turn without work, the *turns-th in a row, which it counts: spins at first, then sleeps,
 * so that threads can share a CPU. */
void idle_turn(unsigned *turns);

#endif
