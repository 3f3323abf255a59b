/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_stall.h"

enum port_stall_event port_stall_check(struct port_stall *s, uint64_t counted, uint64_t received)
{
	enum port_stall_event event = PORT_STALL_NOTHING;
	bool more = counted > s->counted, has_received = received != s->received;

	if (!s->begun || has_received || counted < s->counted) {
		if (s->stalled)
			event = PORT_STALL_RESUMED;
		s->stalled = false;
		s->checks = 0;
		s->since = counted;
	} else if (more && s->checks < PORT_STALL_CHECKS && ++s->checks == PORT_STALL_CHECKS) {
		s->stalled = true;
		event = PORT_STALL_STALLED;
	}
	s->begun = true;
	s->counted = counted;
	s->received = received;
	return event;
}
