/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration of librdkafka from the keys of a sink. */
#ifndef SINK_KAFKA_CONF_H
#define SINK_KAFKA_CONF_H

#include "config/conf.h"

#include <librdkafka/rdkafka.h>

/*
 * Returns our settings, overridden by kafka.properties, which may change all of them but the
 * brokers. The caller destroys the result with rd_kafka_conf_destroy() or passes it to
 * rd_kafka_new(). NULL: see the error, which begins with the key.
 */
rd_kafka_conf_t *kafka_conf(const struct conf_sink *conf, struct conf_error *err);

#endif
