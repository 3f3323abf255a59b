/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/local.h"

#include "base/when.h"
#include "dns/rrtype.h"

#define WAYS 8 /* entries of a bucket */
#define NBNS_BROADCAST 0x0010 /* RFC 1002 section 4.2.1.1 */

_Static_assert((TXN_LOCAL_QUERIES & (TXN_LOCAL_QUERIES - 1)) == 0, "a mask chooses the bucket");

size_t txn_local_bytes(void)
{
	return TXN_LOCAL_QUERIES * sizeof(struct txn_local_query);
}

void txn_local_init(struct txn_local *l, void *memory, const struct txn_table *table,
	const struct hash_secret *secret, int64_t timeout_ns)
{
	*l = (struct txn_local){
		.queries = memory, .table = table, .secret = *secret, .timeout_ns = timeout_ns};
}

/* Writes the name at `at` uncompressed and in lower case. Returns its octets; 0: it is invalid. */
static uint32_t expand(uint8_t *to, const struct name_space *space, uint32_t at)
{
	uint8_t plain[NAME_WIRE_MAX];
	uint32_t n = 0, before = at;
	enum dns_error error;

	if (at >= space->len || !name_skip(space, at, &error))
		return 0;
	for (;;) { /* ends: name_skip() accepts pointers that lead backwards only */
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

static uint64_t name_hash(const struct txn_local *l, const struct txn_message *m, uint32_t name)
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

void txn_local_read_names(
	const struct txn_local *l, const struct txn_message *m, struct txn_local_names *names)
{
	const uint8_t last = m->reply ? DNS_ANSWER : DNS_QUESTION;
	struct rr_iter it;
	struct rr rr;

	names->count = 0;
	rr_iter_start(&it, &m->msg, m->pkt->payload, m->pkt->len);
	for (unsigned i = 0; i < TXN_LOCAL_NAMES && rr_next(&it, &rr) && rr.section <= last; i++) {
		uint64_t hash = name_hash(l, m, rr.name);
		if (!hash)
			continue;
		names->hash[names->count] = hash;
		names->type[names->count++] = rr.type;
	}
}

static struct txn_local_query *bucket(const struct txn_local *l, uint64_t hash)
{
	return &l->queries[(hash & (TXN_LOCAL_QUERIES - 1)) / WAYS * WAYS];
}

static bool is_group(const struct addr_pair *p, enum addr_end end)
{
	return p->family == ADDR_IPV6 ? p->octets[end][0] == 0xff
				      : p->octets[end][ADDR_IPV4_AT] >> 4 == 14;
}

struct txn_local_query txn_local_query_of(const struct txn_message *m, uint32_t slot)
{
	return (struct txn_local_query){.ts_ns = m->pkt->ts_ns,
		.key = m->key,
		.slot = slot,
		.group = m->key.server_port == DNS_PORT_NBNS
				 ? m->msg.flags & NBNS_BROADCAST
				 : is_group(&m->key.addrs, ADDR_SERVER)};
}

void txn_local_add_query(struct txn_local *l, const struct txn_local_query *query,
	const struct txn_local_names *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		struct txn_local_query *e = bucket(l, names->hash[i]), *place = e;
		for (unsigned k = 0; k < WAYS && place->hash; k++)
			if (e[k].hash == 0 || e[k].ts_ns < place->ts_ns)
				place = &e[k];
		*place = *query;
		place->hash = names->hash[i];
		place->qtype = names->type[i];
	}
}

/* Is the query still open? */
static bool is_open(const struct txn_local *l, const struct txn_local_query *query)
{
	const struct txn_table_entry *e = txn_table_at(l->table, query->slot);
	uint32_t len = e->query_len < TXN_TABLE_INLINE ? e->query_len : (uint32_t)TXN_TABLE_INLINE;
	struct dns_msg msg;

	if (e->ts_ns != query->ts_ns || memcmp(&e->key, &query->key, sizeof(query->key)) != 0)
		return false;
	uint32_t first = txn_table_group(l->table, &query->key, e->hash);
	/* The question of a longer query is within the first slot, too. */
	dns_msg_read(&msg, e->query, len);
	return first && txn_table_find(l->table, first, &msg, e->query) == query->slot;
}

/* Do addresses, ports and id allow the reply to answer this query? */
static bool ends_match(const struct txn_local_query *query, const struct txn_message *m)
{
	const struct addr_pair *asked = &query->key.addrs, *here = &m->key.addrs;

	if (is_group(here, ADDR_CLIENT)) /* RFC 6762 section 6: to all, from port to port */
		return query->group && query->key.client_port == m->key.client_port &&
		       asked->family == here->family &&
		       !addr_pair_shares(asked, ADDR_CLIENT, here, ADDR_SERVER);
	return addr_pair_shares(asked, ADDR_CLIENT, here, ADDR_CLIENT) &&
	       query->key.client_port == m->key.client_port &&
	       (query->group || addr_pair_shares(asked, ADDR_SERVER, here, ADDR_SERVER)) &&
	       (query->key.id == m->key.id || m->key.client_port == DNS_PORT_MDNS);
}

/* Does a record or question of this type in the reply answer a question for qtype? */
static bool type_matches(const struct txn_message *m, uint16_t qtype, uint16_t type)
{
	return type == qtype || qtype == RRTYPE_ANY || type == RRTYPE_CNAME ||
	       type == RRTYPE_NSEC || /* no such record: RFC 6762 section 6.1 */
	       m->key.server_port == DNS_PORT_NBNS;
}

bool txn_local_matches(const struct txn_local_query *query, uint16_t qtype,
	const struct txn_message *m, uint16_t type)
{
	return type_matches(m, qtype, type) && ends_match(query, m);
}

const struct txn_local_query *txn_local_find_query(const struct txn_local *l,
	const struct txn_message *m, const struct txn_local_names *names, bool *open)
{
	const struct txn_local_query *found = NULL;

	*open = false;
	for (unsigned i = 0; i < names->count * WAYS; i++) {
		const unsigned name = i / WAYS;
		const struct txn_local_query *e = &bucket(l, names->hash[name])[i % WAYS];
		if (e->hash != names->hash[name] || !type_matches(m, e->qtype, names->type[name]) ||
			!ends_match(e, m))
			continue;
		bool is = is_open(l, e);
		if (!is && (!e->group || when_since(m->pkt->ts_ns, e->ts_ns) > l->timeout_ns))
			continue;
		if (found && (*open > is || (*open == is && found->ts_ns <= e->ts_ns)))
			continue;
		found = e;
		*open = is;
	}
	return found;
}
