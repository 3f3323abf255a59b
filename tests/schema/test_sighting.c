/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of connections of encrypted DNS. */
#include "schema/bench.h"

void test_schema_sighting(void);

static struct bench b;

static struct record *sighted(enum record_transport transport, const char *name, size_t n)
{
	bench_begin(&b);
	wire_put(&b.query, name, n);
	struct record *r = bench_record(&b, RECORD_ENCRYPTED);
	r->query_wire = 0;
	r->transport = (uint8_t)transport;
	return r;
}

static void lines(void)
{
	bench_expect(&b, sighted(RECORD_TRANSPORT_doq, "", 0),
		BENCH_HEAD "\"encrypted\",\"proto\":\"udp\"," BENCH_ENDS
			   "\"transport\":\"doq\"}\n");
	bench_expect(&b, sighted(RECORD_TRANSPORT_none, "", 0),
		BENCH_HEAD "\"encrypted\",\"proto\":\"udp\",\"client\":\"192.0.2.1\","
			   "\"client_port\":4321,\"server\":\"192.0.2.53\",\"server_port\":53}\n");
	struct record *r = sighted(RECORD_TRANSPORT_dot, "dns.example", 11);
	r->proto = 6;
	r->vlans = 1;
	r->vlan[0] = 7;
	r->tunnel = (struct tunnel){.type = TUNNEL_vxlan, .has_id = 1, .id = 42};
	bench_expect(&b, r,
		BENCH_HEAD "\"encrypted\",\"proto\":\"tcp\"," BENCH_ENDS
			   "\"vlan\":[7],\"tunnel\":{\"type\":\"vxlan\",\"id\":42},"
			   "\"transport\":\"dot\",\"sni\":\"dns.example\"}\n");
	CU_ASSERT_EQUAL(b.metrics.error_short, 0);
}

static void transports(void)
{
	static const char *const want[] = {
		"\"dot\"", "\"doq\"", "\"dodtls\"", "\"doh\"", "\"doh3\""};
	CU_ASSERT_EQUAL_FATAL(BITS_COUNT(want), RECORD_TRANSPORTS - 1);
	for (unsigned i = 0; i < BITS_COUNT(want); i++)
		bench_holds(&b, sighted((enum record_transport)(i + 1), "", 0), want[i]);
}

/* Any octets that a client sends: printable ones as they are, others as \DDD. */
static void names(void)
{
	char all[256];
	bench_holds(&b, sighted(RECORD_TRANSPORT_dot, "A-b_c.9", 7), "\"sni\":\"A-b_c.9\"}");
	bench_holds(&b, sighted(RECORD_TRANSPORT_dot, "\"\\ \0\n\x7f\xff\xc3\xa4", 9),
		"\"sni\":\"\\\"\\\\\\\\\\\\032\\\\000\\\\010\\\\127\\\\255\\\\195\\\\164\"}");
	for (int i = 0; i < 255; i++)
		all[i] = (char)i;
	bench_holds(&b, sighted(RECORD_TRANSPORT_dot, all, 255), "\\\\031\\\\032!");
	for (int i = 0; i < 256; i++) {
		all[0] = (char)i;
		bench_holds(&b, sighted(RECORD_TRANSPORT_dot, all, 1), "\"sni\":\"");
	}
}

/* A buffer that is too small gets full, with nothing written past it. */
static void full(void)
{
	bool full;
	size_t n =
		bench_write(&b, sighted(RECORD_TRANSPORT_dot, "\\\x01.example", 10), 4096, &full);
	CU_ASSERT_FALSE(full);
	for (size_t size = 0; size < n; size++) {
		bench_write(&b, sighted(RECORD_TRANSPORT_dot, "\\\x01.example", 10), size, &full);
		CU_ASSERT_TRUE(full);
	}
}

void test_schema_sighting(void)
{
	CU_pSuite s = CU_add_suite("schema/sighting", NULL, NULL);
	CU_add_test(s, "lines", lines);
	CU_add_test(s, "transports", transports);
	CU_add_test(s, "names", names);
	CU_add_test(s, "full", full);
}
