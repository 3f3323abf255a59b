/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/local.h"

#include "base/when.h"
#include "dns/rrtype.h"

#define WAYS 8 /* entries of a bucket */
#define NBNS_BROADCAST 0x0010 /* RFC 1002 section 4.2.1.1 */

_Static_assert((TXN_LOCAL_ENTRIES & (TXN_LOCAL_ENTRIES - 1)) == 0, "a mask chooses");

size_t txn_local_bytes(void)
{
	return TXN_LOCAL_ENTRIES * sizeof(struct txn_local_query);
}

void txn_local_init(struct txn_local *l, void *memory, const struct txn_table *table,
	const struct hash_secret *secret, int64_t timeout_ns)
{
	*l = (struct txn_local){
		.asked = memory, .table = table, .secret = *secret, .timeout_ns = timeout_ns};
}

/* The name at `at` without compression, in lower case. Octets; 0: it is broken. */
static uint32_t expand(uint8_t *to, const struct name_space *space, uint32_t at)
{
	uint8_t plain[NAME_WIRE_MAX];
	uint32_t n = 0, before = at;
	enum dns_error error;

	if (at >= space->len || !name_skip(space, at, &error))
		return 0;
	for (;;) { /* what name_skip() took ends, and has pointers that lead back only */
		uint8_t len = space->data[at];
		if (len >= 0xc0) {
			at = bits_be16(space->data + at) & 0x3fffu;
			if (at >= before)
				return 0;
			before = at;
			continue;
		}
		if (n + len + 1u > sizeof(plain) || at + len + 1u > space->len)
			return 0;
		memcpy(plain + n, space->data + at, len + 1u);
		n += len + 1u;
		at += len + 1u;
		if (len == 0)
			break;
	}
	name_fold(to, plain, n);
	return n;
}

static uint64_t hash_of(const struct txn_local *l, const struct txn_message *m, uint32_t name)
{
	const struct name_space space = {m->pkt->payload, m->pkt->len};
	const uint64_t where[2] = {
		m->key.realm, (uint64_t)m->key.server_port << 8 | m->key.addrs.family};
	uint8_t folded[NAME_WIRE_MAX];
	uint32_t n = expand(folded, &space, name);
	uint64_t hash = hash_bytes(&l->secret, where, sizeof(where), 3);

	if (!n)
		return 0;
	hash = hash_bytes(&l->secret, folded, n, hash);
	return hash ? hash : 1;
}

static struct txn_local_query *bucket(const struct txn_local *l, uint64_t hash)
{
	return &l->asked[(hash & (TXN_LOCAL_ENTRIES - 1)) / WAYS * WAYS];
}

static bool is_group(const struct addr_pair *p, enum addr_end end)
{
	return p->family == ADDR_IPV6 ? p->octets[end][0] == 0xff
				      : p->octets[end][ADDR_IPV4_AT] >> 4 == 14;
}

void txn_local_add_query(struct txn_local *l, const struct txn_message *m, uint32_t slot)
{
	struct rr_iter it;
	struct rr rr;
	bool group = m->key.server_port == DNS_PORT_NBNS ? m->msg.flags & NBNS_BROADCAST
							 : is_group(&m->key.addrs, ADDR_SERVER);

	rr_iter_start(&it, &m->msg, m->pkt->payload, m->pkt->len);
	for (unsigned i = 0; i < TXN_LOCAL_NAMES && it.left[DNS_QUESTION] && rr_next(&it, &rr);
		i++) {
		uint64_t hash = hash_of(l, m, rr.name);
		if (!hash)
			return;
		struct txn_local_query *e = bucket(l, hash), *place = e;
		for (unsigned k = 0; k < WAYS && place->hash; k++)
			if (e[k].hash == 0 || e[k].ts_ns < place->ts_ns)
				place = &e[k];
		*place = (struct txn_local_query){.hash = hash,
			.ts_ns = m->pkt->ts_ns,
			.key = m->key,
			.slot = slot,
			.qtype = rr.type,
			.group = group};
	}
}

/* Is the query still open? */
static bool is_open(const struct txn_local *l, const struct txn_local_query *a)
{
	const struct txn_table_entry *e = txn_table_at(l->table, a->slot);
	uint32_t len = e->query_len < TXN_TABLE_INLINE ? e->query_len : (uint32_t)TXN_TABLE_INLINE;
	struct dns_msg msg;

	if (e->ts_ns != a->ts_ns || memcmp(&e->key, &a->key, sizeof(a->key)) != 0)
		return false;
	uint32_t first = txn_table_group(l->table, &a->key, e->hash);
	/* Of a query that is longer than that, the question is there. */
	dns_msg_read(&msg, e->query, len);
	return first && txn_table_find(l->table, first, &msg, e->query) == a->slot;
}

/* By its ends and id, can the reply be to this query? */
static bool is_between(const struct txn_local_query *a, const struct txn_message *m)
{
	const struct addr_pair *asked = &a->key.addrs, *here = &m->key.addrs;

	if (is_group(here, ADDR_CLIENT)) /* RFC 6762 section 6: to all, from port to port */
		return a->group && a->key.client_port == m->key.client_port &&
		       asked->family == here->family &&
		       !addr_pair_shares(asked, ADDR_CLIENT, here, ADDR_SERVER);
	return addr_pair_shares(asked, ADDR_CLIENT, here, ADDR_CLIENT) &&
	       a->key.client_port == m->key.client_port &&
	       (a->group || addr_pair_shares(asked, ADDR_SERVER, here, ADDR_SERVER)) &&
	       (a->key.id == m->key.id || m->key.client_port == DNS_PORT_MDNS);
}

/* Is a record, or question, of this type an answer to a question for that one? */
static bool is_answer(const struct txn_message *m, uint16_t qtype, uint16_t type)
{
	return type == qtype || qtype == RRTYPE_ANY || type == RRTYPE_CNAME ||
	       type == RRTYPE_NSEC || /* there is none: RFC 6762 section 6.1 */
	       m->key.server_port == DNS_PORT_NBNS;
}

/* Takes *found over where the entry of a name is better. */
static void look(const struct txn_local *l, const struct txn_message *m, const struct rr *rr,
	const struct txn_local_query **found, bool *open)
{
	uint64_t hash = hash_of(l, m, rr->name);
	const struct txn_local_query *e = bucket(l, hash);

	for (unsigned i = 0; hash && i < WAYS; i++) {
		if (e[i].hash != hash || !is_answer(m, e[i].qtype, rr->type) ||
			!is_between(&e[i], m))
			continue;
		bool is = is_open(l, &e[i]);
		if (!is && (!e[i].group || when_since(m->pkt->ts_ns, e[i].ts_ns) > l->timeout_ns))
			continue;
		if (*found && (*open > is || (*open == is && (*found)->ts_ns <= e[i].ts_ns)))
			continue;
		*found = &e[i];
		*open = is;
	}
}

const struct txn_local_query *txn_local_find_query(
	const struct txn_local *l, const struct txn_message *m, bool *open)
{
	const struct txn_local_query *found = NULL;
	struct rr_iter it;
	struct rr rr;

	*open = false;
	rr_iter_start(&it, &m->msg, m->pkt->payload, m->pkt->len);
	for (unsigned i = 0; i < TXN_LOCAL_NAMES && rr_next(&it, &rr) && rr.section <= DNS_ANSWER;
		i++)
		look(l, m, &rr, &found, open);
	return found;
}
