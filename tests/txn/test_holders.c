/* SPDX-License-Identifier: BSD-3-Clause */
/* Holders: which queries share one, and how exact their counts are. */
#include "txn/holders.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void test_txn_holders(void);

static struct txn_holders h;
static void *memory;

static void begin(uint32_t capacity)
{
	struct hash_secret secret = hash_fixed(5);
	memory = calloc(1, txn_holders_bytes(capacity));
	txn_holders_init(&h, memory, capacity, &secret);
}

static struct txn_holder_keys keys(const char *name, const char *client, uint8_t server)
{
	static struct wire w;
	static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8};
	struct addr from = addr_of_v6(v6), to = from;
	unsigned a = 0, b = 0;

	if (*client == ':') { /* :a:b, the seventh octet and the last one of IPv6 */
		sscanf(client, ":%u:%u", &a, &b);
		from.octets[6] = (uint8_t)a;
		from.octets[15] = (uint8_t)b;
	} else {
		sscanf(client, "%u.%u", &a, &b);
		from = to = addr_of_v4((const uint8_t[]){10, 0, (uint8_t)a, (uint8_t)b});
	}
	to.octets[15] = server;
	wire_message(&w, 1, 0, name, 1);
	struct addr_pair addrs = addr_pair_of(from, to);
	return txn_holders_of(&h, &addrs, w.octets + 12, w.len - 16);
}

static bool same_domain(const char *a, const char *b)
{
	struct txn_holder_keys x = keys(a, "1.1", 1), y = keys(b, "1.1", 1);
	CU_ASSERT_EQUAL(x.key[TXN_HOLDER_CLIENT], y.key[TXN_HOLDER_CLIENT]);
	CU_ASSERT_EQUAL(x.key[TXN_HOLDER_DOMAIN] == y.key[TXN_HOLDER_DOMAIN],
		x.key[TXN_HOLDER_SERVER] == y.key[TXN_HOLDER_SERVER]);
	return x.key[TXN_HOLDER_DOMAIN] == y.key[TXN_HOLDER_DOMAIN];
}

static void domains(void)
{
	begin(1024);
	CU_ASSERT(same_domain("a.example.com", "b.example.com"));
	CU_ASSERT(same_domain("x7.y8.z9.example.com", "EXAMPLE.com"));
	CU_ASSERT(same_domain("a.co.uk.example.com", "b.example.com"));
	CU_ASSERT(same_domain("a.b.example.co.uk", "c.example.co.uk"));
	CU_ASSERT(same_domain("a.example.de", "b.example.de"));
	CU_ASSERT(same_domain("kjh", "rtz"));
	CU_ASSERT(same_domain("", "rtz"));
	CU_ASSERT(same_domain("1.2.0.192.in-addr.arpa", "7.9.0.192.IN-ADDR.ARPA"));
	CU_ASSERT(same_domain("1.2.3.4.5.6.7.8.8.b.d.0.1.0.0.2.ip6.arpa",
		"f.e.d.c.b.6.7.8.8.b.d.0.1.0.0.2.ip6.arpa"));
	CU_ASSERT_FALSE(same_domain("a.example.com", "a.example.org"));
	CU_ASSERT_FALSE(same_domain("a.example.com", "a.other.com"));
	CU_ASSERT_FALSE(same_domain("a.example.co.uk", "a.other.co.uk"));
	CU_ASSERT_FALSE(same_domain("com", "example.com"));
	CU_ASSERT_FALSE(same_domain("1.2.0.192.in-addr.arpa", "1.2.1.192.in-addr.arpa"));
	CU_ASSERT_FALSE(same_domain("1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
		"1.0.0.0.0.0.0.0.9.b.d.0.1.0.0.2.ip6.arpa"));
	free(memory);
}

/* The most labels that a name can have, and octets that are no name. */
static void any_octets(void)
{
	struct addr_pair none = {.family = ADDR_IPV4};
	uint8_t name[255];
	begin(1024);
	for (unsigned i = 0; i < 254; i += 2) {
		name[i] = 1;
		name[i + 1] = 'a';
	}
	name[254] = 0;
	for (unsigned n = 0; n <= sizeof(name); n++)
		txn_holders_of(&h, &none, name, n);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned n = (unsigned)random() % 256;
		for (unsigned k = 0; k < n; k++)
			name[k] = (uint8_t)(random() % (i % 2 ? 256 : 8));
		none.family = i % 2;
		txn_holders_of(&h, &none, name, n);
	}
	free(memory);
}

static void networks(void)
{
	begin(1024);
	uint32_t a = keys("a.example", "1.1", 1).key[TXN_HOLDER_CLIENT];
	CU_ASSERT_EQUAL(keys("b.test", "1.200", 2).key[TXN_HOLDER_CLIENT], a);
	CU_ASSERT_NOT_EQUAL(keys("b.test", "2.1", 2).key[TXN_HOLDER_CLIENT], a);
	a = keys("a.example", ":1:1", 1).key[TXN_HOLDER_CLIENT];
	CU_ASSERT_EQUAL(keys("a.example", ":1:7", 1).key[TXN_HOLDER_CLIENT], a);
	CU_ASSERT_NOT_EQUAL(keys("a.example", ":2:1", 1).key[TXN_HOLDER_CLIENT], a);
	struct txn_holder_keys x = keys("a.example", "1.1", 1), y = keys("a.example", "1.1", 2);
	CU_ASSERT_EQUAL(x.key[TXN_HOLDER_DOMAIN], y.key[TXN_HOLDER_DOMAIN]);
	CU_ASSERT_NOT_EQUAL(x.key[TXN_HOLDER_SERVER], y.key[TXN_HOLDER_SERVER]);
	free(memory);
}

/* Many domains, one of which has half: counts are never too low and rarely too high, and the
 * heaviest is found. After all are removed, the counts are 0. */
static void counts(void)
{
	enum { DOMAINS = 5000, EACH = 4 };
	char name[32];
	begin(131072);
	for (unsigned round = 0; round < EACH; round++)
		for (unsigned i = 0; i < DOMAINS; i++) {
			snprintf(name, sizeof(name), "www.d%u.example", i);
			struct txn_holder_keys n = keys(name, "1.1", 1);
			snprintf(name, sizeof(name), "r%u.heavy.test", i);
			struct txn_holder_keys heavy = keys(name, "2.1", 1);
			txn_holders_add(&h, &n, 1);
			txn_holders_add(&h, &heavy, 1);
		}
	unsigned high = 0;
	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(name, sizeof(name), "x.d%u.example", i);
		struct txn_holder_keys n = keys(name, "1.1", 1);
		CU_ASSERT(txn_holders_count(&h, &n, TXN_HOLDER_SERVER) >= EACH);
		high += txn_holders_count(&h, &n, TXN_HOLDER_SERVER) >= DOMAINS * EACH / 2;
	}
	CU_ASSERT(high <= 1);
	struct txn_holders_heaviest top = txn_holders_heaviest(&h);
	CU_ASSERT_EQUAL(top.kind, TXN_HOLDER_SERVER);
	CU_ASSERT(top.slots >= DOMAINS * EACH && top.slots < DOMAINS * EACH * 11 / 10);
	for (unsigned i = 0; i < DOMAINS * EACH; i++) {
		snprintf(name, sizeof(name), "www.d%u.example", i % DOMAINS);
		struct txn_holder_keys n = keys(name, "1.1", 1),
				       heavy = keys("heavy.test", "2.1", 1);
		txn_holders_remove(&h, &n, 1);
		txn_holders_remove(&h, &heavy, 1);
	}
	for (size_t i = 0; i < txn_holders_bytes(131072) / sizeof(*h.cells); i++)
		CU_ASSERT_EQUAL_FATAL(h.cells[i], 0);
	free(memory);
}

/* One domain at many servers is a holder; at one server the narrower kind is. */
static void spread(void)
{
	begin(1024);
	for (unsigned i = 0; i < 100; i++) {
		char client[16];
		snprintf(client, sizeof(client), "%u.1", i);
		struct txn_holder_keys n = keys("a.example.com", client, (uint8_t)(i % 4));
		txn_holders_add(&h, &n, 1);
	}
	struct txn_holders_heaviest top = txn_holders_heaviest(&h);
	CU_ASSERT(top.kind == TXN_HOLDER_DOMAIN && top.slots >= 100 &&
		  top.other == TXN_HOLDER_CLIENT);
	free(memory);
	begin(1024);
	for (unsigned i = 0; i < 100; i++) {
		char name[32];
		snprintf(name, sizeof(name), "d%u.example", i);
		struct txn_holder_keys n = keys(name, "1.1", 1);
		txn_holders_add(&h, &n, 1);
	}
	top = txn_holders_heaviest(&h);
	CU_ASSERT(top.kind == TXN_HOLDER_CLIENT && top.slots >= 100 &&
		  top.other == TXN_HOLDER_SERVER);
	free(memory);
}

void test_txn_holders(void)
{
	CU_pSuite s = CU_add_suite("txn/holders", NULL, NULL);
	CU_add_test(s, "domains", domains);
	CU_add_test(s, "any octets", any_octets);
	CU_add_test(s, "networks", networks);
	CU_add_test(s, "counts", counts);
	CU_add_test(s, "spread over servers", spread);
}
