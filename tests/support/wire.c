/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wire_clear(struct wire *w)
{
	w->len = 0;
}

void wire_put(struct wire *w, const void *p, size_t n)
{
	if (n > WIRE_MAX - w->len)
		abort();
	if (n)
		memcpy(w->octets + w->len, p, n);
	w->len += (uint32_t)n;
}

void wire_u8(struct wire *w, unsigned v)
{
	uint8_t octet = (uint8_t)v;
	wire_put(w, &octet, 1);
}

void wire_u16(struct wire *w, unsigned v)
{
	wire_u8(w, v >> 8);
	wire_u8(w, v);
}

void wire_u32(struct wire *w, uint32_t v)
{
	wire_u16(w, v >> 16);
	wire_u16(w, v & 0xffff);
}

void wire_fill(struct wire *w, unsigned v, size_t n)
{
	while (n--)
		wire_u8(w, v);
}

void wire_hex(struct wire *w, const char *hex)
{
	for (; *hex; hex++) {
		unsigned v;
		if (*hex == ' ')
			continue;
		if (sscanf(hex, "%2x", &v) != 1)
			abort();
		wire_u8(w, v);
		hex++;
	}
}

void wire_name(struct wire *w, const char *dotted)
{
	while (*dotted) {
		size_t n = strcspn(dotted, ".");
		wire_u8(w, (unsigned)n);
		wire_put(w, dotted, n);
		dotted += n + (dotted[n] == '.');
	}
	wire_u8(w, 0);
}

void wire_header(struct wire *w, unsigned id, unsigned flags, unsigned qd, unsigned an, unsigned ns,
	unsigned ar)
{
	wire_u16(w, id);
	wire_u16(w, flags);
	wire_u16(w, qd);
	wire_u16(w, an);
	wire_u16(w, ns);
	wire_u16(w, ar);
}

void wire_question(struct wire *w, const char *name, unsigned type, unsigned rrclass)
{
	wire_name(w, name);
	wire_u16(w, type);
	wire_u16(w, rrclass);
}

void wire_rr(struct wire *w, const char *name, unsigned type, unsigned rrclass, uint32_t ttl,
	const void *rdata, size_t rdlen)
{
	wire_question(w, name, type, rrclass);
	wire_u32(w, ttl);
	wire_u16(w, (unsigned)rdlen);
	wire_put(w, rdata, rdlen);
}

void wire_message(struct wire *w, unsigned id, unsigned flags, const char *name, unsigned type)
{
	wire_clear(w);
	wire_header(w, id, flags, 1, 0, 0, 0);
	wire_question(w, name, type, 1);
}

void wire_ethernet(struct wire *w, unsigned ethertype)
{
	wire_hex(w, "020000000001 020000000002");
	wire_u16(w, ethertype);
}

void wire_ipv4(struct wire *w, unsigned protocol, size_t payload)
{
	wire_hex(w, "4500");
	wire_u16(w, (unsigned)(20 + payload));
	wire_hex(w, "12344000 40");
	wire_u8(w, protocol);
	wire_hex(w, "0000 c0000201 c0000235");
}

void wire_ipv6(struct wire *w, unsigned next, size_t payload)
{
	wire_hex(w, "60000000");
	wire_u16(w, (unsigned)payload);
	wire_u8(w, next);
	wire_hex(w, "40 20010db8000000000000000000000001 20010db8000000000000000000000053");
}

void wire_udp(struct wire *w, unsigned sport, unsigned dport, size_t payload)
{
	wire_u16(w, sport);
	wire_u16(w, dport);
	wire_u16(w, (unsigned)(8 + payload));
	wire_u16(w, 0);
}
