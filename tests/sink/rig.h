/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory, records made by the test, and sinks from a line of configuration. */
#ifndef TESTS_SINK_RIG_H
#define TESTS_SINK_RIG_H

#include "sink/fanout.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the tests of a suite share. */
static struct rig {
	struct conf conf;
	char dir[64];
} rig;

/* Set up and tear down a suite. */
static inline int rig_set_up(void)
{
	strcpy(rig.dir, "/tmp/test_sink.XXXXXX");
	return mkdtemp(rig.dir) && conf_init(&rig.conf) == 0 ? 0 : 1;
}

static inline int rig_tear_down(void)
{
	char command[100];
	conf_free(&rig.conf);
	snprintf(command, sizeof(command), "rm -r %s", rig.dir);
	return system(command) != 0;
}

/* Configures one sink, or `more`: one more; replaces every %D in the line by the directory. */
static inline const struct conf_sink *rig_sink(struct rig *r, const char *line, bool more)
{
	const struct conf_key *key = &conf_keys[CONF_KEY_sinks];
	struct conf_error err = {""};
	char keys[1000];
	struct text t = text_of(keys, sizeof(keys) - 1);
	for (const char *p = line; *p; p++)
		if (p[0] == '%' && p[1] == 'D') {
			text_str(&t, r->dir);
			p++;
		} else {
			text_char(&t, *p);
		}
	*t.at = '\0';
	if (conf_set_flag(&r->conf, key, keys, more, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		CU_FAIL_FATAL("configuration");
	}
	return &r->conf.sinks.at[r->conf.sinks.count - 1];
}

/* Writes a message of one question to p. Returns its octets. */
static inline uint32_t rig_message(
	uint8_t *p, unsigned id, unsigned flags, const char *name, unsigned type)
{
	const uint8_t head[] = {(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(flags >> 8),
		(uint8_t)flags, 0, 1, 0, 0, 0, 0, 0, 0};
	uint8_t *at = p + sizeof(head);
	memcpy(p, head, sizeof(head));
	while (*name) {
		size_t n = strcspn(name, ".");
		*at++ = (uint8_t)n;
		memcpy(at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	const uint8_t tail[] = {0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1};
	memcpy(at, tail, sizeof(tail));
	return (uint32_t)(at + sizeof(tail) - p);
}

/* Returns the record of a query for `name`, answered with rcode; valid until the next call. */
static inline struct record *rig_record(
	unsigned id, const char *name, unsigned type, unsigned rcode)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {192, 0, 2, 53};
	static struct {
		_Alignas(struct record) uint8_t buffer[sizeof(struct record) + 4096];
	} made;
	struct record *r = (struct record *)made.buffer;
	memset(r, 0, sizeof(*r));
	r->status = RECORD_ANSWERED;
	r->ts_ns = 1444479212628222000;
	r->addrs = addr_pair_of(addr_of_v4(client), addr_of_v4(server));
	r->client_port = 4321;
	r->server_port = 53;
	r->proto = 17;
	r->query_len = r->query_wire = rig_message(r->data, id, 0x0100, name, type);
	r->reply_len = r->reply_wire =
		rig_message(r->data + r->query_len, id, 0x8180 | rcode, name, type);
	return r;
}

/* Returns the number in "n123.example" of a line of the native schema; -1: none. */
static inline long rig_number(const char *json)
{
	const char *p = strstr(json, "\"qname\":\"n");
	return p ? strtol(p + 10, NULL, 10) : -1;
}

/* Returns a record whose name has that number. */
static inline struct record *rig_numbered(unsigned n)
{
	char name[40];
	snprintf(name, sizeof(name), "n%u.example", n);
	return rig_record(n & 0xffff, name, 1, 0);
}

#endif
