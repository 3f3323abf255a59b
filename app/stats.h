/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends the counters of a run to a statsd server, under gopassivedns's names. */
#ifndef APP_STATS_H
#define APP_STATS_H

#include "engine/engine.h"
#include "sink/statsd.h"

/* Checks statsd.host. Returns 0, or -EINVAL and the error. */
int stats_check(const struct conf *conf, struct conf_error *err);

/* Opens the connection if statsd.host is set. Returns 0, or -EINVAL after a message. */
int stats_open(struct statsd *s, const struct engine *e);

/* Sends the counters if statsd.interval has passed, or always if `last`. The control loop calls it
 * in each turn. Never blocks. */
void stats_turn(struct statsd *s, const struct engine *e, int64_t now_ns, bool last);

#endif
