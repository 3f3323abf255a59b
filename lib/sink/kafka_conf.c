/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/kafka_conf.h"

#include "base/bits.h"

#include <stdarg.h>

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

static int fail(struct conf_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct conf_error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

static int set(rd_kafka_conf_t *to, const char *key, const char *name, const char *value,
	struct conf_error *err)
{
	char why[400];
	if (rd_kafka_conf_set(to, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return fail(err, "%s: %s", key, why);
}

/* "name=value" */
static int set_property(rd_kafka_conf_t *to, const char *property, struct conf_error *err)
{
	char name[128];
	const char *is = strchr(property, '=');
	size_t n = is ? (size_t)(is - property) : 0;
	if (n == 0 || n >= sizeof(name))
		return fail(err, "kafka.properties: expected name=value in \"%.100s\"", property);
	memcpy(name, property, n);
	name[n] = '\0';
	if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0)
		return fail(err, "kafka.properties: %s: is kafka.brokers", name);
	return set(to, "kafka.properties", name, is + 1, err);
}

rd_kafka_conf_t *kafka_conf(const struct conf_sink *conf, struct conf_error *err)
{
	rd_kafka_conf_t *to = rd_kafka_conf_new();
	int error = 0;
	if (!conf->kafka_brokers[0])
		error = fail(err, "kafka.brokers: is missing: host:port of some of them");
	else if (!conf->kafka_topic[0])
		error = fail(err, "kafka.topic: is missing");
	for (size_t i = 0; i < BITS_COUNT(ours) && error == 0; i++)
		error = set(to, "kafka", ours[i][0], ours[i][1], err);
	if (error == 0)
		error = set(to, "kafka.brokers", "bootstrap.servers", conf->kafka_brokers, err);
	for (size_t i = 0; i < conf->kafka_properties.count && error == 0; i++)
		error = set_property(to, conf->kafka_properties.at[i], err);
	if (error == 0)
		return to;
	rd_kafka_conf_destroy(to);
	return NULL;
}
