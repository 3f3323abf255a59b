/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_stall.h"

enum port_stall_event port_stall_look(struct port_stall *s, uint64_t counted, uint64_t taken)
{
	enum port_stall_event event = PORT_STALL_NOTHING;
	bool more = counted > s->counted, took = taken != s->taken;

	if (!s->begun || took || counted < s->counted) {
		if (s->stands)
			event = PORT_STALL_MOVES;
		s->stands = false;
		s->looks = 0;
		s->since = counted;
	} else if (more && s->looks < PORT_STALL_LOOKS && ++s->looks == PORT_STALL_LOOKS) {
		s->stands = true;
		event = PORT_STALL_STANDS;
	}
	s->begun = true;
	s->counted = counted;
	s->taken = taken;
	return event;
}
