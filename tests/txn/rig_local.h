/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the local link for the transaction stage. */
#ifndef TESTS_TXN_RIG_LOCAL_H
#define TESTS_TXN_RIG_LOCAL_H

#include "txn/rig.h"

static struct rig *rig;
static struct wire w;

static const uint8_t a[4] = {192, 0, 2, 1}, b[4] = {192, 0, 2, 9}, c[4] = {192, 0, 2, 8};
static const uint8_t mdns[4] = {224, 0, 0, 251}, llmnr[4] = {224, 0, 0, 252};

static inline void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	rig_free(rig);
}

/* Sends the message in `w`. */
static inline void send_from(
	const uint8_t *src, unsigned sport, const uint8_t *dst, unsigned dport, int64_t ts_ns)
{
	struct pkt pkt = rig_pkt(&w, ts_ns);
	pkt.addrs = addr_pair_of(addr_of_v4(src), addr_of_v4(dst));
	pkt.sport = (uint16_t)sport;
	pkt.dport = (uint16_t)dport;
	rig_process_pkt(rig, &pkt);
}

static inline void question(unsigned id, unsigned flags, const char *name, unsigned type)
{
	wire_clear(&w);
	wire_header(&w, id, flags, 1, 0, 0, 0);
	wire_question(&w, name, type, 1);
}

/* Writes a reply with an answer and no question to `w`. */
static inline void answer(unsigned id, const char *name, unsigned type)
{
	wire_clear(&w);
	wire_header(&w, id, 0x8400, 0, 1, 0, 0);
	wire_rr(&w, name, type, 0x8001, 120, b, sizeof(b));
}

/* Checks that the only record is of a query of host a with a reply of this host. */
static inline const struct record *by(
	enum record_status status, int64_t ts_ns, const uint8_t *host, bool group)
{
	const struct record *r = rig_one(rig, status, ts_ns);
	struct addr_pair ends = addr_pair_of(addr_of_v4(a), addr_of_v4(host));
	CU_ASSERT_TRUE(addr_pair_equal(&r->addrs, &ends));
	CU_ASSERT_EQUAL(r->group, group);
	return r;
}

/* Random octets and more names than are indexed: every message is counted once. */
static inline void local_random_octets(unsigned seed)
{
	char name[16];
	for (unsigned i = 0; i < 60000; i++) {
		static const uint16_t ports[] = {5353, 5355, 137};
		unsigned port = ports[rand_r(&seed) % 3];
		const uint8_t *group = rand_r(&seed) % 2 ? mdns : a;
		snprintf(name, sizeof(name), "n%u", (unsigned)rand_r(&seed) % 9000);
		if (rand_r(&seed) % 2) {
			question(i % 3, 0x0010, name, 1);
			send_from(a, port, mdns, port, 1000 + i);
			continue;
		}
		answer(i % 3, name, 1);
		for (unsigned k = (unsigned)rand_r(&seed) % 4; k; k--)
			w.octets[4 + (unsigned)rand_r(&seed) % (w.len - 4)] =
				(uint8_t)rand_r(&seed);
		send_from(b, port, group, port, 1000 + i);
	}
	CU_ASSERT(rig->metrics.answered > 100 && rig->metrics.no_query > 1000);
	end();
}

#endif
