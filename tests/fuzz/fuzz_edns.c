/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the options of OPT records. */
#include "dns/edns.h"
#include "support/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUFFER_BYTES = 1 << 19 };

static void check_numbers(const struct text *t, bool list)
{
	for (const char *p = t->start; p < t->at; p++)
		shown_demand(
			(*p >= '0' && *p <= '9') || (list && *p == ','), "octets behind a number");
}

static void show(const struct edns_option *o)
{
	static char plain_buffer[BUFFER_BYTES], quoted_buffer[BUFFER_BYTES];
	struct text plain = text_of(plain_buffer, BUFFER_BYTES),
		    quoted = text_of(quoted_buffer, BUFFER_BYTES);
	enum edns_kind kind, again;
	struct edns_ede ede;
	quoted.quoted = true;
	enum dns_error error = edns_option_text(&plain, o, &kind);
	shown_demand(error == edns_option_text(&quoted, o, &again) && kind == again,
		"another result inside JSON");
	shown_demand(!plain.full && !quoted.full, "a text that is too long");
	shown_same(&plain, &quoted);
	if (edns_kind_is_number(kind))
		check_numbers(&plain, false);
	if (edns_kind_is_numbers(kind))
		check_numbers(&plain, true);
	if (kind != EDNS_KIND_EDE)
		shown_ascii(&plain);
	if (edns_ede_of(o, &ede))
		shown_demand(ede.text_len <= o->len - 2, "more text than octets");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65535)
		return 0;
	struct edns e = {.options_len = (uint16_t)size};
	struct name_space space = {data, (uint32_t)size};
	struct edns_iter it = edns_iter_of(&e, &space);
	struct edns_option o;
	size_t taken = 0;
	while (edns_next(&it, &o)) {
		taken += 4u + o.len;
		shown_demand(o.data + o.len == data + taken, "an option in the wrong place");
		show(&o);
	}
	shown_demand(it.c.bad || taken == size, "options that were skipped");
	return 0;
}
