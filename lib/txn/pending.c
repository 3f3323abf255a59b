/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn_inner.h"

#include "base/when.h"

/* Records an early reply whose query did not come. */
static void expire_early(struct txn *x, struct txn_early_reply *r)
{
	txn_early_remove(&x->early, r);
	if (r->duplicate)
		txn_emit_local_duplicate(x, &r->m, &r->query);
	else
		txn_emit_unsolicited(x, &r->m, r->mismatch);
}

/* Evicts early replies until a copy of this one fits, and copies it. */
static struct txn_early_reply *enqueue(struct txn *x, const struct txn_message *m, uint32_t hash)
{
	struct txn_early_reply *r;

	if (!x->conf.early.unordered) /* the capture decides who waits, not the last housekeeping */
		while ((r = txn_early_due(&x->early, m->pkt->clock_ns)))
			expire_early(x, r);
	while (!txn_early_has_space(&x->early, m)) {
		metrics_add(&x->metrics->early_evicted, 1);
		expire_early(x, txn_early_due(&x->early, INT64_MAX));
	}
	r = txn_early_enqueue(&x->early, m, hash);
	if (!r)
		metrics_add(&x->metrics->early_evicted, 1);
	return r;
}

bool txn_pending_enqueue(struct txn *x, const struct txn_message *m, bool mismatch)
{
	if (x->conf.early.wait_ns == 0 || (mismatch && !x->conf.early.unordered))
		return false;
	struct txn_early_reply *r = enqueue(x, m, m->hash);
	if (!r)
		return false;
	r->mismatch = mismatch;
	return true;
}

bool txn_pending_enqueue_local(struct txn *x, const struct txn_message *m,
	const struct txn_local_names *names, const struct txn_local_query *query)
{
	if (x->conf.early.wait_ns == 0 || names->count == 0)
		return false;
	/* found by its names, so any bucket will do that is not full */
	struct txn_early_reply *r =
		enqueue(x, m, (uint32_t)(names->hash[0] ^ x->early.used / BITS_CACHE_LINE));
	if (!r)
		return false;
	if (query) {
		r->duplicate = true;
		r->query = *query;
	}
	txn_early_local_add(&x->early_local, txn_early_offset(&x->early, r), names);
	return true;
}

/* Do the timestamps allow an early reply to answer this query? */
static bool times_match(
	const struct txn *x, const struct txn_early_reply *r, const struct txn_message *query)
{
	const struct txn_early_conf *conf = &x->conf.early;
	int64_t later_ns = when_since(r->pkt.ts_ns, query->pkt->ts_ns);

	return later_ns <= conf->later_ns &&
	       later_ns >= -conf->earlier_ns - query->pkt->late_us * INT64_C(1000) &&
	       (conf->unordered ||
		       when_since(query->pkt->clock_ns, r->pkt.clock_ns) <= conf->wait_ns);
}

/* Do an early reply and an open query have the same question, or both none? */
static bool question_matches(const struct txn *x, uint32_t slot, const struct txn_early_reply *r)
{
	const struct txn_table_entry *e = txn_table_at(&x->table, slot);
	uint32_t first = txn_table_group(&x->table, &e->key, e->hash);
	return txn_table_find(&x->table, first, &r->m.msg, r->pkt.payload) == slot;
}

/* Sets the time of an open query to that of a reply, if it is later. */
static void move_back(struct txn *x, uint32_t slot, const struct txn_early_reply *r)
{
	struct txn_table_entry *e = txn_table_at(&x->table, slot);

	if (e->ts_ns > r->pkt.ts_ns)
		e->ts_ns = r->pkt.ts_ns;
}

void txn_pending_match(struct txn *x, const struct txn_message *query, uint32_t slot)
{
	const bool unordered = x->conf.early.unordered;
	struct txn_early_reply *r = NULL;

	while ((r = txn_early_next(&x->early, &query->key, query->hash, r))) {
		if (!times_match(x, r, query))
			continue;
		if (unordered)
			slot = txn_find_answered(x, &r->m);
		else if (!question_matches(x, slot, r))
			continue;
		if (!slot)
			continue;
		if (unordered)
			move_back(x, slot, r);
		uint32_t open = x->table.open;
		txn_early_remove(&x->early, r);
		metrics_add(&x->metrics->early, 1);
		txn_answer(x, slot, &r->m);
		if (!unordered && x->table.open != open)
			return;
	}
}

/* Finds the early replies whose names and timestamps match a query, and the oldest of them. Returns
 * how many it wrote to `found`. */
static unsigned find_local(struct txn *x, const struct txn_message *m,
	const struct txn_local_query *query, const struct txn_local_names *names,
	struct txn_early_reply *found[TXN_EARLY_LOCAL_FOUND], struct txn_early_reply **first)
{
	unsigned all = txn_early_local_find(&x->early_local, &x->early, query, names, found), n = 0;

	for (unsigned i = 0; i < all; i++) {
		if (!times_match(x, found[i], m))
			continue;
		if (!*first ||
			txn_early_offset(&x->early, found[i]) < txn_early_offset(&x->early, *first))
			*first = found[i];
		found[n++] = found[i];
	}
	return n;
}

bool txn_pending_open_local(struct txn *x, const struct txn_message *m, uint32_t slot)
{
	struct txn_early_reply *found[TXN_EARLY_LOCAL_FOUND], *first = NULL;
	struct txn_local_query query = txn_local_query_of(m, slot);
	struct txn_local_names names;
	unsigned n = 0;

	txn_local_read_names(&x->local, m, &names);
	if (x->early.count)
		n = find_local(x, m, &query, &names, found, &first);
	if (first && x->conf.early.unordered) {
		move_back(x, slot, first);
		query.ts_ns = txn_table_at(&x->table, slot)->ts_ns;
	}
	txn_local_add_query(&x->local, &query, &names);
	if (!first)
		return false;
	/* further replies are duplicates, unless a later query matches */
	for (unsigned i = 0; i < n && query.group; i++)
		if (!found[i]->duplicate) {
			found[i]->duplicate = true;
			found[i]->query = query;
		}
	txn_early_remove(&x->early, first);
	metrics_add(&x->metrics->early, 1);
	txn_answer_local(x, &first->m, &query);
	return true;
}

/* Returns the reply that is held for an open query, or NULL. */
static struct txn_early_reply *held_for(
	const struct txn *x, const struct txn_message *m, uint32_t slot)
{
	struct txn_early_reply *r = NULL;

	while ((r = txn_early_next(&x->held, &m->key, m->hash, r)))
		if (question_matches(x, slot, r))
			break;
	return r;
}

/* Answers with a held reply, after no better one came, if its query is still open. */
static void settle(struct txn *x, struct txn_early_reply *r)
{
	txn_early_remove(&x->held, r);
	uint32_t slot = txn_find_answered(x, &r->m);
	if (slot)
		txn_answer(x, slot, &r->m);
	else
		txn_emit_unsolicited(x, &r->m, false);
}

void txn_pending_expire_held(struct txn *x, int64_t clock_ns)
{
	struct txn_early_reply *r;
	while ((r = txn_early_due(&x->held, clock_ns)))
		settle(x, r);
}

bool txn_pending_hold(struct txn *x, struct txn_message *m, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(&x->table, slot);
	int64_t waited_ns = when_since(m->pkt->ts_ns, e->last_ns);

	if (x->held.count && txn_pending_settle(x, m, slot)) {
		txn_emit_unsolicited(x, m, false);
		return true;
	}
	/* otherwise the query would expire first */
	if (when_after(waited_ns, x->held.wait_ns) > x->conf.timeout_ns)
		return false;
	while (!txn_early_has_space(&x->held, m))
		settle(x, txn_early_due(&x->held, INT64_MAX));
	if (!txn_early_enqueue(&x->held, m, m->hash))
		return false;
	metrics_add(&x->metrics->held, 1);
	return true;
}

bool txn_pending_settle(struct txn *x, const struct txn_message *m, uint32_t slot)
{
	struct txn_early_reply *r = held_for(x, m, slot);
	if (r)
		settle(x, r);
	return r;
}

void txn_pending_supersede(struct txn *x, const struct txn_message *m, uint32_t slot)
{
	struct txn_early_reply *r = held_for(x, m, slot);
	if (!r)
		return;
	txn_early_remove(&x->held, r);
	metrics_add(&x->metrics->duplicate, 1);
	txn_emit_message(x, &r->m, RECORD_DUPLICATE, txn_table_at(&x->table, slot)->ts_ns, NULL);
}

bool txn_pending_expire(struct txn *x, int64_t clock_ns)
{
	struct txn_early_reply *r = txn_early_due(&x->held, clock_ns);
	if (r) {
		settle(x, r);
		return true;
	}
	r = txn_early_due(&x->early, clock_ns);
	if (r)
		expire_early(x, r);
	return r;
}
