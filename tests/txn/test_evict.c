/* SPDX-License-Identifier: BSD-3-Clause */
/* A full table evicts from the holder of most slots; honest clients keep their replies. */
#include "txn/rig.h"

void test_txn_evict(void);

enum { CAPACITY = 4096, HONEST = 200, FLOOD = 40000 };

static struct rig *rig;
static unsigned evicted, evicted_honest, answered;

static void see(void *of, const struct record *r)
{
	bool honest = record_query(r)[12 + 1] == 'h';
	(void)of;
	answered += honest && r->status == RECORD_ANSWERED;
	evicted += r->status == RECORD_NO_REPLY && r->evicted;
	evicted_honest += honest && r->status == RECORD_NO_REPLY && r->evicted;
}

static void begin(void)
{
	rig = rig_new(CAPACITY, INT64_C(1) << 40, 0);
	rig->see = see;
	evicted = evicted_honest = answered = 0;
}

/* How the n-th query of a flood differs from the others. */
struct flood {
	bool clients, domains, servers; /* different in each query */
	uint32_t octets; /* of a query, if padded */
};

static void process(const struct wire *w, unsigned client, unsigned server, int64_t ts_ns)
{
	bool reply = w->octets[2] & 0x80;
	struct pkt pkt = rig_pkt(w, ts_ns);
	uint8_t *from = pkt.addrs.octets[reply ? ADDR_DST : ADDR_SRC];
	uint8_t *to = pkt.addrs.octets[reply ? ADDR_SRC : ADDR_DST];
	from[12] = 10;
	from[13] = (uint8_t)(client >> 8);
	from[14] = (uint8_t)client;
	to[14] = (uint8_t)(server >> 8);
	to[15] = (uint8_t)server;
	rig_process_pkt(rig, &pkt);
}

static void attack(const struct flood *f, unsigned i)
{
	static struct wire w;
	char name[64];
	snprintf(name, sizeof(name), "r%u.%s%u.test", i, "victim", f->domains ? i : 0);
	wire_message(&w, i, 0x0100, name, 1);
	if (w.len < f->octets)
		wire_fill(&w, 7, f->octets - w.len);
	process(&w, f->clients ? 1000 + i : 1000, f->servers ? i : 1, i);
}

/* Sends an honest query of one of some networks, or its reply. */
static void ask(unsigned i, bool reply, unsigned networks)
{
	static struct wire w;
	char name[64];
	snprintf(name, sizeof(name), "h%u.site%u.example", i, i % 50);
	wire_message(&w, i, reply ? 0x8180 : 0x0100, name, 1);
	process(&w, i % networks, 1, i);
}

/* A flood with honest queries in it, each answered after `wait` queries of the flood: much later
 * than an eviction by age would keep them. */
static void suffer(const struct flood *f, unsigned networks)
{
	enum { STEP = FLOOD / HONEST, WAIT = FLOOD / 2 };
	for (unsigned i = 0; i < FLOOD + WAIT; i++) {
		attack(f, i);
		if (i % STEP == 0 && i / STEP < HONEST)
			ask(i / STEP, false, networks);
		if (i >= WAIT && i % STEP == 0)
			ask((i - WAIT) / STEP, true, networks);
		CU_ASSERT_FATAL(rig->x.table.used <= CAPACITY);
	}
	const struct metrics_txn *m = &rig->metrics;
	CU_ASSERT(evicted > FLOOD / 2);
	CU_ASSERT_EQUAL(evicted, m->evicted);
	CU_ASSERT_EQUAL(m->evicted, m->evicted_server + m->evicted_domain + m->evicted_client +
					    m->evicted_long + m->evicted_oldest +
					    m->evicted_bucket);
}

static void end(void)
{
	CU_ASSERT_EQUAL(evicted_honest, 0);
	CU_ASSERT_EQUAL(answered, HONEST);
	rig_finish(rig);
	for (size_t i = 0; i < txn_holders_bytes(CAPACITY) / sizeof(uint32_t); i++)
		CU_ASSERT_EQUAL_FATAL(rig->x.table.holders.cells[i], 0);
	CU_ASSERT_EQUAL(rig->x.table.long_slots, 0);
	rig_balance(rig);
	rig_free(rig);
}

static void one_domain(void)
{
	begin();
	suffer(&(struct flood){.clients = true}, 40);
	CU_ASSERT(rig->metrics.evicted_server > FLOOD / 2);
	end();
}

static void one_domain_many_servers(void)
{
	begin();
	suffer(&(struct flood){.clients = true, .servers = true}, 40);
	CU_ASSERT(rig->metrics.evicted_domain > FLOOD / 2);
	end();
}

static void one_client(void)
{
	begin();
	suffer(&(struct flood){.domains = true}, 40);
	CU_ASSERT(rig->metrics.evicted_client > FLOOD / 2);
	end();
}

/* All queries come from one resolver: its network holds most, and the domains tell them apart. */
static void one_resolver(void)
{
	begin();
	suffer(&(struct flood){.octets = 0}, 1);
	end();
	begin(); /* the honest queries come from the network of the flood */
	for (unsigned i = 0; i < FLOOD; i++) {
		attack(&(struct flood){.octets = 0}, i);
		if (i % 200 == 0) {
			static struct wire w;
			char name[64];
			snprintf(name, sizeof(name), "h%u.site%u.example", i / 200, i % 50);
			wire_message(&w, 60000 + i / 200, 0x0100, name, 1);
			process(&w, 1000, 1, i);
		}
	}
	CU_ASSERT_EQUAL(evicted_honest, 0);
	answered = HONEST;
	end();
}

static void long_queries(void)
{
	static const struct flood floods[] = {
		{.octets = 4000},
		{.octets = 4000, .clients = true, .domains = true, .servers = true},
		{.octets = 400, .clients = true, .domains = true},
	};
	for (size_t i = 0; i < BITS_COUNT(floods); i++) {
		begin();
		suffer(&floods[i], 40);
		CU_ASSERT(rig->metrics.evicted_long > FLOOD / 2);
		end();
	}
}

/* Many domains that hold little each, and a long query that needs many slots at once. */
static void largest(void)
{
	static struct wire w;
	begin();
	for (unsigned i = 0; i < CAPACITY; i++)
		attack(&(struct flood){.clients = true, .domains = true}, i);
	CU_ASSERT_EQUAL(evicted, 0);
	wire_message(&w, 1, 0, "h.example", 1);
	wire_fill(&w, 7, 65535 - w.len);
	process(&w, 1, 1, CAPACITY);
	CU_ASSERT_EQUAL(evicted, txn_table_slots(65535));
	CU_ASSERT_EQUAL(rig->x.table.used, CAPACITY);
	process(&w, 2, 1, CAPACITY);
	CU_ASSERT_EQUAL(rig->x.table.used, CAPACITY);
	rig_finish(rig);
	rig_balance(rig);
	rig_free(rig);
}

void test_txn_evict(void)
{
	CU_pSuite s = CU_add_suite("txn/evict", NULL, NULL);
	CU_add_test(s, "one domain", one_domain);
	CU_add_test(s, "one domain, many servers", one_domain_many_servers);
	CU_add_test(s, "one client", one_client);
	CU_add_test(s, "one resolver", one_resolver);
	CU_add_test(s, "long queries", long_queries);
	CU_add_test(s, "the longest query", largest);
}
