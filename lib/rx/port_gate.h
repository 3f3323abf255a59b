/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes pollers leave a port before it is closed. The thread that opens and closes ports changes
 * port->shut and calls port_gate_move(); each poller notices in its next turn (port_gate_moved()),
 * reads which ports are shut, and confirms (port_gate_pass()). Once all have confirmed, none uses
 * the port any more.
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
	_Atomic unsigned moves; /* that a poller has confirmed; written by it */
};

/* Makes all pollers read the ports' states. Those that did see all that was written before. */
static inline void port_gate_move(struct port_gate *gate)
{
	atomic_fetch_add_explicit(&gate->moves, 1, memory_order_release);
}

/* True if there was a move since this poller confirmed one. Called each turn. */
static inline bool port_gate_moved(const struct port_gate *gate, const struct port_pass *pass)
{
	return atomic_load_explicit(&gate->moves, memory_order_relaxed) !=
	       atomic_load_explicit(&pass->moves, memory_order_relaxed);
}

/* Begins to read the ports' states. Returns the argument of port_gate_pass(). */
static inline unsigned port_gate_look(const struct port_gate *gate)
{
	return atomic_load_explicit(&gate->moves, memory_order_acquire);
}

/* Confirms that this poller has left all ports that were shut at its port_gate_look(). */
static inline void port_gate_pass(struct port_pass *pass, unsigned moves)
{
	atomic_store_explicit(&pass->moves, moves, memory_order_release);
}

/* True if this poller has confirmed the last move. For the thread that opens and closes. */
static inline bool port_gate_is_passed(const struct port_gate *gate, const struct port_pass *pass)
{
	return atomic_load_explicit(&pass->moves, memory_order_acquire) ==
	       atomic_load_explicit(&gate->moves, memory_order_relaxed);
}

#endif
