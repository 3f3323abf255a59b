/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/conf_inner.h"

#include <assert.h>
#include <errno.h>

#define FLAG(letter, name, value)                                                                  \
	{                                                                                          \
		letter, name, value                                                                \
	}
#define NO_FLAG                                                                                    \
	{                                                                                          \
		0, NULL, NULL                                                                      \
	}

const struct conf_key conf_keys[CONF_KEYS] = {
#define KEY(t, field, p, s, lo, hi, w, f, h)                                                       \
	[CONF_KEY_##field] = {.path = p,                                                           \
		.offset = offsetof(struct conf, field),                                            \
		.type = CONF_##t,                                                                  \
		.when = CONF_##w,                                                                  \
		.min = lo,                                                                         \
		.max = hi,                                                                         \
		.initial = s,                                                                      \
		.flag = f,                                                                         \
		.help = h},
#include "config/conf.def"
};

#define ALL UINT32_MAX
#define KIND(kind) (1u << (CONF_SINK_##kind - CONF_SINK_STDOUT))

const struct conf_key conf_sink_keys[CONF_SINK_KEYS] = {
#define SINK_KEY(t, field, p, s, lo, hi, k, h)                                                     \
	[CONF_SINK_KEY_##field] = {.path = p,                                                      \
		.offset = offsetof(struct conf_sink, field),                                       \
		.type = CONF_##t,                                                                  \
		.min = lo,                                                                         \
		.max = hi,                                                                         \
		.initial = s,                                                                      \
		.help = h,                                                                         \
		.kinds = k},
#include "config/sink.def"
};

/* cJSON stores a number as a double, which is exact up to 2^53 only. */
#define KEY(t, field, p, s, lo, hi, w, f, h)                                                       \
	static_assert((lo) <= (hi) && (hi) < 1ull << 53, p ": bounds");                            \
	static_assert(sizeof("DNSLOUPE_" p) <= CONF_ENV_MAX, p ": the variable's name is too "     \
							       "long");
#include "config/conf.def"
#define SINK_KEY(t, field, p, s, lo, hi, kinds, h)                                                 \
	static_assert((lo) <= (hi) && (hi) < 1ull << 53, p ": bounds");
#include "config/sink.def"

/* The words of all choices, each with its key. */
static const struct choice {
	const char *word;
	const struct conf_key *key;
} choices[CONF_CHOICES] = {
#define CHOICE(constant, field, w) [CONF_##constant] = {w, &conf_keys[CONF_KEY_##field]},
#include "config/conf.def"
#define SINK_CHOICE(constant, field, w)                                                            \
	[CONF_##constant] = {w, &conf_sink_keys[CONF_SINK_KEY_##field]},
#include "config/sink.def"
};

const struct conf_table conf_table_all = {conf_keys, CONF_KEYS, sizeof(struct conf), ""};
const struct conf_table conf_table_sink = {
	conf_sink_keys, CONF_SINK_KEYS, sizeof(struct conf_sink), ""};

/* To add a type: its operations in a kind file, a row here, its field type in conf.h. */
const struct conf_kind *conf_kind_of(const struct conf_key *key)
{
	static const struct conf_kind *const kinds[] = {
		[CONF_BOOL] = &conf_kind_bool,
		[CONF_NUMBER] = &conf_kind_number,
		[CONF_STRING] = &conf_kind_string,
		[CONF_SECRET] = &conf_kind_secret,
		[CONF_STRINGS] = &conf_kind_strings,
		[CONF_PAIRS] = &conf_kind_pairs,
		[CONF_PORTS] = &conf_kind_ports,
		[CONF_ANYPORTS] = &conf_kind_ports,
		[CONF_ENUM] = &conf_kind_enum,
		[CONF_SINKS] = &conf_kind_sinks,
	};
	return kinds[key->type];
}

const char *conf_choice_word(enum conf_choice choice)
{
	return choices[choice].word;
}

size_t conf_choices_of(const struct conf_key *key, enum conf_choice *first)
{
	size_t i = 0, count = 0;

	while (i < CONF_CHOICES && choices[i].key != key)
		i++;
	*first = (enum conf_choice)i;
	while (i < CONF_CHOICES && choices[i].key == key) {
		i++;
		count++;
	}
	return count;
}

int conf_init(struct conf *conf)
{
	return conf_table_init(&conf_table_all, conf);
}

void conf_free(struct conf *conf)
{
	conf_table_free(&conf_table_all, conf);
}

int conf_copy(struct conf *to, const struct conf *from)
{
	return conf_table_copy(&conf_table_all, to, from);
}

bool conf_key_equal(const struct conf_key *key, const struct conf *a, const struct conf *b)
{
	return conf_kind_of(key)->equal(conf_field_const(key, a), conf_field_const(key, b));
}

bool conf_equal(const struct conf *a, const struct conf *b)
{
	return conf_table_equal(&conf_table_all, a, b);
}

const struct conf_key *conf_find(const char *path)
{
	return conf_table_find(&conf_table_all, path);
}

void conf_env_name(const struct conf_key *key, char name[CONF_ENV_MAX])
{
	struct text t = text_of(name, CONF_ENV_MAX);

	text_lit(&t, "DNSLOUPE_");
	for (const char *p = key->path; *p; p++)
		text_char(&t, (char)(*p == '.' ? '_' : *p >= 'a' && *p <= 'z' ? *p - 32 : *p));
	text_char(&t, '\0');
}
