/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the local link: queries to groups, and who replies. */
#include "txn/rig.h"

void test_txn_local(void);

static struct rig *rig;
static struct wire w;

static const uint8_t a[4] = {192, 0, 2, 1}, b[4] = {192, 0, 2, 9}, c[4] = {192, 0, 2, 8};
static const uint8_t mdns[4] = {224, 0, 0, 251}, llmnr[4] = {224, 0, 0, 252};
static const uint8_t broadcast[4] = {192, 0, 2, 255};

static void begin(void)
{
	rig = rig_new(1024, RIG_TIMEOUT, RIG_REORDER);
}

static void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	rig_free(rig);
}

/* Sends what is in `w`. */
static void send_from(
	const uint8_t *src, unsigned sport, const uint8_t *dst, unsigned dport, int64_t ts_ns)
{
	struct pkt pkt = rig_pkt(&w, ts_ns);
	pkt.addrs = addr_pair_of(addr_of_v4(src), addr_of_v4(dst));
	pkt.sport = (uint16_t)sport;
	pkt.dport = (uint16_t)dport;
	rig_take_pkt(rig, &pkt);
}

static void question(unsigned id, unsigned flags, const char *name, unsigned type)
{
	wire_clear(&w);
	wire_header(&w, id, flags, 1, 0, 0, 0);
	wire_question(&w, name, type, 1);
}

/* A reply that has an answer and no question. */
static void answer(unsigned id, const char *name, unsigned type)
{
	wire_clear(&w);
	wire_header(&w, id, 0x8400, 0, 1, 0, 0);
	wire_rr(&w, name, type, 0x8001, 120, b, sizeof(b));
}

/* The last record is of a transaction that a asked, and this host replied. */
static const struct record *by(
	enum record_status status, int64_t ts_ns, const uint8_t *host, bool group)
{
	const struct record *r = rig_one(rig, status, ts_ns);
	struct addr_pair ends = addr_pair_of(addr_of_v4(a), addr_of_v4(host));
	CU_ASSERT_TRUE(addr_pair_equal(&r->addrs, &ends));
	CU_ASSERT_EQUAL(r->group, group);
	return r;
}

/* All to all, without id and question: by what is answered. Further hosts are duplicates. */
static void multicast(void)
{
	begin();
	question(0, 0, "Printer.local", 1);
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "other.local", 1);
	send_from(b, 5353, mdns, 5353, 1010);
	rig_one(rig, RECORD_NO_QUERY, 1010);
	answer(0, "printer.local", 28); /* of another type */
	send_from(b, 5353, mdns, 5353, 1011);
	rig_one(rig, RECORD_NO_QUERY, 1011);
	answer(0, "printer.local", 1);
	send_from(a, 5353, mdns, 5353, 1012); /* who asks does not answer itself */
	rig_one(rig, RECORD_NO_QUERY, 1012);
	answer(0, "printer.LOCAL", 1);
	send_from(b, 5353, mdns, 5353, 1020);
	CU_ASSERT_EQUAL(by(RECORD_ANSWERED, 1000, b, true)->latency_ns, 20);
	send_from(c, 5353, mdns, 5353, 1030);
	CU_ASSERT_EQUAL(by(RECORD_DUPLICATE, 1000, c, true)->latency_ns, 30);
	send_from(c, 5353, mdns, 5353, 1000 + RIG_TIMEOUT + 1); /* announced, not asked for */
	rig_one(rig, RECORD_NO_QUERY, 1000 + RIG_TIMEOUT + 1);
	CU_ASSERT_EQUAL(rig->metrics.duplicate, 1);
	end();
}

/* A query of several questions is answered by a reply to any; one for ANY by any type; NSEC says
 * that there is none. */
static void answers(void)
{
	begin();
	question(0, 0, "one.local", 1);
	wire_question(&w, "two.local", 16, 0x8001);
	w.octets[5] = 2;
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "two.local", 16);
	send_from(b, 5353, mdns, 5353, 1001);
	by(RECORD_ANSWERED, 1000, b, true);
	question(0, 0, "three.local", 255);
	send_from(a, 5353, mdns, 5353, 2000);
	answer(0, "three.local", 33);
	send_from(b, 5353, mdns, 5353, 2001);
	by(RECORD_ANSWERED, 2000, b, true);
	question(0, 0, "four.local", 28);
	send_from(a, 5353, mdns, 5353, 3000);
	answer(0, "four.local", 47);
	send_from(b, 5353, a, 5353, 3001); /* wished unicast (QU) */
	by(RECORD_ANSWERED, 3000, b, true);
	/* of two that ask the same, the older one first */
	question(0, 0, "five.local", 1);
	send_from(a, 5353, mdns, 5353, 4000);
	send_from(c, 5353, mdns, 5353, 4001);
	answer(0, "five.local", 1);
	send_from(b, 5353, mdns, 5353, 4002);
	by(RECORD_ANSWERED, 4000, b, true);
	send_from(b, 5353, mdns, 5353, 4003);
	rig_one(rig, RECORD_ANSWERED, 4001);
	end();
}

/* LLMNR and one-shot multicast DNS: from a port of its own, with an id, answered to that. */
static void unicast(unsigned port, const uint8_t *group)
{
	begin();
	question(7, 0, "printer", 1);
	send_from(a, 50000, group, port, 1000);
	question(8, 0x8000, "printer", 1);
	send_from(b, port, a, 50000, 1001); /* another id */
	rig_one(rig, RECORD_NO_QUERY, 1001);
	question(7, 0x8000, "printer", 1);
	send_from(b, port, a, 50001, 1002); /* another port */
	rig_one(rig, RECORD_NO_QUERY, 1002);
	question(7, 0x8000, "plotter", 1);
	send_from(b, port, a, 50000, 1003);
	rig_one(rig, RECORD_NO_QUERY, 1003);
	question(7, 0x8000, "printer", 1);
	send_from(b, port, a, 50000, 1004);
	CU_ASSERT_EQUAL(by(RECORD_ANSWERED, 1000, b, true)->latency_ns, 4);
	send_from(c, port, a, 50000, 1005);
	by(RECORD_DUPLICATE, 1000, c, true);
	end();
}

static void unicasts(void)
{
	unicast(5355, llmnr);
	unicast(5353, mdns);
}

/* NetBIOS: replies have no question, whether the query was broadcast or not. */
static void netbios(void)
{
	begin();
	question(7, 0x0110, "FHFAEBEE", 32);
	send_from(a, 137, broadcast, 137, 1000);
	answer(7, "fhfaebee", 32);
	send_from(b, 137, a, 137, 1003);
	by(RECORD_ANSWERED, 1000, b, true);
	question(8, 0, "CKAAAAAA", 33);
	send_from(a, 137, b, 137, 2000);
	answer(8, "CKAAAAAA", 33);
	send_from(c, 137, a, 137, 2001); /* was not asked */
	rig_one(rig, RECORD_NO_QUERY, 2001);
	send_from(b, 137, a, 137, 2002);
	by(RECORD_ANSWERED, 2000, b, false);
	send_from(b, 137, a, 137, 2003);
	rig_one(rig, RECORD_NO_QUERY, 2003);
	end();
}

/* A query whose time is over, or that was answered by its own ends, or evicted. */
static void over(void)
{
	begin();
	question(0, 0, "late.local", 1);
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "late.local", 1);
	send_from(b, 5353, mdns, 5353, 1001 + RIG_TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT_EQUAL(rig->seen[0]->status, RECORD_NO_REPLY);
	CU_ASSERT_EQUAL(rig->seen[1]->status, RECORD_NO_QUERY);
	/* the slot is another's */
	question(0, 0, "gone.local", 1);
	send_from(a, 5353, mdns, 5353, 3000);
	rig_expire(rig, 9000, 100);
	question(0, 0, "next.local", 1);
	send_from(a, 5353, mdns, 5353, 9000);
	answer(0, "gone.local", 1);
	send_from(b, 5353, mdns, 5353, 9001);
	rig_one(rig, RECORD_NO_QUERY, 9001);
	CU_ASSERT_EQUAL(rig->x.table.open, 1);
	end();
}

/* Any octets: nothing is read outside, nothing is counted twice; far more names than are kept. */
static void random_octets(void)
{
	unsigned seed = 11;
	char name[16];
	begin();
	for (unsigned i = 0; i < 60000; i++) {
		static const uint16_t ports[] = {5353, 5355, 137};
		unsigned port = ports[rand_r(&seed) % 3];
		const uint8_t *group = rand_r(&seed) % 2 ? mdns : a;
		snprintf(name, sizeof(name), "n%u", (unsigned)rand_r(&seed) % 9000);
		if (rand_r(&seed) % 2) {
			question(i % 3, 0x0010, name, 1);
			send_from(a, port, mdns, port, 1000 + i);
			continue;
		}
		answer(i % 3, name, 1);
		for (unsigned k = (unsigned)rand_r(&seed) % 4; k; k--)
			w.octets[4 + (unsigned)rand_r(&seed) % (w.len - 4)] =
				(uint8_t)rand_r(&seed);
		send_from(b, port, group, port, 1000 + i);
	}
	CU_ASSERT(rig->metrics.answered > 100 && rig->metrics.no_query > 1000);
	end();
}

void test_txn_local(void)
{
	CU_pSuite s = CU_add_suite("txn/local", NULL, NULL);
	CU_add_test(s, "multicast", multicast);
	CU_add_test(s, "what answers", answers);
	CU_add_test(s, "unicast replies", unicasts);
	CU_add_test(s, "NetBIOS", netbios);
	CU_add_test(s, "over", over);
	CU_add_test(s, "random octets", random_octets);
}
