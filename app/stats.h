/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters of a run for a statsd server, under gopassivedns's names. */
#ifndef APP_STATS_H
#define APP_STATS_H

#include "engine/engine.h"
#include "sink/statsd.h"

/* Is statsd.host right? 0, or -EINVAL and the error. */
int stats_check(const struct conf *conf, struct conf_error *err);

/* Opens it where statsd.host is set. 0, or -EINVAL, said. */
int stats_open(struct statsd *s, const struct engine *e);

/* For the control loop: sends a round where one is due, or `last`, whenever. Never waits. */
void stats_turn(struct statsd *s, const struct engine *e, int64_t now_ns, bool last);

#endif
