/* SPDX-License-Identifier: BSD-3-Clause */
/* layers.h, the limit of the depth, and the ports of tunnels. */
#include "packet/layers.h"
#include "packet/wire.h"

void test_packet_layers(void);

static const uint8_t message[] = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
static const uint8_t outer4[] = {198, 51, 100, 1, 198, 51, 100, 2};
static const uint8_t inner4[] = {192, 0, 2, 1, 192, 0, 2, 53};

const char *layers_name(enum packet_verdict verdict)
{
	static const char names[][24] = {
#define METRIC(name, help) #name,
#include "metrics/packet.def"
#undef METRIC
	};
	CU_ASSERT_FATAL((size_t)verdict < BITS_COUNT(names));
	return names[verdict];
}

static size_t size_of(const struct layers *m)
{
	return sizeof(m->octets) - m->start;
}

size_t layers_made(struct layers *m, const char *words)
{
	m->start = sizeof(m->octets);
	layers_make(m, words);
	return size_of(m);
}

static void front(struct layers *m, const void *p, size_t n)
{
	CU_ASSERT_FATAL(m->start >= n);
	m->start -= n;
	memcpy(m->octets + m->start, p, n);
}

static void front16(struct layers *m, size_t v)
{
	const uint8_t p[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	front(m, p, 2);
}

static void front_ipv6_ends(struct layers *m, uint8_t from, uint8_t to)
{
	uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = to};
	front(m, a, 16);
	a[15] = from;
	front(m, a, 16);
}

static void front_ip(struct layers *m, bool v6, bool outer, unsigned proto)
{
	size_t n = size_of(m);
	const uint8_t ttl_proto[2] = {64, (uint8_t)proto}, proto_ttl[2] = {(uint8_t)proto, 64};
	if (v6) {
		front_ipv6_ends(m, outer ? 0xa : 1, outer ? 0xb : 0x53);
		front(m, proto_ttl, 2);
		front16(m, n);
		front(m, "\x60\0\0", 4);
	} else {
		front(m, outer ? outer4 : inner4, 8);
		front(m, "\0", 2);
		front(m, ttl_proto, 2);
		front(m, "\x12\x34\x40", 4);
		front16(m, n + 20);
		front(m, "\x45", 2);
	}
}

static void front_transport(struct layers *m, bool tcp, unsigned port)
{
	size_t n = size_of(m);
	if (tcp) {
		front(m, "\0\0\0\7\0\0\0\x9\x50\x18\1\0\0\0\0", 16);
	} else {
		front(m, "\0", 2);
		front16(m, n + 8);
	}
	front16(m, port);
	front16(m, 4321);
}

static void front_hex(struct layers *m, const char *hex, size_t digits)
{
	uint8_t octets[128];
	CU_ASSERT_FATAL(digits % 2 == 0 && digits / 2 <= sizeof(octets));
	for (size_t i = 0; i < digits / 2; i++) {
		const char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		char *end;
		octets[i] = (uint8_t)strtoul(two, &end, 16);
		CU_ASSERT_EQUAL_FATAL(*end, '\0');
	}
	front(m, octets, digits / 2);
}

static void front_word(struct layers *m, const char *word, size_t n)
{
	const char *colon = memchr(word, ':', n);
	unsigned value = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	size_t length = size_of(m) + value;
	if (n == 3 && memcmp(word, "msg", 3) == 0) {
		front(m, message, sizeof(message));
	} else if (!colon) {
		front_hex(m, word, n);
	} else if (memcmp(word, "udp:", 4) == 0 || memcmp(word, "tcp:", 4) == 0) {
		front_transport(m, *word == 't', value);
	} else if (memcmp(word, "ip", 2) == 0) {
		front_ip(m, word[2] == '6', false, value);
	} else if (memcmp(word, "out", 3) == 0) {
		front_ip(m, word[3] == '6', true, value);
	} else if (memcmp(word, "eth:", 4) == 0) {
		front_hex(m, word + 4, n - 4);
		front(m, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	} else if (memcmp(word, "len:", 4) == 0) {
		front16(m, length);
	} else if (memcmp(word, "le:", 3) == 0) {
		front16(m, (length & 0xff) << 8 | length >> 8);
	} else {
		CU_FAIL_FATAL("an unknown word");
	}
}

void layers_make(struct layers *m, const char *words)
{
	const char *end = words + strlen(words);
	while (end > words) {
		const char *begin = end;
		while (begin > words && begin[-1] != ' ')
			begin--;
		if (end > begin)
			front_word(m, begin, (size_t)(end - begin));
		end = begin > words ? begin - 1 : begin;
	}
}

enum packet_verdict layers_walk(const struct packet_conf *conf, const struct layers *m,
	unsigned link, size_t len, size_t wire_len, struct pkt *pkt)
{
	uint8_t *p = guard_copy(m->octets + m->start, len);
	struct frame frame = {.data = p,
		.len = (uint32_t)len,
		.wire_len = (uint32_t)wire_len,
		.ts_ns = 11,
		.clock_ns = 12,
		.link_type = (uint16_t)link};
	memset(pkt, 0xee, sizeof(*pkt));
	enum packet_verdict verdict = packet_walk(conf, &frame, pkt);
	if (verdict == PACKET_dns || verdict == PACKET_tcp_dns || verdict == PACKET_fragment) {
		CU_ASSERT_FATAL(pkt->payload >= p && pkt->payload + pkt->len <= p + len);
		CU_ASSERT_FATAL(pkt->len <= pkt->wire_len && pkt->vlans <= PACKET_VLANS);
		CU_ASSERT(pkt->tunnel.type < TUNNEL_TYPES);
	}
	if (verdict == PACKET_dns)
		CU_ASSERT_EQUAL(memcmp(pkt->payload, message,
					pkt->len < sizeof(message) ? pkt->len : sizeof(message)),
			0);
	pkt->payload = NULL;
	guard_free(p, len);
	return verdict;
}

const struct packet_conf *layers_conf(void)
{
	static struct packet_conf conf;
	if (!packet_port_is(&conf, 53)) {
		packet_conf_init(&conf);
		packet_port_add(&conf, 53);
	}
	return &conf;
}

static void check_dns(const struct layers_case *c, const struct pkt *pkt)
{
	const struct tunnel *t = &pkt->tunnel;
	char vlans[64] = "";
	CU_ASSERT(pkt->len == LAYERS_MESSAGE && pkt->wire_len == LAYERS_MESSAGE && !pkt->cut);
	CU_ASSERT(pkt->sport == 4321 && pkt->dport == 53 && pkt->proto == PACKET_UDP);
	CU_ASSERT(memcmp(pkt->addrs.octets[ADDR_SRC] + 12,
			  pkt->addrs.family ? (const uint8_t *)"\0\0\0\1" : inner4, 4) == 0);
	CU_ASSERT_EQUAL(t->type, c->tunnel);
	CU_ASSERT_EQUAL(t->has_id, c->id >= 0);
	CU_ASSERT_EQUAL(t->id, c->id >= 0 ? (unsigned long)c->id : 0);
	CU_ASSERT_EQUAL(t->has_ends, c->ends != 0);
	CU_ASSERT_EQUAL(t->addrs.family, c->ends == 6 ? ADDR_IPV6 : ADDR_IPV4);
	if (c->ends == 4)
		CU_ASSERT(memcmp(t->addrs.octets[ADDR_SRC] + 12, outer4, 4) == 0 &&
			  memcmp(t->addrs.octets[ADDR_DST] + 12, outer4 + 4, 4) == 0);
	if (c->ends == 6)
		CU_ASSERT(t->addrs.octets[ADDR_SRC][15] == 0xa &&
			  t->addrs.octets[ADDR_DST][15] == 0xb);
	for (int i = 0; i < pkt->vlans; i++)
		snprintf(vlans + strlen(vlans), sizeof(vlans) - strlen(vlans), "%u ", pkt->vlan[i]);
	CU_ASSERT_STRING_EQUAL(vlans, c->vlans ? c->vlans : "");
}

/* A frame that the capture truncated ends as `cut`, or by a header in front of that. A frame that
 * is merely short may end with any verdict. */
static void check_truncations(const struct layers_case *c, const struct layers *m)
{
	size_t size = size_of(m);
	struct pkt pkt;
	for (size_t len = 0; len < size; len++) {
		const char *verdict =
			layers_name(layers_walk(layers_conf(), m, c->link, len, size, &pkt));
		bool right = strcmp(verdict, c->verdict) == 0 || strcmp(verdict, "cut") == 0;
		if (!right)
			printf("%s, cut to %zu: %s\n", c->what, len, verdict);
		CU_ASSERT_TRUE(right);
		if (strcmp(verdict, "dns") == 0)
			CU_ASSERT_EQUAL(pkt.cut, pkt.len < LAYERS_MESSAGE);
		layers_walk(layers_conf(), m, c->link, len, len, &pkt);
	}
}

void layers_check(const struct layers_case *cases, size_t n)
{
	static struct layers m;
	for (size_t i = 0; i < n; i++) {
		const struct layers_case *c = &cases[i];
		struct pkt pkt;
		size_t n_octets = layers_made(&m, c->words);
		unsigned failed = CU_get_number_of_failures();
		const char *verdict = layers_name(
			layers_walk(layers_conf(), &m, c->link, n_octets, n_octets, &pkt));
		if (strcmp(verdict, c->verdict) != 0)
			printf("%s: %s, not %s\n", c->what, verdict, c->verdict);
		CU_ASSERT_STRING_EQUAL(verdict, c->verdict);
		if (strcmp(verdict, "dns") == 0)
			check_dns(c, &pkt);
		check_truncations(c, &m);
		if (CU_get_number_of_failures() != failed)
			printf("%s: wrong\n", c->what);
	}
}

/* A layer repeated a hundred times: the walk ends, at every length. */
static void bombs(void)
{
	static const struct {
		unsigned link;
		const char *first, *again, *last;
	} cases[] = {
		{1, "eth:0800", "out4:4", D4},
		{1, "eth:86dd", "out6:41", D6},
		{1, "eth:0800", "out4:41 out6:4", D4},
		{1, "eth:0800", "out4:47 00000800", D4},
		{1, "eth:0800", "out4:47 00006558 eth:0800", D4},
		{1, "eth:0800", "out4:17 udp:4789 0800000000000100 eth:0800", D4},
		{1, "eth:0800", "out4:17 udp:6081 0000655800000100 eth:0800", D4},
		{1, "eth:0800", "out4:17 udp:2152 30ff len:0 00000001", D4},
		{1, "eth:86dd out6:60", "3c00010400000000", "1100010400000000 udp:53 msg"},
		{1, "eth:8847", "00001100 eth:8847", "00001100 " D4},
		{1, "eth:8864", "11000001 len:0 0021 out4:47 00008864", "11000001 len:0 0021 " D4},
		{1, "eth:88e7", "00000000 eth:88e7", "00000000 eth:0800 " D4},
		{1, "eth:22f3", "000000010002 eth:22f3", "000000010002 eth:0800 " D4},
		{1, "eth:894f", "0002010400000000", "0002010100000000 " D4},
		{1, "eth:0800", "out4:17 udp:37008 01000001 01 eth:0800", D4},
		{192, "", "00000800c0000000", "0000080001000000 eth:0800 " D4},
		{258, "", "0c00000001000000 02010000", "0c0000000100000001000000 eth:0800 " D4},
		{1, "eth:8870", "aaaa030080c20007 eth:8870", "aaaa030000000800 " D4},
	};
	static struct layers m;
	/* Tags in a row count as one layer. */
	struct pkt tagged;
	layers_made(&m, "00010800 " D4);
	for (int k = 0; k < 100; k++)
		layers_make(&m, "00018100");
	layers_make(&m, "eth:8100");
	CU_ASSERT_EQUAL(
		layers_walk(layers_conf(), &m, 1, size_of(&m), size_of(&m), &tagged), PACKET_dns);
	CU_ASSERT_EQUAL(tagged.vlans, PACKET_VLANS);
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		struct pkt pkt;
		layers_made(&m, cases[i].last);
		for (int k = 0; k < 100; k++)
			layers_make(&m, cases[i].again);
		layers_make(&m, cases[i].first);
		size_t n = size_of(&m);
		const char *verdict =
			layers_name(layers_walk(layers_conf(), &m, cases[i].link, n, n, &pkt));
		if (strcmp(verdict, "too_deep") != 0)
			printf("%s: %s\n", cases[i].again, verdict);
		CU_ASSERT_STRING_EQUAL(verdict, "too_deep");
		for (size_t len = 0; len < n; len += 7)
			layers_walk(layers_conf(), &m, cases[i].link, len, n, &pkt);
	}
}

/* Three nested tunnels are within the limit, and the record names the innermost. */
static void nested(void)
{
	static const struct layers_case cases[] = {
		{"VXLAN in GRE in a VLAN", 1,
			"eth:8100 00050800 ip4:47 000086dd out6:17 udp:4789 0800000000002a00 "
			"eth:8100 00070800 " D4,
			"dns", TUNNEL_vxlan, 42, 6, "5 7 "},
		{"GTP in VXLAN in MPLS", 1,
			"eth:8847 00064100 ip4:17 udp:4789 0800000000002a00 eth:0800 out4:17 "
			"udp:2152 "
			"30ff len:0 00000009 " D6,
			"dns", TUNNEL_gtp, 9, 4, ""},
	};
	layers_check(cases, BITS_COUNT(cases));
}

/* The configuration limits the layers of a walk. */
static void depth(void)
{
	static struct packet_conf conf;
	static struct layers m;
	struct pkt pkt;
	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
	layers_made(&m, D4);
	for (int k = 0; k < 16; k++)
		layers_make(&m, "out4:47 00000800");
	layers_make(&m, "eth:0800");
	size_t n = size_of(&m);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_dns);
	conf.max_depth = 16;
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_too_deep);
}

/* A datagram without a length (segmentation offload) has at most IP_MAX octets. */
static void unbounded(void)
{
	static uint8_t octets[144000] = {0x45, [9] = 17, [12] = 192, 0, 2, 1, 192, 0, 2, 53, 0, 53};
	struct frame frame = {.data = octets, .link_type = FRAME_LINK_RAW};
	struct pkt pkt;
	frame.len = frame.wire_len = 20 + IP_MAX;
	CU_ASSERT_EQUAL(packet_walk(layers_conf(), &frame, &pkt), PACKET_dns);
	CU_ASSERT_EQUAL(pkt.wire_len, IP_MAX - 8);
	frame.len = frame.wire_len = 20 + IP_MAX + 1;
	CU_ASSERT_EQUAL(packet_walk(layers_conf(), &frame, &pkt), PACKET_bad_udp);
	frame.len = frame.wire_len = sizeof(octets);
	CU_ASSERT_EQUAL(packet_walk(layers_conf(), &frame, &pkt), PACKET_bad_udp);
	/* The capture truncated it: the length of the frame on the wire decides. */
	frame.len = 100;
	frame.wire_len = 1000;
	CU_ASSERT_EQUAL(packet_walk(layers_conf(), &frame, &pkt), PACKET_dns);
	CU_ASSERT(pkt.wire_len == 972 && pkt.len == 72 && pkt.cut);
	frame.wire_len = sizeof(octets);
	CU_ASSERT_EQUAL(packet_walk(layers_conf(), &frame, &pkt), PACKET_bad_udp);
}

/* A DNS port has precedence over a tunnel's. The ports of a kind can be changed, also to none. */
static void ports(void)
{
	static const uint16_t other[] = {5000, 5001};
	static struct packet_conf conf;
	static struct layers m;
	struct pkt pkt;
	packet_conf_init(&conf);
	size_t n = layers_made(&m, "eth:0800 out4:17 udp:4789 0800000000002a00 eth:0800 " D4);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_other_port);
	packet_port_add(&conf, 53);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_dns);
	packet_tunnel_ports(&conf, PACKET_TUNNEL_vxlan, other, 2);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_other_port);
	n = layers_made(&m, "eth:0800 out4:17 udp:5001 0800000000002a00 eth:0800 " D4);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_dns);
	packet_tunnel_ports(&conf, PACKET_TUNNEL_vxlan, NULL, 0);
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_other_port);
	packet_conf_init(&conf);
	packet_port_add(&conf, 4321);
	n = layers_made(&m, "eth:0800 ip4:17 udp:4789 msg");
	CU_ASSERT_EQUAL(layers_walk(&conf, &m, 1, n, n, &pkt), PACKET_dns);
	CU_ASSERT_EQUAL(pkt.tunnel.type, TUNNEL_none);
}

void test_packet_layers(void)
{
	CU_pSuite s = CU_add_suite("packet/layers", NULL, NULL);
	CU_add_test(s, "bombs", bombs);
	CU_add_test(s, "nested", nested);
	CU_add_test(s, "depth", depth);
	CU_add_test(s, "no length", unbounded);
	CU_add_test(s, "ports", ports);
}
