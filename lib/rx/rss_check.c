/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/rss_check.h"

#include "base/addr.h"
#include "metrics/metrics.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_net.h>

#define PTYPES (RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)

/* The fields of a packet that a NIC can hash. */
struct tuple {
	struct addr_pair addrs;
	uint16_t ports; /* exclusive or of both, in network byte order */
	uint64_t hf; /* RTE_ETH_RSS_ of its transport; 0 if it has no ports */
};

static bool addresses_of(struct tuple *t, const struct rte_mbuf *m, uint32_t ptype, uint32_t at)
{
	struct rte_ipv6_hdr buffer;
	if (RTE_ETH_IS_IPV4_HDR(ptype)) {
		const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, at, sizeof(*ip), &buffer);
		if (!ip)
			return false;
		t->addrs = addr_pair_of(addr_of_v4((const uint8_t *)&ip->src_addr),
			addr_of_v4((const uint8_t *)&ip->dst_addr));
		return true;
	}
	if (!RTE_ETH_IS_IPV6_HDR(ptype))
		return false;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_read(m, at, sizeof(*ip), &buffer);
	if (!ip)
		return false;
	t->addrs = addr_pair_of(addr_of_v6(ip->src_addr), addr_of_v6(ip->dst_addr));
	return true;
}

static bool tuple_of(struct tuple *t, const struct rte_mbuf *m)
{
	struct rte_net_hdr_lens lens = {0};
	uint32_t ptype = rte_net_get_ptype(m, &lens, PTYPES), l4 = ptype & RTE_PTYPE_L4_MASK;
	bool v4 = RTE_ETH_IS_IPV4_HDR(ptype);
	uint16_t buffer[2];

	*t = (struct tuple){.ports = 0};
	if (!addresses_of(t, m, ptype, lens.l2_len))
		return false;
	if (l4 != RTE_PTYPE_L4_UDP && l4 != RTE_PTYPE_L4_TCP)
		return true;
	const uint16_t *ports =
		rte_pktmbuf_read(m, (uint32_t)lens.l2_len + lens.l3_len, sizeof(buffer), buffer);
	if (!ports)
		return true;
	memcpy(buffer, ports, sizeof(buffer));
	t->ports = buffer[0] ^ buffer[1];
	if (l4 == RTE_PTYPE_L4_UDP)
		t->hf = v4 ? RTE_ETH_RSS_NONFRAG_IPV4_UDP : RTE_ETH_RSS_NONFRAG_IPV6_UDP;
	else
		t->hf = v4 ? RTE_ETH_RSS_NONFRAG_IPV4_TCP : RTE_ETH_RSS_NONFRAG_IPV6_TCP;
	return true;
}

static uint32_t both(uint16_t half)
{
	return (uint32_t)half << 16 | half;
}

static void check(struct rss_check *c, const struct rss *r, uint64_t rss_hf, uint16_t queue,
	const struct rte_mbuf *m)
{
	struct tuple t;
	if (!tuple_of(&t, m))
		return;
	uint32_t two = both(rss_hash(r, t.addrs.octets[ADDR_SRC], t.addrs.octets[ADDR_DST]));
	uint32_t four = two ^ both(rss_hash_word(r, t.ports));
	uint32_t expected = t.hf & rss_hf ? four : two;

	metrics_add(&c->packets, 1);
	metrics_add(&c->astray, rss_reta(r, expected & r->mask) != queue);
	if (!(m->ol_flags & RTE_MBUF_F_RX_RSS_HASH))
		return;
	metrics_add(&c->hashed, 1);
	if (m->hash.rss == expected)
		return;
	if (c->differ == 0)
		metrics_add(&c->sample, (uint64_t)m->hash.rss << 32 | expected);
	metrics_add(&c->differ, 1);
	metrics_add(&c->other, t.hf && m->hash.rss == (expected == two ? four : two));
}

bool rss_check_burst(struct rss_check *c, const struct rss *r, uint64_t rss_hf, uint16_t queue,
	struct rte_mbuf **packets, unsigned n)
{
	for (unsigned i = 0; i < n && c->packets < RSS_CHECK_PACKETS; i++)
		check(c, r, rss_hf, queue, packets[i]);
	return c->packets < RSS_CHECK_PACKETS;
}

void rss_check_add(struct rss_check *sum, const struct rss_check *c)
{
	sum->packets += metrics_read(&c->packets);
	sum->hashed += metrics_read(&c->hashed);
	sum->differ += metrics_read(&c->differ);
	sum->other += metrics_read(&c->other);
	sum->astray += metrics_read(&c->astray);
	if (sum->sample == 0)
		sum->sample = metrics_read(&c->sample);
}

enum rss_verdict rss_check_verdict(const struct rss_check *sum)
{
	if (sum->packets < RSS_CHECK_PACKETS)
		return RSS_TOO_FEW;
	if (sum->differ > sum->hashed / 4)
		return RSS_DIFFERS;
	return sum->astray > sum->packets / 4 ? RSS_ASTRAY : RSS_AGREES;
}
