/* SPDX-License-Identifier: BSD-3-Clause */
/* The control loop on the main lcore: signals, progress, the end of the run. */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "engine/engine.h"

/* Why a run ended. */
struct control_end {
	int signal; /* the first one that stopped it; 0: none */
	int64_t signal_ns; /* when it came, monotonic */
	bool input_gone; /* all interfaces are gone */
};

/* Blocks the signals that control_loop() handles, in this thread and those that it starts. Returns
 * 0 or -errno. */
int control_block_signals(void);

/*
 * Runs until the loggers have ended. INT and TERM stop the workers, which process what they have
 * received; a second signal, a second or more later, ends the process at once. A sink that fails
 * stops the input.
 */
void control_loop(struct engine *e, struct control_end *end);

#endif
