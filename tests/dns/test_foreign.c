/* SPDX-License-Identifier: BSD-3-Clause */
/* Other protocols on a DNS port, and malformed DNS, which stays malformed DNS. */
#include "dns/foreign.h"

#include "dns/msg.h"
#include "support/guard.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void test_dns_foreign(void);

/* A datagram: its first octets, then n octets in all of `fill`. */
static const struct sample {
	const char *name;
	const char *head;
	size_t head_len;
	uint32_t len;
	uint16_t other_port;
	uint8_t fill;
} samples[] = {
#define HEAD(octets) octets, sizeof(octets) - 1
	{"STUN", HEAD("\0\1\0\x08\x21\x12\xa4\x42"), 28, 3478, 7},
	{"STUN", HEAD("\1\1\0\x08\x21\x12\xa4\x42"), 28, 40000, 0},
	{"DTLS", HEAD("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x20"), 45, 4433, 1},
	{"DTLS", HEAD("\x17\xfe\xfd\0\1\0\0\0\0\0\5\0\x20"), 45, 0, 1},
	{"QUIC", HEAD("\xc3\0\0\0\1\x08"), 1200, 443, 0x11},
	{"QUIC", HEAD("\xd3\x6b\x33\x43\xcf\x08"), 1200, 8443, 0x11},
	{"QUIC", HEAD("\xc0\xff\0\0\x1d\x08"), 1200, 443, 0},
	{"QUIC", HEAD("\xc0Q050\x08"), 1200, 443, 3},
	{"QUIC", HEAD("\xca\x1a\x2a\x3a\x4a\x08"), 1200, 4433, 3},
	{"QUIC", HEAD("\x80\0\0\0\0\x08"), 60, 443, 0x31},
	{"QUIC", HEAD("\x51\x51"), 60, 443, 0x51},
	{"QUIC", HEAD("\x40\1\2\3\4\5\6\7\x08\x09\0\0\0\0\0\1\0\1"), 40, 443, 0},
	{"RTP", HEAD("\x80\0\0\1\0\0\0\xa0\xde\xad\xbe\xef"), 172, 40000, 0},
	{"RTP", HEAD("\x80\xe0\x81\1\x33\4\5\6\xde\xad\xbe\xef"), 172, 40000, 0xff},
	{"RTCP", HEAD("\x80\xc8\0\6\xde\xad\xbe\xef\xe1\2\3\4"), 28, 40001, 9},
	{"WireGuard", HEAD("\1\0\0\0"), 148, 51820, 0x99},
	{"WireGuard", HEAD("\4\0\0\0\x12\x34\x56\x78\0\0\0\0"), 1456, 40000, 0x99},
	{"NTP", HEAD("\x23"), 48, 123, 0},
	{"NTP", HEAD("\x24\2\6\xe9\0\0\4\x10\0\0\2\x10"), 48, 123, 3},
	{"a text protocol", HEAD("REGISTER sip:a SIP/2.0\r\n"), 300, 5060, 'x'},
	{"a text protocol", HEAD("M-SEARCH * HTTP/1.1\r\n"), 90, 1900, 'x'},
	{"a text protocol", HEAD("d1:ad2:id20:"), 90, 6881, 0x80},
	{"that of its other port", HEAD("\x40\0\0\x20"), 36, 3478, 0x99},
	{"that of its other port", HEAD("\xde\xad\xbe\xef\0\0\0\1"), 100, 4500, 0x99},
#undef HEAD
};

static const char *judge(const uint8_t *data, uint32_t len, uint32_t wire_len, uint16_t other)
{
	struct dns_foreign d = {
		.data = data, .len = len, .wire_len = wire_len, .other_port = other};
	return dns_foreign(&d);
}

/* Each is recognised, also if only twelve octets were captured; fewer are not enough. */
static void told(void)
{
	for (size_t i = 0; i < BITS_COUNT(samples); i++) {
		const struct sample *s = &samples[i];
		uint8_t buffer[1500];
		struct dns_msg msg;
		memset(buffer, s->fill, sizeof(buffer));
		memcpy(buffer, s->head, s->head_len);
		for (uint32_t cut = 0; cut < 2; cut++) {
			const uint32_t len = cut ? DNS_HEADER_LEN : s->len;
			uint8_t *p = guard_copy(buffer, len);
			const char *name = judge(p, len, s->len, s->other_port);
			guard_free(p, len);
			CU_ASSERT_PTR_NOT_NULL_FATAL(name);
			CU_ASSERT_STRING_EQUAL(name, s->name);
		}
		CU_ASSERT_PTR_NULL(judge(buffer, 11, s->len, s->other_port));
		/* and it would be asked */
		CU_ASSERT(dns_msg_read(&msg, buffer, s->len) != DNS_OK ||
			  msg.count[DNS_QUESTION] != 1);
	}
}

/*
 * Queries and replies with a malformed question, of every id: none is of another protocol, with any
 * client port, if their counts are those of a message.
 */
static void broken(void)
{
	static const uint16_t ports[] = {0, 443, 123, 500, 3478, 4500, 40000, 65535};
	unsigned wrong = 0;

	for (unsigned id = 0; id < 65536; id++)
		for (unsigned i = 0; i < 2 * BITS_COUNT(ports); i++) {
			uint8_t m[32] = {(uint8_t)(id >> 8), (uint8_t)id, i & 1 ? 0x81 : 1,
				i & 1 ? 0x80 : 0, 0, 1};
			m[12] = 0x7f; /* no label is so long */
			wrong += judge(m, sizeof(m), sizeof(m), ports[i / 2]) != NULL;
		}
	CU_ASSERT_EQUAL(wrong, 0);
}

void test_dns_foreign(void)
{
	CU_pSuite s = CU_add_suite("dns/foreign", NULL, NULL);
	CU_add_test(s, "other protocols are told", told);
	CU_add_test(s, "broken messages stay", broken);
}
