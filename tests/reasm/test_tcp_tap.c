/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of a client and a server that answers the queries it has received: segments of both,
 * with true acknowledgments, retransmissions, keep-alives, and all kinds of ends. A tap captures
 * them from some segment on, out of order within TCP_GAP_NS, or without some of them. All messages
 * that it captured completely are returned.
 */
#include "reasm/talk_unit.h"

void test_reasm_tcp_tap(void);

#define SEGMENTS 4096
#define JITTER (TCP_GAP_NS - 10 * MS)

struct segment {
	int64_t ns; /* when the tap captures it */
	uint32_t from, len, ack; /* octets of its side, of its peer */
	bool reply;
	uint8_t flags;
};

struct tap {
	struct segment s[SEGMENTS];
	uint32_t n;
	int64_t ns;
	uint32_t edge[2], queries; /* octets that were sent, complete queries among them */
	bool closed; /* the client's half */
	struct talk_rng r;
};

struct scenario {
	uint32_t max_segment; /* octets */
	uint32_t loss; /* one segment of so many is lost; 0: none */
	bool jitter; /* segments are captured out of order */
	bool late; /* captured from its middle */
};

static void record(struct tap *t, bool reply, uint32_t from, uint32_t len, uint8_t flags)
{
	if (t->n == SEGMENTS)
		return;
	t->ns += talk_below(&t->r, 4) ? 20000 : 5 * MS;
	t->s[t->n++] = (struct segment){.ns = t->ns,
		.from = from,
		.len = len,
		.ack = t->edge[!reply],
		.reply = reply,
		.flags = flags};
}

/* Sends the next octets of a side; false: it has none. A server answers complete queries only. */
static bool send_next(struct tap *t, const struct talk *k, const struct scenario *how, bool reply)
{
	const struct talk_side *s = &k->side[reply];
	uint32_t end = s->len, from = t->edge[reply];
	if (reply)
		end = t->queries ? s->at[t->queries - 1] + s->size[t->queries - 1] : 0;
	if (from >= end)
		return false;
	uint32_t len = 1 + talk_below(&t->r, how->max_segment);
	if (len > end - from)
		len = end - from;
	t->edge[reply] += len;
	record(t, reply, from, len, ACK);
	while (!reply && t->queries < s->messages &&
		s->at[t->queries] + s->size[t->queries] <= t->edge[0])
		t->queries++;
	return true;
}

/* Sends no new octets: a bare acknowledgment, a keep-alive, or a retransmission. */
static void retransmit(struct tap *t, const struct scenario *how, bool reply)
{
	uint32_t edge = t->edge[reply], back = talk_below(&t->r, 3);
	if (back == 2)
		back = talk_below(&t->r, 200);
	if (back > edge)
		back = edge;
	/* Where segments are lost, a retransmission might fill the gap, in time or too late. */
	bool bare = how->loss || (back == 1 && talk_below(&t->r, 2));
	record(t, reply, edge - back, bare ? 0 : back, ACK);
}

static void converse(struct tap *t, const struct talk *k, const struct scenario *how)
{
	for (unsigned idle = 0; idle < 60;) {
		bool reply = talk_below(&t->r, 2);
		if (talk_below(&t->r, 5) == 0)
			retransmit(t, how, reply);
		idle = send_next(t, k, how, reply) ? 0 : idle + 1;
		if (!t->closed && t->edge[0] == k->side[0].len && talk_below(&t->r, 8) == 0) {
			record(t, false, t->edge[0], 0, FIN | ACK);
			t->closed = true;
		}
	}
	t->ns += 100 * MS;
	bool who = talk_below(&t->r, 2);
	switch (talk_below(&t->r, 3)) {
	case 0: record(t, who, t->edge[who], 0, RST); break;
	case 1: record(t, true, t->edge[1], 0, FIN | ACK); break;
	default: break; /* silence */
	}
}

static void sort(struct tap *t)
{
	for (uint32_t i = 1; i < t->n; i++) {
		struct segment s = t->s[i];
		uint32_t at = i;
		for (; at > 0 && t->s[at - 1].ns > s.ns; at--)
			t->s[at] = t->s[at - 1];
		t->s[at] = s;
	}
}

static void capture(struct talk *k, const struct segment *s)
{
	const struct talk_side *side = &k->side[s->reply];
	uint32_t *isn = &k->side[!s->reply].isn;
	talk_expire(k, s->ns - k->now_ns);
	*isn += s->ack;
	talk_send(k, s->reply, side->isn + 1 + s->from, side->data + s->from, s->len, s->flags);
	*isn -= s->ack;
}

/* Shows the reassembler what the tap captures. there: the captured octets of each side. */
static void replay(struct tap *t, struct talk *k, const struct scenario *how, uint8_t *there[2])
{
	uint32_t skip = how->late ? talk_below(&t->r, t->n / 2 + 1) : 0;
	bool begun[2] = {!how->late, !how->late};
	uint32_t first[2] = {0, 0};

	for (uint32_t i = skip; i < t->n; i++) {
		const struct segment *s = &t->s[i];
		if (how->loss && talk_below(&t->r, how->loss) == 0)
			continue;
		capture(k, s);
		if (s->len && !begun[s->reply]) {
			begun[s->reply] = true;
			first[s->reply] = s->from;
		}
		for (uint32_t at = s->from; at < s->from + s->len; at++)
			there[s->reply][at] |= at >= first[s->reply];
	}
	talk_finish(k);
}

static bool is_whole(const struct talk_side *s, uint32_t i, const uint8_t *there)
{
	return memchr(there + s->at[i] - 2, 0, s->size[i] + 2) == NULL;
}

static void check(const struct talk *k, const struct scenario *how, uint8_t *there[2])
{
	uint32_t wrong = 0, alone = 0;
	for (int reply = 0; reply < 2; reply++)
		for (uint32_t i = 0; i < k->side[reply].messages; i++)
			wrong += k->seen[reply][i] != is_whole(&k->side[reply], i, there[reply]);
	for (uint32_t i = 0; i < k->side[1].messages; i++)
		alone += k->seen[1][i] && !k->seen[0][i];
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(k->garbled, 0);
	CU_ASSERT_EQUAL(k->disorder, 0);
	/* Each reply follows its query, unless that was not captured or was retransmitted later. */
	if (!how->jitter && !how->late)
		CU_ASSERT_EQUAL(k->early, alone);
	CU_ASSERT(talk_is_accounted(k));
}

static void run(const struct scenario *how, uint64_t seed)
{
	static struct tap t;
	struct talk k;
	uint8_t *there[2];

	memset(&t, 0, sizeof(t));
	t.r.state = seed;
	talk_unit_open(&k, seed, 1 + talk_below(&t.r, 30), 100 + talk_below(&t.r, 900));
	k.guard = seed % 8 == 0;
	for (int reply = 0; reply < 2; reply++) {
		there[reply] = calloc(1, k.side[reply].len);
		if (seed % 2) /* sequence numbers wrap */
			k.side[reply].isn = 0u - talk_below(&t.r, k.side[reply].len);
	}
	if (!how->late)
		talk_handshake(&k);
	t.ns = k.now_ns;
	converse(&t, &k, how);
	for (uint32_t i = 0; i < t.n && how->jitter; i++)
		if (!t.s[i].reply && !(t.s[i].flags & RST))
			t.s[i].ns += talk_below(&t.r, JITTER);
	sort(&t);
	replay(&t, &k, how, there);
	check(&k, how, there);
	for (int reply = 0; reply < 2; reply++)
		free(there[reply]);
	talk_close(&k);
}

static void run_all(const struct scenario *how)
{
	for (uint64_t seed = 1; seed <= 400; seed++)
		run(how, seed);
}

static void test_whole(void)
{
	run_all(&(struct scenario){.max_segment = 1460});
	run_all(&(struct scenario){.max_segment = 40});
}

static void test_late_queries(void)
{
	run_all(&(struct scenario){.max_segment = 1460, .jitter = true});
	run_all(&(struct scenario){.max_segment = 60, .jitter = true});
}

static void test_losses(void)
{
	run_all(&(struct scenario){.max_segment = 1460, .loss = 8});
	run_all(&(struct scenario){.max_segment = 60, .loss = 20});
	run_all(&(struct scenario){.max_segment = 200, .loss = 3});
}

static void test_joined(void)
{
	run_all(&(struct scenario){.max_segment = 1460, .late = true});
	run_all(&(struct scenario){.max_segment = 60, .late = true});
	run_all(&(struct scenario){.max_segment = 300, .late = true, .loss = 10});
}

void test_reasm_tcp_tap(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_tap", NULL, NULL);
	CU_add_test(suite, "everything is captured", test_whole);
	CU_add_test(suite, "late queries", test_late_queries);
	CU_add_test(suite, "segments are lost", test_losses);
	CU_add_test(suite, "captured from the middle", test_joined);
}
