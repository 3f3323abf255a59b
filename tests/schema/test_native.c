/* SPDX-License-Identifier: BSD-3-Clause */
/* Golden lines of the native schema (doc/schemas.md). */
#include "schema/bench.h"

void test_schema_native(void);

static struct bench b;
static const uint8_t four[4] = {198, 51, 100, 7};

#define QNAME "\"qname\":\"www.Example.com\",\"qtype\":\"A\",\"qclass\":\"IN\","

static void ask(void)
{
	bench_begin(&b);
	wire_message(&b.query, 7, 0x0100, "www.Example.com", 1);
}

static void answered(void)
{
	ask();
	wire_clear(&b.reply);
	wire_header(&b.reply, 7, 0x8580, 1, 1, 1, 1);
	wire_question(&b.reply, "www.Example.com", 1, 1);
	wire_rr(&b.reply, "www.example.COM", 1, 1, 300, four, 4);
	wire_rr(&b.reply, "example.com", 2, 1, 86400, "\x02ns\xc0\x10", 5);
	wire_rr(&b.reply, "x.example.com", 16, 3, 0, "\x02\"\\", 3);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	r->latency_ns = 12345678;
	r->retries = 2;
	r->vlans = 2;
	r->vlan[0] = 10;
	r->vlan[1] = 4095;
	bench_expect(&b, r,
		BENCH_HEAD "\"answered\",\"proto\":\"udp\"," BENCH_ENDS
			   "\"vlan\":[10,4095],\"id\":7,\"opcode\":\"QUERY\"," QNAME
			   "\"rcode\":\"NOERROR\",\"flags\":[\"AA\",\"RD\",\"RA\"],"
			   "\"query_flags\":[\"RD\"],\"latency_us\":12345.678,\"retries\":2,"
			   "\"query_bytes\":33,\"reply_bytes\":120,"
			   "\"answers\":[{\"name\":\"www.example.COM\",\"type\":\"A\",\"ttl\":300,"
			   "\"data\":\"198.51.100.7\"}],"
			   "\"authority\":[{\"name\":\"example.com\",\"type\":\"NS\",\"ttl\":86400,"
			   "\"data\":\"ns.Example.com.\"}],"
			   "\"additional\":[{\"name\":\"x.example.com\",\"type\":\"TXT\","
			   "\"class\":\"CH\",\"ttl\":0,\"data\":\"\\\"\\\\\\\"\\\\\\\\\\\"\"}]}\n");
}

static void no_reply(void)
{
	ask();
	struct record *r = bench_record(&b, RECORD_NO_REPLY);
	r->addrs.family = ADDR_IPV6;
	memcpy(r->addrs.octets[ADDR_CLIENT], "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	memcpy(r->addrs.octets[ADDR_SERVER], "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x53", 16);
	r->proto = 6;
	bench_expect(&b, r,
		BENCH_HEAD "\"no_reply\",\"proto\":\"tcp\",\"client\":\"2001:db8::1\","
			   "\"client_port\":4321,\"server\":\"2001:db8::53\",\"server_port\":53,"
			   "\"id\":7,\"opcode\":\"QUERY\"," QNAME
			   "\"query_flags\":[\"RD\"],\"query_bytes\":33}\n");
}

static void no_query(void)
{
	bench_begin(&b);
	wire_message(&b.reply, 7, 0xa003, "", 65280);
	b.reply.octets[b.reply.len - 1] = 99;
	bench_expect(&b, bench_record(&b, RECORD_NO_QUERY),
		BENCH_HEAD "\"no_query\",\"proto\":\"udp\"," BENCH_ENDS
			   "\"id\":7,\"opcode\":\"NOTIFY\",\"qname\":\".\","
			   "\"qtype\":\"TYPE65280\",\"qclass\":\"CLASS99\","
			   "\"rcode\":\"NXDOMAIN\",\"reply_bytes\":17}\n");
	bench_holds(&b, bench_record(&b, RECORD_MISMATCH), "\"status\":\"mismatch\"");
	bench_lacks(&b, bench_record(&b, RECORD_MISMATCH), "latency_us");
}

/* Each MAC address that is known has its member. */
static void macs(void)
{
	static const uint8_t client[] = {0, 0x53, 0, 0, 0xab, 1},
			     server[] = {0, 0x53, 0, 0, 0xff, 2};
	static const char *const shown[] = {"\"server_port\":53,\"id\"",
		"53,\"client_mac\":\"00:53:00:00:ab:01\",\"id\"",
		"53,\"server_mac\":\"00:53:00:00:ff:02\",\"id\"",
		"ab:01\",\"server_mac\":\"00:53:00:00:ff:02\",\"id\""};
	for (uint8_t known = 0; known < 4; known++) {
		struct mac_pair both = {.known = 0};
		if (known & 1)
			mac_set(&both, ADDR_CLIENT, client);
		if (known & 2)
			mac_set(&both, ADDR_SERVER, server);
		ask();
		struct record *r = bench_record(&b, RECORD_NO_REPLY);
		bench_holds(&b, r, shown[0]);
		record_set_macs(r, &both);
		bench_holds(&b, r, shown[known]);
	}
}

/* Messages of which the capture has several versions. */
static void ambiguous(void)
{
	static const char *const shown[] = {"", "\"reply_bytes\":17,\"ambiguous\":[\"query\"]}",
		"\"reply_bytes\":17,\"ambiguous\":[\"reply\"]}",
		"\"reply_bytes\":17,\"ambiguous\":[\"query\",\"reply\"]}"};
	for (uint8_t which = 0; which < 4; which++) {
		bench_begin(&b);
		wire_message(&b.reply, 7, 0xa003, "", 65280);
		struct record *r = bench_record(&b, RECORD_NO_QUERY);
		r->ambiguous = which & 3;
		if (which)
			bench_holds(&b, r, shown[which]);
		else
			bench_lacks(&b, r, "ambiguous");
	}
}

/* What can be decoded of a message that ends anywhere. */
static void malformed(void)
{
	for (uint32_t len = 0; len < 33; len++)
		for (int cut = 0; cut < 2; cut++) {
			char line[512];
			ask();
			struct record *r = bench_record(&b, RECORD_MALFORMED);
			r->query_len = len;
			r->query_wire = cut ? 33 : len ? len : 33;
			r->query_cut = cut;
			r->error = cut ? DNS_SNAP : DNS_SHORT;
			snprintf(line, sizeof(line),
				BENCH_HEAD "\"malformed\",\"proto\":\"udp\"," BENCH_ENDS
					   "%s%s%s\"query_bytes\":%u,\"error\":\"%s\",\"error_in\":"
					   "\"query\"}\n",
				len >= 2 ? "\"id\":7," : "",
				len >= 4 ? "\"opcode\":\"QUERY\"," : "",
				len >= 4 ? "\"query_flags\":[\"RD\"]," : "", r->query_wire,
				cut ? "snap" : "short");
			bench_expect(&b, r, line);
			CU_ASSERT_EQUAL(b.metrics.error_snap, (uint64_t)cut);
			CU_ASSERT_EQUAL(b.metrics.error_short, (uint64_t)!cut);
		}
	ask();
	b.query.octets[12] = 0x40;
	bench_holds(&b, bench_record(&b, RECORD_MALFORMED),
		"\"error\":\"name\",\"error_in\":\"query\"}\n");
}

static void flags(void)
{
	static const struct {
		unsigned bits;
		const char *shown;
	} rows[] = {{0x0400, "\"AA\""}, {0x0200, "\"TC\""}, {0x0100, "\"RD\""}, {0x0080, "\"RA\""},
		{0x0040, "\"Z\""}, {0x0020, "\"AD\""}, {0x0010, "\"CD\""},
		{0x07f0, "\"AA\",\"TC\",\"RD\",\"RA\",\"Z\",\"AD\",\"CD\""}};
	char part[128];
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		ask();
		wire_message(&b.query, 7, rows[i].bits, "a", 1);
		wire_message(&b.reply, 7, 0x8000, "a", 1);
		snprintf(part, sizeof(part), "\"query_flags\":[%s],\"latency_us\"", rows[i].shown);
		bench_holds(&b, bench_record(&b, RECORD_ANSWERED), part);
		bench_lacks(&b, bench_record(&b, RECORD_ANSWERED), "\"flags\"");
		wire_message(&b.query, 7, 0, "a", 1);
		wire_message(&b.reply, 7, 0x8000 | rows[i].bits, "a", 1);
		snprintf(part, sizeof(part), "\"flags\":[%s],\"latency_us\"", rows[i].shown);
		bench_holds(&b, bench_record(&b, RECORD_ANSWERED), part);
		bench_lacks(&b, bench_record(&b, RECORD_ANSWERED), "\"query_flags\"");
	}
}

/* The upper eight bits of the rcode come from the reply's OPT (RFC 6891 section 6.1.3). */
static void rcodes(void)
{
	static const struct {
		unsigned rcode;
		const char *shown;
	} rows[] = {{0, "NOERROR"}, {1, "FORMERR"}, {2, "SERVFAIL"}, {3, "NXDOMAIN"}, {4, "NOTIMP"},
		{5, "REFUSED"}, {6, "YXDOMAIN"}, {9, "NOTAUTH"}, {12, "RCODE12"}, {16, "BADVERS"},
		{23, "BADCOOKIE"}, {24, "RCODE24"}, {4095, "RCODE4095"}};
	char part[128];
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		for (int opt = 0; opt < 2; opt++) {
			unsigned rcode = opt ? rows[i].rcode : rows[i].rcode & 15;
			if (!opt && rows[i].rcode > 15)
				continue;
			ask();
			wire_header(&b.reply, 7, 0x8000 | (rcode & 15), 0, 0, 0, (unsigned)opt);
			if (opt)
				wire_rr(&b.reply, "", 41, 1232, (uint32_t)(rcode >> 4) << 24, "",
					0);
			snprintf(part, sizeof(part), "\"rcode\":\"%s\",", rows[i].shown);
			bench_holds(&b, bench_record(&b, RECORD_ANSWERED), part);
			CU_ASSERT_EQUAL(!!strstr(b.line, "\"edns\":{\"udp\":1232}"), opt);
			CU_ASSERT_PTR_NULL(strstr(b.line, "additional"));
			CU_ASSERT_PTR_NULL(strstr(b.line, "error"));
		}
	/* the query's OPT does not extend the rcode */
	ask();
	b.query.octets[11] = 1;
	wire_rr(&b.query, "", 41, 4096, 0x01008000, "", 0);
	wire_message(&b.reply, 7, 0x8005, "www.Example.com", 1);
	bench_holds(&b, bench_record(&b, RECORD_ANSWERED), "\"rcode\":\"REFUSED\",");
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"query_edns\":{\"udp\":4096,\"do\":true}"));
	CU_ASSERT_PTR_NULL(strstr(b.line, "\"edns\""));
}

/* `questions` lists all of them unless there is exactly one. */
static void questions(void)
{
	bench_begin(&b);
	wire_header(&b.query, 7, 0, 3, 0, 0, 0);
	wire_question(&b.query, "a.example", 1, 1);
	wire_question(&b.query, "", 255, 255);
	wire_hex(&b.query, "0162 c00e ff00 0063"); /* b.example, compressed */
	bench_expect(&b, bench_record(&b, RECORD_NO_REPLY),
		BENCH_HEAD "\"no_reply\",\"proto\":\"udp\"," BENCH_ENDS
			   "\"id\":7,\"opcode\":\"QUERY\",\"qname\":\"a.example\","
			   "\"qtype\":\"A\",\"qclass\":\"IN\",\"questions\":["
			   "{\"name\":\"a.example\",\"type\":\"A\",\"class\":\"IN\"},"
			   "{\"name\":\".\",\"type\":\"ANY\",\"class\":\"ANY\"},"
			   "{\"name\":\"b.example\",\"type\":\"TYPE65280\",\"class\":\"CLASS99\"}],"
			   "\"query_bytes\":40}\n");
	b.query.octets[5] = 2;
	b.query.len -= 8;
	bench_holds(&b, bench_record(&b, RECORD_NO_REPLY),
		"\"questions\":[{\"name\":\"a.example\",\"type\":\"A\",\"class\":\"IN\"},"
		"{\"name\":\".\",\"type\":\"ANY\",\"class\":\"ANY\"}],\"query_bytes\":32}\n");
	b.query.octets[5] = 1; /* one is not several */
	b.query.len -= 5;
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "questions");
	CU_ASSERT_PTR_NULL(strstr(b.line, "error"));
	b.query.octets[5] = 2; /* the last is not there */
	bench_holds(&b, bench_record(&b, RECORD_NO_REPLY),
		"\"error\":\"count\",\"error_in\":\"query\"}\n");
	bench_begin(&b);
	wire_header(&b.query, 7, 0, 0, 0, 0, 0);
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "q\":");
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "questions");
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "error");
}

/* Names as RFC 1035 escapes them, inside JSON. */
static void names(void)
{
	bench_begin(&b);
	wire_header(&b.query, 7, 0, 1, 0, 0, 0);
	wire_hex(&b.query, "0a 2e5c2220 007fff0a 2661 00 0001 0001");
	bench_holds(&b, bench_record(&b, RECORD_NO_REPLY),
		"\"qname\":\"\\\\.\\\\\\\\\\\"\\\\032\\\\000\\\\127\\\\255\\\\010&a\",");
}

/* The innermost tunnel, and the time of the TCP handshake. */
static void paths(void)
{
	static const struct {
		uint8_t type;
		const char *name;
	} rows[] = {{TUNNEL_gre, "gre"}, {TUNNEL_erspan, "erspan"}, {TUNNEL_vxlan, "vxlan"},
		{TUNNEL_geneve, "geneve"}, {TUNNEL_gtp, "gtp"}, {TUNNEL_ipip, "ipip"},
		{TUNNEL_mpls, "mpls"}, {TUNNEL_pppoe, "pppoe"}, {TUNNEL_teredo, "teredo"}};
	char part[160];
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		for (int form = 0; form < 4; form++) {
			ask();
			struct record *r = bench_record(&b, RECORD_NO_REPLY);
			r->tunnel.type = rows[i].type;
			r->tunnel.id = 0;
			r->tunnel.has_id = form & 1;
			r->tunnel.has_ends = form >> 1;
			r->tunnel.addrs = r->addrs;
			snprintf(part, sizeof(part), "\"tunnel\":{\"type\":\"%s\"%s%s},\"id\":7,",
				rows[i].name, form & 1 ? ",\"id\":0" : "",
				form & 2 ? ",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.53\"" : "");
			bench_holds(&b, r, part);
		}
	ask();
	wire_message(&b.reply, 7, 0x8180, "www.Example.com", 1);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	bench_lacks(&b, r, "tcp_rtt_us");
	r->proto = 6;
	r->rtt_ns = 1234500;
	r->latency_ns = -1;
	bench_holds(&b, r, "\"latency_us\":-0.001,\"tcp_rtt_us\":1234.5,\"query_bytes\"");
	bench_lacks(&b, r, "evicted");
	b.reply.len = 0;
	r = bench_record(&b, RECORD_NO_REPLY);
	bench_lacks(&b, r, "evicted");
	r->evicted = 1;
	bench_holds(&b, r, "\"evicted\":true,\"query_bytes\"");
}

/* DSO (RFC 8490): TLVs behind the header; without any, no member. */
static void dso(void)
{
	bench_begin(&b);
	wire_header(&b.query, 7, 0x3000, 0, 0, 0, 0);
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "dso");
	wire_hex(&b.query, "0001 0008 00001388 00003a98 f800 0000");
	bench_holds(&b, bench_record(&b, RECORD_NO_REPLY),
		"\"opcode\":\"DSO\",\"query_bytes\":28,"
		"\"dso\":[{\"type\":\"KeepAlive\",\"data\":\"0000138800003a98\"},"
		"{\"type\":\"DSOTYPE63488\"}]}\n");
	b.query.len = 14;
	bench_lacks(&b, bench_record(&b, RECORD_NO_REPLY), "dso");
	bench_holds(&b, bench_record(&b, RECORD_NO_REPLY),
		"\"error\":\"short\",\"error_in\":\"query\"}\n");
}

void test_schema_native(void)
{
	CU_pSuite s = CU_add_suite("schema/native", NULL, NULL);
	CU_add_test(s, "answered", answered);
	CU_add_test(s, "no reply", no_reply);
	CU_add_test(s, "no query, mismatch", no_query);
	CU_add_test(s, "ambiguous octets", ambiguous);
	CU_add_test(s, "MAC addresses", macs);
	CU_add_test(s, "malformed", malformed);
	CU_add_test(s, "flags", flags);
	CU_add_test(s, "rcodes", rcodes);
	CU_add_test(s, "questions", questions);
	CU_add_test(s, "names", names);
	CU_add_test(s, "paths", paths);
	CU_add_test(s, "DSO", dso);
}
