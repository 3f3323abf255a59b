/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/kafka_conf.h"

#include "base/bits.h"

#include <errno.h>

/*
 * Settings that differ from librdkafka's defaults. Idempotence: nothing is lost or duplicated while
 * a broker is slow. No message timeout: this program's queue and spool decide what happens to
 * messages that cannot be sent. Its queue holds a few blocks, and a block arrives at once, so
 * lingering gains nothing.
 */
static const char *const defaults[][2] = {{"client.id", "dnsloupe"}, {"enable.idempotence", "true"},
	{"message.timeout.ms", "0"}, {"compression.codec", "lz4"}, {"linger.ms", "1"},
	{"batch.size", "1000000"}, {"queue.buffering.max.messages", "1000000"},
	{"queue.buffering.max.kbytes", "65536"}, {"reconnect.backoff.max.ms", "5000"},
	{"log.connection.close", "false"}};

static int set(rd_kafka_conf_t *to, const char *key, const char *name, const char *value,
	struct conf_error *err)
{
	char text[400];
	if (rd_kafka_conf_set(to, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
		return 0;
	return conf_fail(err, -EINVAL, "%s: %s", key, text);
}

static int set_property(
	rd_kafka_conf_t *to, const struct conf_pair *property, struct conf_error *err)
{
	char key[300];
	const char *name = property->name;
	snprintf(key, sizeof(key), "kafka.properties.%s", name);
	if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0)
		return conf_fail(err, -EINVAL, "%s: set the key kafka.brokers instead", key);
	return set(to, key, name, property->value, err);
}

rd_kafka_conf_t *kafka_conf(const struct conf_sink *conf, struct conf_error *err)
{
	rd_kafka_conf_t *to = rd_kafka_conf_new();
	int error = 0;
	if (!conf->kafka_brokers[0])
		error = conf_fail(
			err, -EINVAL, "kafka.brokers: is missing: set host:port of some brokers");
	else if (!conf->kafka_topic[0])
		error = conf_fail(err, -EINVAL, "kafka.topic: is missing");
	for (size_t i = 0; i < BITS_COUNT(defaults) && error == 0; i++)
		error = set(to, "kafka", defaults[i][0], defaults[i][1], err);
	if (error == 0)
		error = set(to, "kafka.brokers", "bootstrap.servers", conf->kafka_brokers, err);
	for (size_t i = 0; i < conf->kafka_properties.count && error == 0; i++)
		error = set_property(to, &conf->kafka_properties.at[i], err);
	if (error == 0)
		return to;
	rd_kafka_conf_destroy(to);
	return NULL;
}
