/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/kafka_conf.h"

#include "base/bits.h"

#include <errno.h>

/*
 * What differs from librdkafka's defaults, and why: nothing is lost or doubled while a broker
 * answers late (idempotence); messages have no end of life of their own, for this program's queue
 * and spool decide what becomes of those that cannot be sent; its own queue holds what a few blocks
 * hold, and a block comes at once, so there is nothing to linger for.
 */
static const char *const ours[][2] = {{"client.id", "dnsloupe"}, {"enable.idempotence", "true"},
	{"message.timeout.ms", "0"}, {"compression.codec", "lz4"}, {"linger.ms", "1"},
	{"batch.size", "1000000"}, {"queue.buffering.max.messages", "1000000"},
	{"queue.buffering.max.kbytes", "65536"}, {"reconnect.backoff.max.ms", "5000"},
	{"log.connection.close", "false"}};

static int set(rd_kafka_conf_t *to, const char *key, const char *name, const char *value,
	struct conf_error *err)
{
	char why[400];
	if (rd_kafka_conf_set(to, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return conf_fail(err, -EINVAL, "%s: %s", key, why);
}

static int set_property(
	rd_kafka_conf_t *to, const struct conf_pair *property, struct conf_error *err)
{
	char key[300];
	const char *name = property->name;
	snprintf(key, sizeof(key), "kafka.properties.%s", name);
	if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0)
		return conf_fail(err, -EINVAL, "%s: is the key kafka.brokers here", key);
	return set(to, key, name, property->value, err);
}

rd_kafka_conf_t *kafka_conf(const struct conf_sink *conf, struct conf_error *err)
{
	rd_kafka_conf_t *to = rd_kafka_conf_new();
	int error = 0;
	if (!conf->kafka_brokers[0])
		error = conf_fail(
			err, -EINVAL, "kafka.brokers: is missing: host:port of some of them");
	else if (!conf->kafka_topic[0])
		error = conf_fail(err, -EINVAL, "kafka.topic: is missing");
	for (size_t i = 0; i < BITS_COUNT(ours) && error == 0; i++)
		error = set(to, "kafka", ours[i][0], ours[i][1], err);
	if (error == 0)
		error = set(to, "kafka.brokers", "bootstrap.servers", conf->kafka_brokers, err);
	for (size_t i = 0; i < conf->kafka_properties.count && error == 0; i++)
		error = set_property(to, &conf->kafka_properties.at[i], err);
	if (error == 0)
		return to;
	rd_kafka_conf_destroy(to);
	return NULL;
}
