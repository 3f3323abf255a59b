/* SPDX-License-Identifier: BSD-3-Clause */
/* The calling thread. */
#ifndef ENGINE_THREAD_H
#define ENGINE_THREAD_H

/* Gives it a name that tools show ("worker 0"), and timers that are as short as it asks for. */
void thread_name(const char *what, unsigned number);

#endif
