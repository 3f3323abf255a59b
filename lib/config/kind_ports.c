/* SPDX-License-Identifier: BSD-3-Clause */
/* The types PORTS and ANYPORTS: lists of ports and of ranges of ports. */
#include "config/conf_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define PORT_MAX 65535
#define RANGE_MIN 3 /* so many consecutive ports, or more, are written as a range */

struct range {
	uint64_t first, last;
};

static void ports_free(void *field)
{
	struct conf_ports *list = field;

	free(list->at);
	*list = (struct conf_ports){NULL, 0, false};
}

static int ports_copy(void *to, const void *from)
{
	const struct conf_ports *list = from;
	struct conf_ports *copy = to;

	*copy = *list;
	copy->at = malloc((list->count + 1) * sizeof(*copy->at));
	if (!copy->at)
		return -ENOMEM;
	memcpy(copy->at, list->at, list->count * sizeof(*copy->at));
	return 0;
}

static bool accepts_any(const struct conf_key *key)
{
	return key->type == CONF_ANYPORTS;
}

/* Parses "5300-5310". Returns false for anything else. */
static bool range_parse(const char *text, struct range *range)
{
	int end = 0;

	if (strspn(text, "0123456789-") != strlen(text) || text[0] == '-' || strlen(text) > 11)
		return false;
	return sscanf(text, "%" SCNu64 "-%" SCNu64 "%n", &range->first, &range->last, &end) == 2 &&
	       text[end] == '\0' && range->first >= 1 && range->first <= range->last &&
	       range->last <= PORT_MAX;
}

/* Parses one entry: a port, a range, or "any", for which first is 0. */
static int read_entry(const struct conf_key *key, size_t i, const cJSON *item, struct range *range,
	struct conf_error *err)
{
	char where[40];

	snprintf(where, sizeof(where), "entry %zu: ", i + 1);
	*range = (struct range){0, 0};
	if (!cJSON_IsString(item)) {
		int rc = conf_check_number(key, where, item, 1, PORT_MAX, &range->first, err);
		range->last = range->first;
		return rc;
	}
	if (accepts_any(key) && strcmp(item->valuestring, "any") == 0)
		return 0;
	if (range_parse(item->valuestring, range))
		return 0;
	return conf_fail_value(err, key, "%s\"%s\" is no range of ports", where,
		conf_excerpt(item->valuestring, 40).text);
}

/* Appends the ports of a range. Returns 0, -EINVAL, -ENOMEM. */
static int ports_add(const struct conf_key *key, struct conf_ports *list, const struct range *range,
	struct conf_error *err)
{
	size_t n = range->last - range->first + 1;

	if (list->count + n > PORT_MAX)
		return conf_fail_value(err, key, "the ranges overlap, or name a port twice");
	uint16_t *at = realloc(list->at, (list->count + n) * sizeof(*at));
	if (!at)
		return conf_fail(err, -ENOMEM, "out of memory");
	list->at = at;
	for (uint64_t port = range->first; port <= range->last; port++)
		at[list->count++] = (uint16_t)port;
	return 0;
}

static int ports_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	struct conf_ports list = {NULL, 0, false};
	size_t count = 0, i = 0;
	int rc = conf_check_list(key, json, &count, err);

	if (rc < 0)
		return rc;
	list.at = malloc(sizeof(*list.at)); /* not NULL, even for an empty list */
	if (!list.at)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (const cJSON *item = json->child; item && rc == 0; item = item->next, i++) {
		struct range range;
		rc = read_entry(key, i, item, &range, err);
		if (rc == 0 && range.first)
			rc = ports_add(key, &list, &range, err);
		else if (rc == 0)
			list.any = true;
	}
	if (rc < 0) {
		ports_free(&list);
		return rc;
	}
	ports_free(field);
	*(struct conf_ports *)field = list;
	return 0;
}

/* Makes JSON of 53,5353: adds the brackets, and quotes around a range or a word. */
static int ports_parse(const char *text, cJSON **json, struct conf_fault *fault)
{
	char *list = NULL;
	size_t size = 0;

	if (text[0] == '[')
		return conf_parse_json(text, json, fault);
	FILE *out = open_memstream(&list, &size);
	if (!out)
		return -ENOMEM;
	putc('[', out);
	for (const char *at = text; *at;) {
		int n = (int)strcspn(at, ",");
		bool quote = strcspn(at, "abcdefghijklmnopqrstuvwxyz-") < (size_t)n && *at != '-' &&
			     strcspn(at, "\"\\") >= (size_t)n;
		fprintf(out, quote ? "\"%.*s\"" : "%.*s", n, at);
		at += n;
		if (*at)
			putc(*at++, out);
	}
	putc(']', out);
	if (fclose(out) != 0) {
		free(list);
		return -ENOMEM;
	}
	int rc = conf_parse_json(list, json, fault);
	free(list);
	return rc;
}

static bool ports_equal(const void *a, const void *b)
{
	const struct conf_ports *x = a, *y = b;

	return x->count == y->count && x->any == y->any &&
	       memcmp(x->at, y->at, x->count * sizeof(*x->at)) == 0;
}

static void ports_write(FILE *out, const void *field)
{
	const struct conf_ports *list = field;
	const char *comma = "";

	putc('[', out);
	for (size_t i = 0, n; i < list->count; i += n, comma = ", ") {
		for (n = 1; i + n < list->count && list->at[i + n] == list->at[i] + n;)
			n++;
		if (n < RANGE_MIN)
			n = 1;
		if (n == 1)
			fprintf(out, "%s%u", comma, list->at[i]);
		else
			fprintf(out, "%s\"%u-%u\"", comma, list->at[i], list->at[i + n - 1]);
	}
	if (list->any)
		fprintf(out, "%s\"any\"", comma);
	putc(']', out);
}

static void ports_expects(struct text *t, const struct conf_key *key)
{
	text_format(t,
		"a list of %" PRIu64 " to %" PRIu64 " ports, each from 1 to %d, or ranges as "
		"5300-5310",
		key->min, key->max, PORT_MAX);
	if (accepts_any(key))
		text_lit(t, ", or any");
}

const struct conf_kind conf_kind_ports = {
	.read = ports_read,
	.parse = ports_parse,
	.free = ports_free,
	.copy = ports_copy,
	.equal = ports_equal,
	.write = ports_write,
	.expects = ports_expects,
};
