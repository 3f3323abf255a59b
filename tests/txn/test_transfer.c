/* SPDX-License-Identifier: BSD-3-Clause */
/* Zone transfers of several messages: RFC 5936, RFC 1995. */
#include "txn/rig.h"

void test_txn_transfer(void);

static struct rig *rig;
static struct wire message;

/* Processes a message over TCP of one connection. */
static void process(const struct wire *w, int64_t ts_ns)
{
	struct pkt pkt = rig_pkt(w, ts_ns);
	pkt.proto = PACKET_TCP;
	rig_process_pkt(rig, &pkt);
}

static void soa(struct wire *w, uint32_t serial)
{
	struct wire rdata = {.len = 0};
	wire_name(&rdata, "ns.zone");
	wire_name(&rdata, "admin.zone");
	wire_u32(&rdata, serial);
	wire_fill(&rdata, 0, 16);
	wire_rr(w, "zone", 6, 1, 3600, rdata.octets, rdata.len);
}

/* Processes the query; of an IXFR with the serial of the client's zone. */
static void ask(int64_t ts_ns, unsigned qtype, uint32_t serial)
{
	wire_clear(&message);
	wire_header(&message, 9, 0, 1, 0, qtype == 251, 0);
	wire_question(&message, "zone", qtype, 1);
	if (qtype == 251)
		soa(&message, serial);
	process(&message, ts_ns);
	rig_none(rig);
}

/*
 * A message of the reply: "S" a SOA record with serial 20, "s" with 10, "m" with 15, "a" an
 * address. `question`: with one.
 */
static void reply(int64_t ts_ns, unsigned qtype, bool question, const char *records)
{
	wire_clear(&message);
	wire_header(&message, 9, 0x8400, question, (unsigned)strlen(records), 0, 0);
	if (question)
		wire_question(&message, "zone", qtype, 1);
	for (const char *p = records; *p; p++) {
		if (*p == 'a')
			wire_rr(&message, "a.zone", 1, 1, 60, "\xc0\0\2\1", 4);
		else
			soa(&message, *p == 'S' ? 20 : *p == 's' ? 10 : 15);
	}
	process(&message, ts_ns);
}

static void begin(bool sum)
{
	rig = rig_new(1024, RIG_TIMEOUT, RIG_REORDER);
	rig->x.conf.sum_transfers = sum;
}

static void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	for (unsigned i = 0; i < TXN_TRANSFERS; i++)
		CU_ASSERT_EQUAL(rig->x.transfers[i].slot, 0);
	rig_free(rig);
}

/* Checks the record of a transfer with its query at 100 and first message at 150. */
static void check_sum(uint32_t messages, uint64_t records, int64_t duration_ns, bool incomplete)
{
	const struct record *r = rig_one(rig, RECORD_ANSWERED, 100);
	struct record_sum sum = record_sum(r);
	CU_ASSERT_EQUAL_FATAL(r->transfer, RECORD_TRANSFER_SUM);
	CU_ASSERT(r->latency_ns == 50 && r->query_len > 12 && record_reply_len(r) == 12);
	CU_ASSERT(sum.messages == messages && sum.records == records);
	CU_ASSERT(sum.duration_ns == duration_ns && sum.incomplete == incomplete);
	CU_ASSERT(sum.serial == 20 && sum.octets > r->reply_wire);
	CU_ASSERT_EQUAL(bits_be16(record_reply(r) + 2), 0x8400);
	CU_ASSERT_EQUAL(bits_be16(record_reply(r) + 6), 0);
}

/* Split into messages anywhere, with and without the question in each. */
static void axfr(void)
{
	static const char zone[] = "SaaaaaaaS";
	for (unsigned cut = 1; cut < sizeof(zone) - 1; cut++) {
		char head[sizeof(zone)] = {0};
		memcpy(head, zone, cut);
		begin(true);
		ask(100, 252, 0);
		reply(150, 252, true, head);
		rig_none(rig);
		reply(170, 252, cut % 2, zone + cut);
		check_sum(2, sizeof(zone) - 1, 20, false);
		CU_ASSERT_EQUAL(rig->metrics.transfer_messages, 1);
		end();
	}
}

/* Any message of the reply may be the one whose octets are in doubt. */
static void ambiguous(void)
{
	for (unsigned in = 0; in < 3; in++) {
		begin(true);
		ask(100, 252, 0);
		for (unsigned i = 0; i < 3; i++) {
			wire_clear(&message);
			wire_header(&message, 9, 0x8400, 0, 1, 0, 0);
			if (i == 1)
				wire_rr(&message, "a.zone", 1, 1, 60, "\xc0\0\2\1", 4);
			else
				soa(&message, 20);
			struct pkt pkt = rig_pkt(&message, 150);
			pkt.proto = PACKET_TCP;
			rig_process_ambiguous(rig, &pkt, i == in ? RECORD_AMBIGUOUS_REPLY : 0);
		}
		CU_ASSERT_EQUAL_FATAL(rig->count, 1);
		CU_ASSERT_EQUAL(rig->seen[0]->transfer, RECORD_TRANSFER_SUM);
		CU_ASSERT_EQUAL(rig->seen[0]->ambiguous, RECORD_AMBIGUOUS_REPLY);
		end();
	}
}

/* A transfer in one message is an ordinary reply. */
static void whole(void)
{
	static const struct {
		unsigned qtype;
		uint32_t serial;
		const char *records;
	} rows[] = {{252, 0, "SaaS"}, {252, 0, "SS"}, {251, 10, "SaaS"}, {251, 10, "SsaSaS"},
		{251, 10, "SsamamaSaS"}, {251, 20, "S"}, {251, 21, "S"}, {251, 10, "SS"}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		begin(true);
		ask(100, rows[i].qtype, rows[i].serial);
		reply(150, rows[i].qtype, true, rows[i].records);
		const struct record *r = rig_one(rig, RECORD_ANSWERED, 100);
		CU_ASSERT_EQUAL(r->transfer, RECORD_TRANSFER_WHOLE);
		CU_ASSERT_EQUAL(r->reply_len, message.len);
		end();
	}
}

/* Incremental, split anywhere: the new SOA record also comes in the middle. */
static void ixfr(void)
{
	static const char *const zones[] = {"SsaaSaaS", "SsamamaSaS", "SsaSS", "SaaaaS"};
	for (size_t i = 0; i < BITS_COUNT(zones); i++)
		for (unsigned cut = 1; cut < strlen(zones[i]); cut++) {
			char head[16] = {0};
			memcpy(head, zones[i], cut);
			begin(true);
			ask(100, 251, 10);
			reply(150, 251, true, head);
			rig_none(rig);
			reply(151, 251, false, zones[i] + cut);
			check_sum(2, strlen(zones[i]), 1, false);
			end();
		}
}

/* Refused, without records, over UDP, or with txn.transfers off: ordinary replies. */
static void ordinary(void)
{
	begin(true);
	ask(100, 252, 0);
	wire_message(&message, 9, 0x8405, "zone", 252);
	process(&message, 150);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 100)->transfer, RECORD_TRANSFER_NONE);
	ask(200, 252, 0);
	reply(250, 252, true, "");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 200)->transfer, RECORD_TRANSFER_NONE);
	end();
	begin(false);
	ask(100, 252, 0);
	reply(150, 252, true, "Sa");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 100)->transfer, RECORD_TRANSFER_NONE);
	reply(151, 252, false, "aS");
	rig_one(rig, RECORD_NO_QUERY, 151);
	end();
}

/* Timeout, an error in the middle, or the end of the capture: the record has what came, and says
 * that it is incomplete. */
static void cut_off(void)
{
	for (int how = 0; how < 3; how++) {
		begin(true);
		ask(100, 252, 0);
		reply(150, 252, true, "Saaa");
		reply(160, 252, false, "aaa");
		rig_none(rig);
		if (how == 0) {
			CU_ASSERT_EQUAL(rig_expire(rig, 160 + RIG_TIMEOUT + RIG_REORDER, 10), 0);
			CU_ASSERT_EQUAL(rig_expire(rig, 161 + RIG_TIMEOUT + RIG_REORDER, 10), 1);
			check_sum(2, 7, 10, true);
		} else if (how == 1) {
			wire_message(&message, 9, 0x8402, "zone", 252);
			process(&message, 165);
			check_sum(3, 7, 15, true);
		} else {
			rig_finish(rig);
			check_sum(2, 7, 10, true);
		}
		end();
	}
}

/* More transfers than TXN_TRANSFERS: the others have a record for each message. */
static void many(void)
{
	begin(true);
	for (unsigned i = 0; i < TXN_TRANSFERS + 2; i++) {
		wire_message(&message, i, 0, "zone", 252);
		process(&message, 100);
	}
	for (unsigned i = 0; i < TXN_TRANSFERS + 2; i++) {
		reply(150, 252, true, "Sa");
		message.octets[0] = (uint8_t)(i >> 8);
		message.octets[1] = (uint8_t)i;
		if (i != 9) /* reply() has answered that one */
			process(&message, 150);
	}
	CU_ASSERT_EQUAL(rig->metrics.answered, 2);
	end();
}

void test_txn_transfer(void)
{
	CU_pSuite s = CU_add_suite("txn/transfer", NULL, NULL);
	CU_add_test(s, "AXFR", axfr);
	CU_add_test(s, "octets in doubt", ambiguous);
	CU_add_test(s, "in one message", whole);
	CU_add_test(s, "IXFR", ixfr);
	CU_add_test(s, "ordinary replies", ordinary);
	CU_add_test(s, "cut off", cut_off);
	CU_add_test(s, "many", many);
}
