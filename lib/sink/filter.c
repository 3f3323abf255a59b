/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/filter_inner.h"

#include "dns/edns.h"

static inline bool has_bit(const uint8_t *map, unsigned i)
{
	return map[i / 8] >> (i % 8) & 1;
}

void filter_parse_record(const struct record *r, struct filter_view *view)
{
	if (view->parsed)
		return;
	view->parsed = true;
	if (r->status == RECORD_ENCRYPTED) { /* has no message */
		view->asked.name_len = 0;
		view->name = NULL;
		view->has_reply = false;
		return;
	}
	const uint8_t *data = r->query_len ? record_query(r) : record_reply(r);
	uint32_t len = r->query_len ? r->query_len : r->reply_len;
	dns_msg_read(&view->asked, data, len);
	view->name = view->asked.name_len ? data + DNS_HEADER_LEN : NULL;
	/* The response code is in the fourth octet (RFC 1035 section 4.1.1). */
	view->has_reply = r->reply_len >= 4;
	if (view->has_reply)
		dns_msg_read(&view->reply, record_reply(r), r->reply_len);
}

static bool has_addr(const struct filter_nets *nets, const struct record *r, enum addr_end end)
{
	struct addr addr = addr_pair_get(&r->addrs, end);
	for (size_t i = 0; i < nets->count; i++)
		if (prefix_has(&nets->at[i], &addr))
			return true;
	return false;
}

static bool match_nets(const struct filter *f, const struct record *r)
{
	if (f->clients.count && !has_addr(&f->clients, r, ADDR_CLIENT))
		return false;
	if (f->servers.count && !has_addr(&f->servers, r, ADDR_SERVER))
		return false;
	return !has_addr(&f->not_clients, r, ADDR_CLIENT) &&
	       !has_addr(&f->not_servers, r, ADDR_SERVER);
}

static bool match_rcode(const struct filter *f, const struct record *r, struct filter_view *view)
{
	struct edns edns = {0};

	if (!view->has_reply)
		return false;
	/* The upper bits are in the OPT record (RFC 6891 section 6.1.3); find it only if they
	 * count. */
	if (f->has_high_rcodes || has_bit(f->rcodes, dns_rcode(view->reply.flags)))
		edns_find(&edns, &view->reply, record_reply(r), r->reply_len);
	else
		return false;
	return has_bit(f->rcodes, edns_rcode(&edns, view->reply.flags));
}

static bool has_domain(const struct filter_domains *d, uint64_t h, const uint8_t *wire, size_t n)
{
	for (size_t i = filter_slot(d, h); d->at[i].len; i = (i + 1) & d->mask)
		if (d->at[i].hash == h && d->at[i].len == n && memcmp(d->at[i].wire, wire, n) == 0)
			return true;
	return false;
}

/* True if the name of the first question is one of the list, or below one. */
static bool match_domain(const struct filter_domains *d, const struct filter_view *view)
{
	uint8_t lower[NAME_WIRE_MAX], labels[NAME_WIRE_MAX / 2 + 1];
	unsigned n = view->asked.name_len, count = 0;

	if (!view->name)
		return false;
	name_fold(lower, view->name, n);
	for (unsigned at = 0; at < n; at += lower[at] + 1u)
		labels[count++] = (uint8_t)at;
	uint64_t h = FILTER_HASH;
	for (unsigned at = n; count > 0;) {
		unsigned begin = labels[--count];
		while (at > begin)
			h = filter_hash(h, lower[--at]);
		if (has_domain(d, h, lower + begin, n - begin))
			return true;
	}
	return false;
}

bool filter_match(const struct filter *f, const struct record *r, struct filter_view *view)
{
	if (bits_likely(f->any))
		return true;
	if (!(f->statuses >> r->status & 1) || !match_nets(f, r))
		return false;
	if (!f->has_types && !f->has_not_types && !f->has_rcodes && !f->domains.count &&
		!f->not_domains.count)
		return true;
	filter_parse_record(r, view);
	if (f->has_types && !(view->name && has_bit(f->types, view->asked.qtype)))
		return false;
	if (f->has_not_types && view->name && has_bit(f->not_types, view->asked.qtype))
		return false;
	if (f->has_rcodes && !match_rcode(f, r, view))
		return false;
	if (f->not_domains.count && match_domain(&f->not_domains, view))
		return false;
	return !f->domains.count || match_domain(&f->domains, view);
}
