/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether NICs spread packets as their twin in software says. */
#ifndef APP_LIVE_JUDGE_H
#define APP_LIVE_JUDGE_H

struct run;

/* Called by the control loop now and then: says it, once for each port that was told how to. */
void live_judge(struct run *run);

#endif
