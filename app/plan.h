/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what a run would use, without starting it. */
#ifndef APP_PLAN_H
#define APP_PLAN_H

#include "engine/engine.h"

/* Prints the plan of a run after engine_plan(). Returns 0, or -errno of standard output. */
int plan_print(const struct engine *e);

#endif
