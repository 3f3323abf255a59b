/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/thread.h"

#include <stdio.h>
#include <sys/prctl.h>

void thread_name(const char *what, unsigned number)
{
	char name[16]; /* as long as the kernel's may be */
	snprintf(name, sizeof(name), "%s %u", what, number);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 1000);
}
