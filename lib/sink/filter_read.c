/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters from the words of the configuration. */
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

/* A kind of filter by words, of which number n shows as word(n). */
struct by_word {
	const char *key;
	const struct conf_strings *list;
	void (*word)(struct text *t, unsigned n);
	unsigned count; /* of numbers */
	const char *example;
};

/* Sets the bit of each word's number. 0 or -EINVAL. */
static int read_words(const struct by_word *w, uint8_t *map, struct conf_error *err)
{
	for (size_t i = 0; i < w->list->count; i++) {
		const char *wanted = w->list->at[i];
		unsigned n = 0;
		for (; n < w->count; n++) {
			char room[64];
			struct text t = text_of(room, sizeof(room) - 1);
			w->word(&t, n);
			*t.at = '\0';
			if (strcasecmp(room, wanted) == 0)
				break;
		}
		if (n == w->count)
			return conf_fail(err, -EINVAL,
				"filter.%s: entry %zu: unknown word \"%.100s\", expected words "
				"such as %s",
				w->key, i + 1, wanted, w->example);
		map[n / 8] |= (uint8_t)(1u << (n % 8));
	}
	return 0;
}

static int read_nets(struct filter *f, const struct conf_strings *list, struct conf_error *err)
{
	f->nets = calloc(list->count + 1, sizeof(*f->nets));
	if (!f->nets)
		return -ENOMEM;
	for (; f->n_nets < list->count; f->n_nets++) {
		const char *wrong = prefix_parse(&f->nets[f->n_nets], list->at[f->n_nets]);
		if (wrong)
			return conf_fail(err, -EINVAL,
				"filter.clients: entry %zu: \"%.100s\" is %s, expected such as "
				"192.0.2.0/24, 2001:db8::/32 or one address",
				f->n_nets + 1, list->at[f->n_nets], wrong);
	}
	return 0;
}

/* A name in presentation form (RFC 1035 section 5.1) into lower-case wire form. Octets, 0: wrong.
 */
static unsigned name_wire(const char *p, uint8_t *wire)
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

static int add_domain(struct filter *f, const uint8_t *wire, unsigned n)
{
	uint64_t h = FILTER_HASH;

	for (unsigned i = n; i > 0;)
		h = filter_hash(h, wire[--i]);
	size_t slot = filter_slot(f, h);
	while (f->domains[slot].len)
		slot = (slot + 1) & f->domains_mask;
	uint8_t *copy = malloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, wire, n);
	f->domains[slot] = (struct filter_domain){.hash = h, .len = (uint16_t)n, .wire = copy};
	f->n_domains++;
	return 0;
}

static int read_domains(struct filter *f, const struct conf_strings *list, struct conf_error *err)
{
	size_t size = 4;
	int rc = 0;

	while (size < 4 * list->count)
		size *= 2;
	f->domains_mask = size - 1;
	f->domains = calloc(size, sizeof(*f->domains));
	if (!f->domains)
		return -ENOMEM;
	for (size_t i = 0; i < list->count && rc == 0; i++) {
		uint8_t wire[NAME_WIRE_MAX];
		unsigned n = name_wire(list->at[i], wire);
		if (n == 0)
			return conf_fail(err, -EINVAL,
				"filter.domains: entry %zu: \"%.100s\" is no domain name", i + 1,
				list->at[i]);
		rc = add_domain(f, wire, n);
	}
	return rc;
}

int filter_init(struct filter *f, const struct conf_sink *conf, struct conf_error *err)
{
	const struct by_word types = {
		"qtypes", &conf->filter_qtypes, type_word, 65536, "A, AAAA, TYPE65280"};
	const struct by_word rcodes = {"rcodes", &conf->filter_rcodes, dns_rcode_text,
		FILTER_RCODES, "NOERROR, NXDOMAIN, RCODE23"};
	const struct by_word statuses = {"statuses", &conf->filter_statuses, status_word,
		RECORD_ENCRYPTED + 1,
		"answered, no_reply, no_query, mismatch, duplicate, malformed, encrypted"};

	memset(f, 0, sizeof(*f));
	int rc = read_words(&types, f->types, err);
	if (rc == 0)
		rc = read_words(&rcodes, f->rcodes, err);
	if (rc == 0)
		rc = read_words(&statuses, &f->statuses, err);
	if (rc == 0)
		rc = read_nets(f, &conf->filter_clients, err);
	if (rc == 0)
		rc = read_domains(f, &conf->filter_domains, err);
	if (rc < 0) {
		filter_free(f);
		return rc == -ENOMEM ? conf_fail(err, rc, "out of memory") : rc;
	}
	f->has_types = conf->filter_qtypes.count;
	f->has_rcodes = conf->filter_rcodes.count;
	for (unsigned i = 2; i < sizeof(f->rcodes); i++)
		f->has_high_rcodes |= f->rcodes[i] != 0;
	f->any = !f->has_types && !f->has_rcodes && !f->statuses && !f->n_nets && !f->n_domains;
	return 0;
}

void filter_free(struct filter *f)
{
	for (size_t i = 0; f->domains && i <= f->domains_mask; i++)
		free(f->domains[i].wire);
	free(f->domains);
	free(f->nets);
	memset(f, 0, sizeof(*f));
}
