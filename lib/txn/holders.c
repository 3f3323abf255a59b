/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/holders.h"

#include "dns/name.h"

#define CELLS_MIN 1024u
#define CELLS_MAX 65536u
#define LABELS 16 /* last labels of a name whose offsets are stored; a power of two */

static uint32_t cell_count(uint32_t capacity)
{
	uint32_t n = bits_pow2(capacity) / 8;
	if (n < CELLS_MIN)
		return CELLS_MIN;
	return n < CELLS_MAX ? n : CELLS_MAX;
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

/* Returns the offset of the registered domain in a name. */
static unsigned domain_of(const uint8_t *name, unsigned len)
{
	unsigned at[LABELS], labels = 0, from = 0, keep = 2;

	while (from < len && name[from] && name[from] < 64) {
		at[labels++ % LABELS] = from;
		from += name[from] + 1u;
	}
	if (labels < 2) /* the root and all names without a dot count as one */
		return from < len ? from : len;
	const uint8_t *last = name + at[(labels - 1) % LABELS];
	const uint8_t *second = name + at[(labels - 2) % LABELS];
	if (label_is(last, "arpa", 4)) /* a network of /16, or of /32 in IPv6 */
		keep = label_is(second, "ip6", 3) ? 10 : 4;
	else if (last[0] == 2 && second[0] <= 3) /* co.uk, com.au, ac.jp */
		keep = 3;
	return at[(labels - (keep < labels ? keep : labels)) % LABELS];
}

/* Returns the /24 or /56 of the client: what one customer, or one attacker, has at least. */
static struct addr network_of(const struct addr_pair *addrs)
{
	struct addr net = addr_pair_get(addrs, ADDR_CLIENT);
	unsigned keep = net.family == ADDR_IPV6 ? 7 : 15;
	memset(net.octets + keep, 0, sizeof(net.octets) - keep);
	return net;
}

/* Hashes a domain without regard to case. Its wire form ends by itself, so zeros may follow. */
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
	struct txn_holder_keys keys;

	uint32_t domain = name_hash(s, name + from, len - from);
	keys.key[TXN_HOLDER_DOMAIN] = domain;
	keys.key[TXN_HOLDER_SERVER] = hash_of_sum(s,
		hash_16(s, 0, addrs->octets[ADDR_SERVER]) + hash_pair(s, 1, domain, addrs->family));
	keys.key[TXN_HOLDER_CLIENT] =
		hash_of_sum(s, hash_16(s, 0, net.octets) + hash_pair(s, 2, net.family, 0));
	return keys;
}

static void add(struct txn_holders *h, const struct txn_holder_keys *keys, uint32_t slots)
{
	uint32_t *row = h->cells;

	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++) {
		uint32_t key = keys->key[k];
		row[key & h->mask] += slots;
		row += h->mask + 1;
		row[(key >> 16 | key << 16) & h->mask] += slots;
		row += h->mask + 1;
	}
}

void txn_holders_add(struct txn_holders *h, const struct txn_holder_keys *keys, uint32_t slots)
{
	struct txn_holder_keys top;

	memcpy(top.key, h->top, sizeof(top.key));
	add(h, keys, slots);
	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++)
		if (txn_holders_count(h, keys, k) > txn_holders_count(h, &top, k))
			h->top[k] = keys->key[k];
}

void txn_holders_remove(struct txn_holders *h, const struct txn_holder_keys *keys, uint32_t slots)
{
	add(h, keys, 0 - slots);
}

struct txn_holders_heaviest txn_holders_heaviest(const struct txn_holders *h)
{
	struct txn_holder_keys top;
	uint32_t slots[TXN_HOLDER_KINDS];

	memcpy(top.key, h->top, sizeof(top.key));
	for (unsigned k = 0; k < TXN_HOLDER_KINDS; k++)
		slots[k] = txn_holders_count(h, &top, k);
	/* A domain at many servers is one holder; otherwise the narrower kind is more exact. */
	enum txn_holder_kind named = slots[TXN_HOLDER_DOMAIN] / 2 > slots[TXN_HOLDER_SERVER]
					     ? TXN_HOLDER_DOMAIN
					     : TXN_HOLDER_SERVER;
	if (slots[TXN_HOLDER_CLIENT] > slots[named])
		return (struct txn_holders_heaviest){
			TXN_HOLDER_CLIENT, named, slots[TXN_HOLDER_CLIENT]};
	return (struct txn_holders_heaviest){named, TXN_HOLDER_CLIENT, slots[named]};
}
