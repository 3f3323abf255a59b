/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/blind.h"

#include "base/when.h"
#include "rx/linktype.h"

#include <inttypes.h>
#include <stdio.h>

#define CHECK_NS (INT64_C(60) * WHEN_NS_PER_S)
#define REPEAT_NS (INT64_C(3600) * WHEN_NS_PER_S)

/* Packets of an interval. */
struct share {
	uint64_t all, ethertype, link_type, deep, dns;
};

static void share_add(struct share *s, const struct metrics_packet *m, bool subtract)
{
	const uint64_t sign = subtract ? UINT64_MAX : 1; /* modulo 2^64 */
	const uint64_t *verdict = (const uint64_t *)m;

	for (size_t i = 0; i < sizeof(*m) / sizeof(uint64_t); i++)
		s->all += sign * verdict[i];
	s->all -= sign * (m->filtered + m->filter_unfit);
	s->ethertype += sign * m->other_ethertype;
	s->link_type += sign * m->other_link_type;
	s->deep += sign * m->too_deep;
	s->dns += sign * (m->dns + m->tcp_dns + m->fragment);
}

/* Writes " (most often 0x88cc)", or nothing where none was counted. */
static void name_ethertype(const struct heavy *ethertypes, char *to, size_t size)
{
	uint16_t type;

	*to = '\0';
	if (heavy_most(ethertypes, &type))
		snprintf(to, size, " (most often 0x%04x)", type);
}

/* Likewise " (most often 189, USB_LINUX)". */
static void name_link_type(const struct heavy *link_types, char *to, size_t size)
{
	uint16_t type;

	*to = '\0';
	if (heavy_most(link_types, &type) == 0)
		return;
	const char *name = linktype_name(type);
	snprintf(to, size, " (most often %u%s%s)", type, name ? ", " : "", name ? name : "");
}

bool blind_describe(
	const struct metrics_packet *before, const struct metrics_worker *now, struct text *out)
{
	struct share s = {0};

	share_add(&s, &now->packet, false);
	if (before)
		share_add(&s, before, true);
	const uint64_t unknown = s.ethertype + s.link_type + s.deep;
	if (unknown == 0 || unknown * 100 < s.all * BLIND_PERCENT ||
		(s.all < BLIND_MIN_PACKETS && s.dns))
		return false;
	text_format(out,
		"%" PRIu64 " of %" PRIu64 " packets (%" PRIu64 " %%) were not decoded:", unknown,
		s.all, unknown * 100 / s.all);
	char ethertype[48], link_type[64];
	name_ethertype(&now->ethertypes, ethertype, sizeof(ethertype));
	name_link_type(&now->link_types, link_type, sizeof(link_type));
	const struct {
		uint64_t n;
		const char *name, *most, *advice;
	} rows[] = {
		{s.ethertype, "other_ethertype", ethertype,
			"let the tap remove the headers it adds"},
		{s.link_type, "other_link_type", link_type, "capture with another link type"},
		{s.deep, "too_deep", "", "raise packet.max_depth"},
	};
	const char *before_row = " ";
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].n) {
			text_format(out, "%s%" PRIu64 " %s%s: %s", before_row, rows[i].n,
				rows[i].name, rows[i].most, rows[i].advice);
			before_row = "; ";
		}
	text_lit(out, "; DNS in them is missing from the output");
	return true;
}

bool blind_check(
	struct blind *b, const struct metrics_worker *now, int64_t now_ns, struct text *out)
{
	if (b->next_ns == 0)
		b->next_ns = now_ns + CHECK_NS;
	if (now_ns < b->next_ns)
		return false;
	uint64_t all = 0;
	for (size_t i = 0; i < sizeof(now->packet) / sizeof(uint64_t); i++)
		all += ((const uint64_t *)&now->packet)[i] - ((const uint64_t *)&b->before)[i];
	b->next_ns = now_ns + CHECK_NS;
	if (all < BLIND_MIN_PACKETS) /* too few to judge: they count at the next check */
		return false;
	bool warn = blind_describe(&b->before, now, out);
	b->before = now->packet;
	if (warn)
		b->next_ns = now_ns + REPEAT_NS;
	return warn;
}
