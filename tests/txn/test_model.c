/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stage against a naive matcher of the rules of doc/schemas.md: a list of open queries,
 * searched from the front. Random messages have few bases and questions and are often exactly at
 * the timeout. Records are compared as a set, because the contract does not say when a query
 * expires.
 */
#include "txn/rig.h"

void test_txn_model(void);

#define OPERATIONS 100000
#define OPEN_MAX 4096

/* A record, or the model's expectation of it. */
struct outcome {
	int64_t ts_ns, latency_ns;
	uint64_t query, reply; /* hashes of the octets, 0: none */
	uint32_t query_len, reply_len;
	uint32_t retries, status;
	uint32_t ports; /* client's and server's */
	uint32_t vlans; /* of the first query, or the reply */
};

struct outcomes {
	unsigned count;
	struct outcome rows[2 * OPERATIONS];
};

struct message {
	int64_t ts_ns, clock_ns;
	bool reply;
	unsigned base; /* chooses client and id */
	int question; /* -1: none */
	bool upper; /* name in upper case */
	bool says_why; /* a reply that reports an error */
	unsigned vlan;
	uint64_t hash;
	uint32_t len;
};

struct open_query {
	struct message first;
	int64_t last_ns;
	uint64_t order; /* of the latest copy */
	uint32_t retries;
};

struct model {
	unsigned open, max; /* queries; capacity of the table */
	struct open_query rows[OPEN_MAX]; /* oldest first */
	int64_t timeout_ns;
	bool jitter; /* packets may be out of time order */
	uint64_t clock;
	struct outcomes *out;
};

static struct outcomes expected, seen, again;

static void emit(struct model *m, enum record_status status, const struct open_query *q,
	const struct message *reply)
{
	/* A query or a reply. */
	static const struct message none;
	const struct message *first = q ? &q->first : reply ? reply : &none;
	struct outcome *o = &m->out->rows[m->out->count++];
	memset(o, 0, sizeof(*o));
	o->status = status;
	o->ts_ns = first->ts_ns;
	o->ports = first->base;
	o->vlans = first->vlan;
	if (q) {
		o->query = q->first.hash;
		o->query_len = q->first.len;
		o->retries = q->retries;
	}
	if (reply) {
		o->reply = reply->hash;
		o->reply_len = reply->len;
		o->latency_ns = q ? reply->ts_ns - first->ts_ns : 0;
	}
}

static void remove_query(struct model *m, unsigned i)
{
	memmove(&m->rows[i], &m->rows[i + 1], (--m->open - i) * sizeof(m->rows[0]));
}

static bool expired(const struct model *m, const struct open_query *q, const struct message *now)
{
	return now->ts_ns - q->last_ns > m->timeout_ns;
}

/*
 * Expires the queries of the base, or of all bases if the table may be full. With packets out of
 * time order, a packet expires the queries at the front of its base, up to the first that is open,
 * and the one that it matches.
 */
static void expire(struct model *m, const struct message *now)
{
	for (unsigned i = 0; i < m->open;) {
		struct open_query *q = &m->rows[i];
		bool examined = m->max < OPEN_MAX || q->first.base == now->base;
		if (examined && expired(m, q, now)) {
			emit(m, RECORD_NO_REPLY, q, NULL);
			remove_query(m, i);
		} else if (examined && m->jitter) {
			return;
		} else {
			i++;
		}
	}
}

static void evict(struct model *m)
{
	unsigned oldest = 0;
	for (unsigned i = 1; i < m->open; i++)
		if (m->rows[i].order < m->rows[oldest].order)
			oldest = i;
	emit(m, RECORD_NO_REPLY, &m->rows[oldest], NULL);
	remove_query(m, oldest);
}

static void model_process(struct model *m, const struct message *now)
{
	bool base_open = false;
	expire(m, now);
	m->clock++;
	for (unsigned i = 0; i < m->open; i++) {
		struct open_query *q = &m->rows[i];
		if (q->first.base != now->base)
			continue;
		if (m->jitter && q->first.question == now->question && expired(m, q, now)) {
			emit(m, RECORD_NO_REPLY, q, NULL);
			remove_query(m, i--);
			continue;
		}
		base_open = true;
		bool same = q->first.question == now->question;
		if (now->reply && (same || (now->question < 0 && now->says_why))) {
			emit(m, RECORD_ANSWERED, q, now);
			remove_query(m, i);
			return;
		}
		if (!now->reply && same) {
			q->retries++;
			q->last_ns = now->ts_ns;
			q->order = m->clock;
			return;
		}
	}
	if (now->reply) {
		emit(m, base_open ? RECORD_MISMATCH : RECORD_NO_QUERY, NULL, now);
		return;
	}
	if (m->open == m->max)
		evict(m);
	m->rows[m->open++] = (struct open_query){*now, now->ts_ns, m->clock, 0};
}

static uint64_t hash_of(const void *p, size_t n)
{
	struct hash_secret secret = hash_fixed(99);
	return n ? hash_bytes(&secret, p, n, 0) | 1 : 0;
}

static void see(void *of, const struct record *r)
{
	struct outcomes *out = of;
	CU_ASSERT_FATAL(out->count < BITS_COUNT(out->rows));
	struct outcome *o = &out->rows[out->count++];
	memset(o, 0, sizeof(*o));
	o->status = r->status;
	o->ts_ns = r->ts_ns;
	o->latency_ns = r->latency_ns;
	o->retries = r->retries;
	o->query = hash_of(record_query(r), r->query_len);
	o->reply = hash_of(record_reply(r), r->reply_len);
	o->query_len = r->query_wire;
	o->reply_len = r->reply_wire;
	const uint8_t *id = r->query_len ? record_query(r) : record_reply(r);
	o->ports = (r->client_port - 4000u) * 2 + id[1];
	o->vlans = r->vlans ? r->vlan[0] : 0;
}

/* Makes a random message, and its wire form in `w`. `named`: queries have questions. */
static void draw(struct message *m, struct wire *w, unsigned bases, unsigned questions, bool named)
{
	static const unsigned types[] = {1, 28}, classes[] = {1, 3};
	char name[32];

	m->reply = random() % 5 < 2;
	m->base = (unsigned)random() % bases;
	m->question =
		random() % 12 || (named && !m->reply) ? (int)((unsigned)random() % questions) : -1;
	m->upper = random() % 2;
	m->vlan = (unsigned)random() % 3;
	wire_clear(w);
	m->says_why = random() % 2;
	unsigned rcode = m->says_why ? 5 : 0;
	wire_header(w, m->base & 1, m->reply ? 0x8180 | rcode : 0x0100, m->question >= 0, 0, 0, 0);
	if (m->question >= 0) {
		unsigned q = (unsigned)m->question;
		snprintf(name, sizeof(name), m->upper ? "N%u.MODEL.EXAMPLE" : "n%u.model.example",
			q / 4);
		wire_question(w, name, types[q & 1], classes[q >> 1 & 1]);
	}
	/* octets that make every message unique */
	wire_u32(w, (uint32_t)random());
	wire_fill(w, (unsigned)random(), (size_t)random() % 200);
	m->len = w->len;
	m->hash = hash_of(w->octets, w->len);
}

static void hand_over(struct rig *rig, const struct message *m, const struct wire *w)
{
	struct pkt pkt = rig_pkt(w, m->ts_ns);
	uint16_t port = (uint16_t)(4000 + m->base / 2);
	pkt.clock_ns = m->clock_ns;
	if (m->reply)
		pkt.dport = port;
	else
		pkt.sport = port;
	if (m->vlan) {
		pkt.vlans = 1;
		pkt.vlan[0] = (uint16_t)m->vlan;
	}
	rig_process_pkt(rig, &pkt);
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct outcome));
}

static void sort(struct outcomes *o)
{
	qsort(o->rows, o->count, sizeof(o->rows[0]), order);
}

static void compare(const struct outcomes *a, const struct outcomes *b)
{
	CU_ASSERT_EQUAL_FATAL(a->count, b->count);
	CU_ASSERT_EQUAL(memcmp(a->rows, b->rows, a->count * sizeof(a->rows[0])), 0);
}

/* One run of the stage against the model. */
struct run {
	unsigned seed, bases, questions, capacity;
	unsigned step; /* largest step of time; the timeout is 10 */
	unsigned jitter; /* how far back in time a packet may be */
	unsigned housekeeping; /* messages between two txn_expire(); 0: none */
};

static void run(const struct run *c, struct model *model, struct outcomes *out)
{
	static struct wire w;
	struct rig *rig = rig_new(c->capacity, 10, c->jitter);
	int64_t clock = 1000;

	srandom(c->seed);
	out->count = 0;
	rig->see = see;
	rig->see_of = out;
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct message m = {0};
		draw(&m, &w, c->bases, c->questions, c->capacity < OPEN_MAX);
		m.ts_ns = clock + random() % (c->step + 1) -
			  (c->jitter ? random() % (c->jitter + 1) : 0);
		if (m.ts_ns < clock - c->jitter)
			m.ts_ns = clock - c->jitter;
		if (m.ts_ns > clock)
			clock = m.ts_ns;
		m.clock_ns = clock;
		if (model)
			model_process(model, &m);
		hand_over(rig, &m, &w);
		if (c->housekeeping && i % c->housekeeping == 0)
			rig_expire(rig, clock, 3);
	}
	rig_finish(rig);
	rig_balance(rig);
	CU_ASSERT(rig->metrics.answered > OPERATIONS / 50);
	CU_ASSERT(rig->metrics.no_reply > OPERATIONS / 50);
	CU_ASSERT(c->questions > 50 || rig->metrics.no_query > 20);
	CU_ASSERT(rig->metrics.mismatch > OPERATIONS / 500);
	CU_ASSERT(rig->metrics.retries > OPERATIONS / 500);
	CU_ASSERT((rig->metrics.evicted > 0) == (c->capacity < OPEN_MAX));
	rig_free(rig);
}

static void check(const struct run *c)
{
	static struct model model;
	memset(&model, 0, sizeof(model));
	model.timeout_ns = 10;
	model.jitter = c->jitter > 0;
	model.max = c->capacity;
	model.out = &expected;
	expected.count = 0;
	run(c, &model, &seen);
	while (model.open)
		evict(&model);
	sort(&expected);
	sort(&seen);
	compare(&expected, &seen);
}

static void few_questions(void)
{
	check(&(struct run){1, 4, 4, OPEN_MAX, 2, 0, 1});
	check(&(struct run){2, 2, 6, OPEN_MAX, 3, 5, 7});
}

/* Groups of more than TXN_TABLE_SCAN members. */
static void many_questions(void)
{
	check(&(struct run){3, 2, 80, OPEN_MAX, 1, 0, 5});
	check(&(struct run){4, 3, 60, OPEN_MAX, 1, 3, 0});
}

/* A table of few slots with one holder, so that the oldest is evicted; packets in time order, so
 * that the oldest is the one that expires. */
static void small_table(void)
{
	check(&(struct run){5, 6, 12, 16, 1, 0, 4});
	check(&(struct run){6, 2, 40, 12, 1, 0, 0});
}

/* The same packets give the same records in the same order, and the same set of records however
 * often housekeeping runs. */
static void determinism(void)
{
	struct run c = {7, 3, 30, OPEN_MAX, 2, 4, 3};
	run(&c, NULL, &seen);
	run(&c, NULL, &again);
	compare(&seen, &again);
	sort(&seen);
	for (c.housekeeping = 0; c.housekeeping < 3; c.housekeeping++) {
		run(&c, NULL, &again);
		sort(&again);
		compare(&seen, &again);
	}
}

void test_txn_model(void)
{
	CU_pSuite s = CU_add_suite("txn/model", NULL, NULL);
	CU_add_test(s, "few questions", few_questions);
	CU_add_test(s, "many questions", many_questions);
	CU_add_test(s, "a small table", small_table);
	CU_add_test(s, "determinism", determinism);
}
