/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/checksum.h"

#include "support/guard.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>

void test_packet_checksum(void);

/* Returns the sum of 16-bit words in network order (RFC 1071 section 1). */
static uint32_t words(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Makes a packet with `n` octets of payload and without a checksum. */
static void make(struct wire *w, bool udp, bool v6, size_t n)
{
	size_t header = udp ? 8 : 24;
	wire_clear(w);
	if (v6)
		wire_ipv6(w, udp ? 17 : 6, header + n);
	else
		wire_ipv4(w, udp ? 17 : 6, header + n);
	wire_u16(w, 4001);
	wire_u16(w, 53);
	if (udp) {
		wire_u16(w, (unsigned)(header + n));
		wire_u16(w, 0);
	} else {
		wire_hex(w, "01020304 05060708 6018 ffff 0000 0000 020405b4");
	}
	for (size_t i = 0; i < n; i++)
		wire_u8(w, (unsigned)(i * 7 + n) & 255);
}

static enum packet_checksum verdict(
	const struct wire *w, bool udp, bool v6, uint32_t len, uint16_t sent)
{
	static struct packet_conf conf;
	uint32_t ip = v6 ? 40 : 20, at = ip + (udp ? 6 : 16);
	struct pkt pkt;
	uint8_t *p = guard_copy(w->octets, len);
	p[at] = (uint8_t)(sent >> 8);
	p[at + 1] = (uint8_t)sent;
	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
	struct frame frame = {
		.data = p, .len = len, .wire_len = w->len, .link_type = FRAME_LINK_RAW};
	enum packet_verdict walked = packet_walk(&conf, &frame, &pkt);
	CU_ASSERT_FATAL(walked == PACKET_dns || walked == PACKET_tcp_dns);
	enum packet_checksum result = packet_checksum(&pkt);
	guard_free(p, len);
	return result;
}

static void check(bool udp, bool v6, size_t n)
{
	static struct wire w;
	make(&w, udp, v6, n);
	uint32_t ip = v6 ? 40 : 20, transport = w.len - ip;
	uint32_t pseudo = words(w.octets + (v6 ? 8 : 12), v6 ? 32 : 8) + transport + (udp ? 17 : 6);
	uint16_t right = (uint16_t)~folded(pseudo + words(w.octets + ip, transport));
	CU_ASSERT_EQUAL(verdict(&w, udp, v6, w.len, right), PACKET_CHECKSUM_RIGHT);
	CU_ASSERT_EQUAL(verdict(&w, udp, v6, w.len, right ^ 0x0100), PACKET_CHECKSUM_WRONG);
	CU_ASSERT_EQUAL(verdict(&w, udp, v6, w.len, folded(pseudo)), PACKET_CHECKSUM_PARTIAL);
	CU_ASSERT_EQUAL(verdict(&w, udp, v6, w.len, 0),
		udp ? PACKET_CHECKSUM_UNKNOWN : PACKET_CHECKSUM_WRONG);
	CU_ASSERT_EQUAL(verdict(&w, udp, v6, w.len - 1, right), PACKET_CHECKSUM_UNKNOWN);
}

static void verdicts(void)
{
	for (int way = 0; way < 4; way++)
		for (size_t n = 12; n < 80; n++)
			check(way & 1, way & 2, n);
	check(true, false, 65000);
	check(false, true, 65000);
}

/* The NIC verifies the outermost transport: its verdict counts only for a packet without a tunnel.
 */
static void verified(void)
{
	static struct packet_conf conf;
	static struct wire w;
	static const char *const tags[] = {"", "8100 0007"};

	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
	for (unsigned udp = 0; udp < 2; udp++)
		for (unsigned tunnel = 0; tunnel < 2; tunnel++)
			for (size_t i = 0; i < BITS_COUNT(tags); i++) {
				struct pkt pkt;
				size_t header = udp ? 8 : 20, n = 40;
				wire_clear(&w);
				wire_hex(&w, "020000000002020000000001");
				wire_hex(&w, tags[i]);
				wire_hex(&w, "0800");
				if (tunnel)
					wire_ipv4(&w, 4, 20 + header + n);
				wire_ipv4(&w, udp ? 17 : 6, header + n);
				wire_hex(&w, "0035 1000");
				wire_hex(&w, udp ? "0030 1234"
						 : "01020304 05060708 5018 ffff 1234 0000");
				wire_fill(&w, 7, n);
				for (uint8_t said = 0; said < 2; said++) {
					struct frame frame = {.data = w.octets,
						.len = w.len,
						.wire_len = w.len,
						.link_type = FRAME_LINK_ETHERNET,
						.verified = said};
					packet_walk(&conf, &frame, &pkt);
					CU_ASSERT_EQUAL(packet_checksum(&pkt),
						said && !tunnel ? PACKET_CHECKSUM_RIGHT
								: PACKET_CHECKSUM_WRONG);
				}
			}
}

void test_packet_checksum(void)
{
	CU_pSuite suite = CU_add_suite("packet/checksum", NULL, NULL);
	CU_add_test(suite, "verified by the NIC", verified);
	CU_add_test(suite, "right, wrong, partial, unknown", verdicts);
}
