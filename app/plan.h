/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run would use, without starting it. */
#ifndef APP_PLAN_H
#define APP_PLAN_H

#include "engine/engine.h"

/* Prints it for a run whose input is planned (engine_plan()). 0, or -errno of standard
 * output. */
int plan_print(const struct engine *e);

#endif
