/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kafka_mock [COUNT | HOST:PORT,...]: a cluster of librdkafka's mock brokers with one topic, "dns",
 * and a consumer of it, for tests; with addresses only the consumer, of brokers that run elsewhere.
 * Prints "brokers HOST:PORT,..." first. Reads commands from standard input and answers each with
 * one line, "done" unless stated otherwise:
 *
 * - down N, up N: stops and restarts broker N (from 1)
 * - rtt N MS: delays the answers of broker N
 * - errors CODE COUNT: fails so many Produce requests with that code of the protocol
 * - read COUNT: reads until COUNT values were read in all, or none arrives for some seconds; prints
 *   a line each, key TAB value; then "read N"
 * - count: reads all values that the brokers hold: "count N"
 *
 * Mock brokers delete the oldest batches of a partition of more than 5 MiB. Then read and count
 * answer "forgot N": a test that needs every value must send less.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "dns"
#define PARTITIONS 4
#define QUIET_MS 5000

static rd_kafka_t *reader;
static unsigned long seen;

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[300];
	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
		fprintf(stderr, "%s\n", why);
		exit(2);
	}
}

static rd_kafka_t *consumer(const char *brokers)
{
	char why[300];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "bootstrap.servers", brokers);
	set(conf, "group.id", "test");
	set(conf, "auto.offset.reset", "earliest");
	set(conf, "enable.auto.commit", "false");
	set(conf, "log_level", "0");
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!rk)
		exit(2);
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
	for (int i = 0; i < PARTITIONS; i++)
		rd_kafka_topic_partition_list_add(all, TOPIC, i)->offset = 0;
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_assign(rk, all);
	rd_kafka_topic_partition_list_destroy(all);
	return rk;
}

/* Returns how many values of the topic the brokers have deleted. */
static long long forgotten(void)
{
	long long n = 0;
	for (int i = 0; i < PARTITIONS; i++) {
		int64_t low = 0, high = 0;
		rd_kafka_query_watermark_offsets(reader, TOPIC, i, &low, &high, QUIET_MS);
		n += low;
	}
	return n;
}

static void read_some(const char *brokers, unsigned long want, int show)
{
	if (!reader)
		reader = consumer(brokers);
	for (int quiet = 0; seen < want && quiet < QUIET_MS;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 100);
		quiet = m && !m->err ? 0 : quiet + 100;
		if (m && !m->err) {
			seen++;
			if (show)
				printf("%.*s\t%.*s\n", (int)m->key_len,
					m->key ? (const char *)m->key : "", (int)m->len,
					(const char *)m->payload);
		}
		if (m)
			rd_kafka_message_destroy(m);
	}
	long long forgot = forgotten();
	if (forgot)
		printf("forgot %lld\n", forgot);
	else
		printf("%s %lu\n", show ? "read" : "count", seen);
}

/* Runs a command for the cluster. Returns 0, or -1 if it is unknown. */
static int order_cluster(rd_kafka_mock_cluster_t *cluster, const char *word, int a, int b)
{
	if (strcmp(word, "down") == 0)
		rd_kafka_mock_broker_set_down(cluster, a);
	else if (strcmp(word, "up") == 0)
		rd_kafka_mock_broker_set_up(cluster, a);
	else if (strcmp(word, "rtt") == 0)
		rd_kafka_mock_broker_set_rtt(cluster, a, b);
	else if (strcmp(word, "errors") == 0)
		for (int i = 0; i < b; i++)
			rd_kafka_mock_push_request_errors(cluster, 0, 1, (rd_kafka_resp_err_t)a);
	else
		return -1;
	return 0;
}

static void order(rd_kafka_mock_cluster_t *cluster, const char *brokers, char *line)
{
	long a = 0, b = 0;
	char word[16] = "";
	sscanf(line, "%15s %ld %ld", word, &a, &b);
	if (strcmp(word, "read") == 0)
		read_some(brokers, (unsigned long)a, 1);
	else if (strcmp(word, "count") == 0)
		read_some(brokers, ~0ul, 0);
	else if (cluster && order_cluster(cluster, word, (int)a, (int)b) == 0)
		printf("done\n");
	else
		printf("undone\n");
}

/* The orders' loop, with a cluster or for brokers elsewhere. */
static void serve(rd_kafka_mock_cluster_t *cluster, const char *where)
{
	char line[100];
	printf("brokers %s\n", where);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		order(cluster, where, line);
		fflush(stdout);
	}
	if (reader)
		rd_kafka_destroy(reader);
}

int main(int argc, char **argv)
{
	char why[300];
	int brokers = argc > 1 ? atoi(argv[1]) : 1;
	if (argc > 1 && strchr(argv[1], ':')) {
		serve(NULL, argv[1]);
		return 0;
	}
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "log_level", "0");
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	rd_kafka_mock_cluster_t *cluster = rk ? rd_kafka_mock_cluster_new(rk, brokers) : NULL;
	if (!cluster || rd_kafka_mock_topic_create(cluster, TOPIC, PARTITIONS, 1))
		return 2;
	serve(cluster, rd_kafka_mock_cluster_bootstraps(cluster));
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return 0;
}
