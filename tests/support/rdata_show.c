/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes RDATA as text for tests: reads lines "class type hex", where hex is "-" for no octets, and
 * writes a line "error text" each: what rdata_text() returns and appends. -q: as inside a JSON
 * string.
 */
#include "dns/rdata.h"

#include <stdio.h>
#include <stdlib.h>

/* Decodes `hex` into `to`. Returns the number of octets, or -1. */
static int octets_of(uint8_t *to, const char *hex)
{
	int n = 0;
	if (strcmp(hex, "-") == 0)
		return 0;
	for (; hex[0] && hex[1]; hex += 2, n++) {
		unsigned v;
		if (sscanf(hex, "%2x", &v) != 1)
			return -1;
		to[n] = (uint8_t)v;
	}
	return *hex ? -1 : n;
}

static void show(unsigned rrclass, unsigned type, const uint8_t *rdata, int n, bool quoted)
{
	static uint8_t wire[DNS_HEADER_LEN + 65536];
	static char buffer[4 << 20];
	struct text t = text_of(buffer, sizeof(buffer));
	struct name_space space = {wire, DNS_HEADER_LEN + (uint32_t)n};
	struct rr rr = {.rdata = DNS_HEADER_LEN,
		.type = (uint16_t)type,
		.rrclass = (uint16_t)rrclass,
		.rdlen = (uint16_t)n};
	t.quoted = quoted;
	memcpy(wire + DNS_HEADER_LEN, rdata, (size_t)n);
	enum dns_error error = rdata_text(&t, &space, &rr, NULL);
	printf("%s %.*s\n", t.full ? "full" : dns_error_name(error), (int)text_len(&t), buffer);
}

int main(int argc, char **argv)
{
	static char line[140000], hex[140000];
	static uint8_t rdata[70000];
	bool quoted = argc > 1 && strcmp(argv[1], "-q") == 0;
	while (fgets(line, sizeof(line), stdin)) {
		unsigned rrclass, type;
		if (sscanf(line, "%u %u %139999s", &rrclass, &type, hex) != 3)
			return 2;
		int n = octets_of(rdata, hex);
		if (n < 0 || n > 65535)
			return 2;
		show(rrclass, type, rdata, n, quoted);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
