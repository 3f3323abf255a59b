/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/idle.h"

#include <rte_pause.h>
#include <time.h>

void idle_turn(unsigned *turns)
{
	unsigned n = (*turns)++;
	if (n < 4) {
		for (int i = 0; i < 32; i++)
			rte_pause();
		return;
	}
	struct timespec nap = {.tv_nsec = n < 16 ? 50000 : n < 64 ? 100000 : 500000};
	nanosleep(&nap, NULL);
}
