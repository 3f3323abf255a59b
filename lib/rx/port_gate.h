/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the thread that opens and closes ports makes those that poll them stand aside. It changes
 * port->shut and calls port_gate_move(); each poller sees that at its next turn
 * (port_gate_moved()), looks which ports are shut, and says so (port_gate_pass()). Once all have,
 * nobody is inside of the port that was shut.
 */
#ifndef RX_PORT_GATE_H
#define RX_PORT_GATE_H

#include "base/bits.h"

#include <stdatomic.h>
#include <stdbool.h>

struct port_gate {
	_Atomic unsigned moves; /* written by the thread that opens and closes */
} __attribute__((aligned(BITS_CACHE_LINE)));

struct port_pass {
	_Atomic unsigned moves; /* that a poller has followed; written by it */
};

/* Tells all pollers to look. Whatever was written before is seen by those who follow. */
static inline void port_gate_move(struct port_gate *gate)
{
	atomic_fetch_add_explicit(&gate->moves, 1, memory_order_release);
}

/* Is there something to follow? A poller asks each turn. */
static inline bool port_gate_moved(const struct port_gate *gate, const struct port_pass *pass)
{
	return atomic_load_explicit(&gate->moves, memory_order_relaxed) !=
	       atomic_load_explicit(&pass->moves, memory_order_relaxed);
}

/* A poller begins to follow. What to give to port_gate_pass(). */
static inline unsigned port_gate_look(const struct port_gate *gate)
{
	return atomic_load_explicit(&gate->moves, memory_order_acquire);
}

/* A poller has left all ports that were shut when it looked. */
static inline void port_gate_pass(struct port_pass *pass, unsigned moves)
{
	atomic_store_explicit(&pass->moves, moves, memory_order_release);
}

/* Has this poller followed the last move? Asked by the thread that opens and closes. */
static inline bool port_gate_is_passed(const struct port_gate *gate, const struct port_pass *pass)
{
	return atomic_load_explicit(&pass->moves, memory_order_acquire) ==
	       atomic_load_explicit(&gate->moves, memory_order_relaxed);
}

#endif
