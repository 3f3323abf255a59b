/* SPDX-License-Identifier: BSD-3-Clause */
/* What the main lcore does while the others work: signals, progress, the end. */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "engine/engine.h"

/* Why a run has ended. */
struct control_end {
	int signal; /* the first one that stopped it; 0: none */
	int64_t signal_ns; /* when it came, monotonic */
	bool input_gone; /* all interfaces are gone */
};

/* Blocks the signals that control_loop() takes, in this thread and those it will start. 0 or
 * -errno. */
int control_block_signals(void);

/*
 * Waits until the loggers have ended. INT and TERM make the workers stop receiving and what is in
 * hand run through; a second one ends the process at once. An output that fails stops the input.
 */
void control_loop(struct engine *e, struct control_end *end);

#endif
