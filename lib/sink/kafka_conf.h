/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of librdkafka that the keys of a sink ask for. */
#ifndef SINK_KAFKA_CONF_H
#define SINK_KAFKA_CONF_H

#include "config/conf.h"

#include <librdkafka/rdkafka.h>

/*
 * Ours first, then what kafka.properties says, which may change any of them but the brokers. The
 * caller's to rd_kafka_conf_destroy() or to give to rd_kafka_new(). NULL: the error, which begins
 * with the key.
 */
rd_kafka_conf_t *kafka_conf(const struct conf_sink *conf, struct conf_error *err);

#endif
