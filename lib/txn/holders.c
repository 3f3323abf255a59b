/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/holders.h"

#include "dns/name.h"

#define CELLS_LEAST 1024u
#define CELLS_MOST 65536u
#define LABELS 16 /* last labels of a name that are remembered; a power of two */

static uint32_t cell_count(uint32_t capacity)
{
	uint32_t n = bits_pow2(capacity) / 8;
	if (n < CELLS_LEAST)
		return CELLS_LEAST;
	return n < CELLS_MOST ? n : CELLS_MOST;
}

size_t txn_holders_bytes(uint32_t capacity)
{
	return (size_t)TXN_HOLDER_KINDS * TXN_HOLDERS_ROWS * cell_count(capacity) *
	       sizeof(uint32_t);
}

void txn_holders_init(
	struct txn_holders *h, void *memory, uint32_t capacity, const struct hash_secret *secret)
{
	*h = (struct txn_holders){
		.cells = memory, .mask = cell_count(capacity) - 1, .secret = *secret};
}

static bool label_is(const uint8_t *label, const char *text, unsigned n)
{
	return label[0] == n && name_equal_fold(label + 1, (const uint8_t *)text, n);
}

/* Where the part of a name begins that somebody registered. */
static unsigned domain_of(const uint8_t *name, unsigned len)
{
	unsigned at[LABELS], labels = 0, from = 0, keep = 2;

	while (from < len && name[from] && name[from] < 64) {
		at[labels++ % LABELS] = from;
		from += name[from] + 1u;
	}
	if (labels < 2) /* the root, and names without a dot: all of them together */
		return from < len ? from : len;
	const uint8_t *last = name + at[(labels - 1) % LABELS];
	const uint8_t *second = name + at[(labels - 2) % LABELS];
	if (label_is(last, "arpa", 4)) /* a network of /16, or of /32 in IPv6 */
		keep = label_is(second, "ip6", 3) ? 10 : 4;
	else if (last[0] == 2 && second[0] <= 3) /* co.uk, com.au, ac.jp */
		keep = 3;
	return at[(labels - (keep < labels ? keep : labels)) % LABELS];
}

/* /24 and /56: what one customer, or one attacker, has at least. */
static struct addr network_of(const struct addr_pair *addrs)
{
	struct addr net = addr_pair_get(addrs, ADDR_CLIENT);
	unsigned keep = net.family == ADDR_IPV6 ? 7 : 15;
	memset(net.octets + keep, 0, sizeof(net.octets) - keep);
	return net;
}

/* Of a domain in lower case. Its wire form ends by itself, so zeros may follow. */
static uint32_t name_hash(const struct hash_secret *s, const uint8_t *name, unsigned len)
{
	uint8_t folded[NAME_WIRE_MAX];
	hash_sum sum = 0;

	if (bits_unlikely(len > 16 * HASH_PAIRS)) {
		name_fold(folded, name, len);
		return (uint32_t)hash_bytes(s, folded, len, 0);
	}
	memset(folded, 0, (size_t)16 * HASH_PAIRS);
	name_fold(folded, name, len);
	for (unsigned i = 0; i < HASH_PAIRS; i++)
		sum += hash_16(s, i, folded + (size_t)16 * i);
	return hash_of_sum(s, sum);
}

struct txn_holder_keys txn_holders_of(const struct txn_holders *h, const struct addr_pair *addrs,
	const uint8_t *name, unsigned len)
{
	unsigned from = domain_of(name, len);
	struct addr net = network_of(addrs);
	const struct hash_secret *s = &h->secret;
	struct txn_holder_keys n;

	uint32_t domain = name_hash(s, name + from, len - from);
	n.name[TXN_HOLDER_DOMAIN] = domain;
	n.name[TXN_HOLDER_SERVER] = hash_of_sum(s,
		hash_16(s, 0, addrs->octets[ADDR_SERVER]) + hash_pair(s, 1, domain, addrs->family));
	n.name[TXN_HOLDER_CLIENT] =
		hash_of_sum(s, hash_16(s, 0, net.octets) + hash_pair(s, 2, net.family, 0));
	return n;
}

static void add(struct txn_holders *h, const struct txn_holder_keys *n, uint32_t slots)
{
	uint32_t *row = h->cells;

	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++) {
		uint32_t name = n->name[k];
		row[name & h->mask] += slots;
		row += h->mask + 1;
		row[(name >> 16 | name << 16) & h->mask] += slots;
		row += h->mask + 1;
	}
}

void txn_holders_add(struct txn_holders *h, const struct txn_holder_keys *n, uint32_t slots)
{
	struct txn_holder_keys top;

	memcpy(top.name, h->top, sizeof(top.name));
	add(h, n, slots);
	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++)
		if (txn_holders_count(h, n, k) > txn_holders_count(h, &top, k))
			h->top[k] = n->name[k];
}

void txn_holders_remove(struct txn_holders *h, const struct txn_holder_keys *n, uint32_t slots)
{
	add(h, n, 0 - slots);
}

struct txn_holders_heaviest txn_holders_heaviest(const struct txn_holders *h)
{
	struct txn_holder_keys top;
	uint32_t has[TXN_HOLDER_KINDS];

	memcpy(top.name, h->top, sizeof(top.name));
	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++)
		has[k] = txn_holders_count(h, &top, k);
	/* A domain that is asked for at many servers is one holder; else the narrower one counts.
	 */
	enum txn_holder_kind named = has[TXN_HOLDER_DOMAIN] / 2 > has[TXN_HOLDER_SERVER]
					     ? TXN_HOLDER_DOMAIN
					     : TXN_HOLDER_SERVER;
	if (has[TXN_HOLDER_CLIENT] > has[named])
		return (struct txn_holders_heaviest){
			TXN_HOLDER_CLIENT, named, has[TXN_HOLDER_CLIENT]};
	return (struct txn_holders_heaviest){named, TXN_HOLDER_CLIENT, has[named]};
}
