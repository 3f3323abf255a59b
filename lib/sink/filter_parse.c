/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles filters from the configuration. */
#include "dns/rrtype.h"
#include "sink/filter_inner.h"

#include <errno.h>
#include <stdlib.h>

static void type_word(struct text *t, unsigned n)
{
	rrtype_text(t, (uint16_t)n);
}

static void status_word(struct text *t, unsigned n)
{
	static const char *const words[] = {[RECORD_ANSWERED] = "answered",
		[RECORD_NO_REPLY] = "no_reply",
		[RECORD_NO_QUERY] = "no_query",
		[RECORD_MISMATCH] = "mismatch",
		[RECORD_DUPLICATE] = "duplicate",
		[RECORD_MALFORMED] = "malformed",
		[RECORD_ENCRYPTED] = "encrypted"};
	text_str(t, words[n]);
}

/* A list of words; word(n) writes the word of number n. */
struct by_word {
	const char *key;
	const struct conf_strings *list;
	void (*word)(struct text *t, unsigned n);
	unsigned count; /* of numbers */
	const char *example;
};

/* Sets the bit of each word's number. Returns 0 or -EINVAL. */
static int parse_words(const struct by_word *w, uint8_t *map, struct conf_error *err)
{
	for (size_t i = 0; i < w->list->count; i++) {
		const char *wanted = w->list->at[i];
		unsigned n = 0;
		for (; n < w->count; n++) {
			char word[64];
			struct text t = text_of(word, sizeof(word) - 1);
			w->word(&t, n);
			*t.at = '\0';
			if (strcasecmp(word, wanted) == 0)
				break;
		}
		if (n == w->count)
			return conf_fail(err, -EINVAL,
				"filter.%s: entry %zu: unknown word \"%.100s\", expected a word "
				"such as %s",
				w->key, i + 1, wanted, w->example);
		map[n / 8] |= (uint8_t)(1u << (n % 8));
	}
	return 0;
}

static int parse_nets(struct filter_nets *nets, const char *key, const struct conf_strings *list,
	struct conf_error *err)
{
	nets->at = calloc(list->count + 1, sizeof(*nets->at));
	if (!nets->at)
		return -ENOMEM;
	for (; nets->count < list->count; nets->count++) {
		const char *wrong = prefix_parse(&nets->at[nets->count], list->at[nets->count]);
		if (wrong)
			return conf_fail(err, -EINVAL,
				"filter.%s: entry %zu: \"%.100s\" is %s, expected a network such "
				"as 192.0.2.0/24 or 2001:db8::/32, or one address",
				key, nets->count + 1, list->at[nets->count], wrong);
	}
	return 0;
}

/* Parses a name in presentation format (RFC 1035 section 5.1) into lower-case wire format. Returns
 * its octets; 0: invalid. */
static unsigned parse_name(const char *p, uint8_t *wire)
{
	unsigned n = 1, label = 0;

	if (strcmp(p, ".") == 0) {
		wire[0] = 0;
		return 1;
	}
	while (*p) {
		unsigned c = (uint8_t)*p++;
		if (c == '.') {
			if (n - label - 1 == 0)
				return 0;
			wire[label] = (uint8_t)(n - label - 1);
			label = n++;
			if (n > NAME_WIRE_MAX)
				return 0;
			continue;
		}
		if (c == '\\' && p[0] >= '0' && p[0] <= '9') {
			char *end, digits[4] = {p[0], p[1], p[1] ? p[2] : '\0', '\0'};
			c = (unsigned)strtoul(digits, &end, 10);
			if (end != digits + 3 || c > 255)
				return 0;
			p += 3;
		} else if (c == '\\') {
			c = (uint8_t)*p;
			if (!*p++)
				return 0;
		}
		if (n - label - 1 == 63 || n >= NAME_WIRE_MAX - 1)
			return 0;
		wire[n++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	if (n - label - 1 == 0)
		return label ? (wire[label] = 0, n) : 0;
	wire[label] = (uint8_t)(n - label - 1);
	wire[n] = 0;
	return n + 1;
}

static int add_domain(struct filter_domains *d, const uint8_t *wire, unsigned n)
{
	uint64_t h = FILTER_HASH;

	for (unsigned i = n; i > 0;)
		h = filter_hash(h, wire[--i]);
	size_t slot = filter_slot(d, h);
	while (d->at[slot].len)
		slot = (slot + 1) & d->mask;
	uint8_t *copy = malloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, wire, n);
	d->at[slot] = (struct filter_domain){.hash = h, .len = (uint16_t)n, .wire = copy};
	d->count++;
	return 0;
}

static int parse_domains(struct filter_domains *d, const char *key, const struct conf_strings *list,
	struct conf_error *err)
{
	size_t size = 4;
	int rc = 0;

	while (size < 4 * list->count)
		size *= 2;
	d->mask = size - 1;
	d->at = calloc(size, sizeof(*d->at));
	if (!d->at)
		return -ENOMEM;
	for (size_t i = 0; i < list->count && rc == 0; i++) {
		uint8_t wire[NAME_WIRE_MAX];
		unsigned n = parse_name(list->at[i], wire);
		if (n == 0)
			return conf_fail(err, -EINVAL,
				"filter.%s: entry %zu: \"%.100s\" is no domain name", key, i + 1,
				list->at[i]);
		rc = add_domain(d, wire, n);
	}
	return rc;
}

/* Parses the lists of words. Returns 0 or -EINVAL. */
static int parse_all_words(struct filter *f, const struct conf_sink *conf, struct conf_error *err)
{
	static const char types[] = "A, AAAA, TYPE65280", rcodes[] = "NOERROR, NXDOMAIN, RCODE23",
			  statuses[] = "answered, no_reply, no_query, mismatch, duplicate, "
				       "malformed, encrypted";
	enum { STATUSES = RECORD_ENCRYPTED + 1 };
	uint8_t not_statuses = 0;
	const struct {
		struct by_word by;
		uint8_t *map;
	} rows[] = {{{"qtypes", &conf->filter_qtypes, type_word, 65536, types}, f->types},
		{{"exclude.qtypes", &conf->filter_not_qtypes, type_word, 65536, types},
			f->not_types},
		{{"rcodes", &conf->filter_rcodes, dns_rcode_text, FILTER_RCODES, rcodes},
			f->rcodes},
		{{"statuses", &conf->filter_statuses, status_word, STATUSES, statuses},
			&f->statuses},
		{{"exclude.statuses", &conf->filter_not_statuses, status_word, STATUSES, statuses},
			&not_statuses}};
	int rc = 0;

	for (size_t i = 0; i < BITS_COUNT(rows) && rc == 0; i++)
		rc = parse_words(&rows[i].by, rows[i].map, err);
	if (conf->filter_statuses.count == 0)
		f->statuses = UINT8_MAX;
	f->statuses &= (uint8_t)~not_statuses;
	return rc;
}

/* Parses the lists of networks and of names. Returns 0, -EINVAL or -ENOMEM. */
static int parse_all_lists(struct filter *f, const struct conf_sink *conf, struct conf_error *err)
{
	const struct {
		const char *key;
		struct filter_nets *nets;
		struct filter_domains *domains;
		const struct conf_strings *list;
	} rows[] = {{"clients", &f->clients, NULL, &conf->filter_clients},
		{"servers", &f->servers, NULL, &conf->filter_servers},
		{"exclude.clients", &f->not_clients, NULL, &conf->filter_not_clients},
		{"exclude.servers", &f->not_servers, NULL, &conf->filter_not_servers},
		{"domains", NULL, &f->domains, &conf->filter_domains},
		{"exclude.domains", NULL, &f->not_domains, &conf->filter_not_domains}};
	int rc = 0;

	for (size_t i = 0; i < BITS_COUNT(rows) && rc == 0; i++)
		rc = rows[i].nets ? parse_nets(rows[i].nets, rows[i].key, rows[i].list, err)
				  : parse_domains(rows[i].domains, rows[i].key, rows[i].list, err);
	return rc;
}

int filter_init(struct filter *f, const struct conf_sink *conf, struct conf_error *err)
{
	memset(f, 0, sizeof(*f));
	int rc = parse_all_words(f, conf, err);
	if (rc == 0)
		rc = parse_all_lists(f, conf, err);
	if (rc < 0) {
		filter_free(f);
		return rc == -ENOMEM ? conf_fail(err, rc, "out of memory") : rc;
	}
	f->has_types = conf->filter_qtypes.count;
	f->has_not_types = conf->filter_not_qtypes.count;
	f->has_rcodes = conf->filter_rcodes.count;
	for (unsigned i = 2; i < sizeof(f->rcodes); i++)
		f->has_high_rcodes |= f->rcodes[i] != 0;
	f->any = !f->has_types && !f->has_not_types && !f->has_rcodes && f->statuses == UINT8_MAX &&
		 !f->clients.count && !f->servers.count && !f->not_clients.count &&
		 !f->not_servers.count && !f->domains.count && !f->not_domains.count;
	return 0;
}

static void free_domains(struct filter_domains *d)
{
	for (size_t i = 0; d->at && i <= d->mask; i++)
		free(d->at[i].wire);
	free(d->at);
}

void filter_free(struct filter *f)
{
	free_domains(&f->domains);
	free_domains(&f->not_domains);
	free(f->clients.at);
	free(f->servers.at);
	free(f->not_clients.at);
	free(f->not_servers.at);
	memset(f, 0, sizeof(*f));
}
