/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/inner.h"

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
		.standard = s,                                                                     \
		.flag = f,                                                                         \
		.help = h},
#include "config/conf.def"
};

/* A number of a JSON text is a double to cJSON: a bound beyond 2^53 would not be kept exactly. */
#define KEY(t, field, p, s, lo, hi, w, f, h)                                                       \
	static_assert((lo) <= (hi) && (hi) < 1ull << 53, p ": bounds");                            \
	static_assert(sizeof("DNSLOUPE_" p) <= CONF_ENV_MAX, p ": too long a name");
#include "config/conf.def"

/* The words of all choices, and whose they are. */
static const struct choice {
	const char *word;
	int key;
} choices[CONF_CHOICES] = {
#define CHOICE(constant, field, w) [CONF_##constant] = {.word = w, .key = CONF_KEY_##field},
#include "config/conf.def"
};

/* The types. To add one: its functions in a kind file, its row here, its field type in conf.h. */
const struct conf_kind *conf_kind_of(const struct conf_key *key)
{
	static const struct conf_kind *const kinds[] = {
		[CONF_BOOL] = &conf_kind_bool,
		[CONF_NUMBER] = &conf_kind_number,
		[CONF_STRING] = &conf_kind_string,
		[CONF_STRINGS] = &conf_kind_strings,
		[CONF_PORTS] = &conf_kind_ports,
		[CONF_ENUM] = &conf_kind_enum,
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

	while (i < CONF_CHOICES && choices[i].key != key - conf_keys)
		i++;
	*first = (enum conf_choice)i;
	while (i < CONF_CHOICES && choices[i].key == key - conf_keys) {
		i++;
		count++;
	}
	return count;
}

int conf_init(struct conf *conf)
{
	struct conf_error err;

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < CONF_KEYS; i++) {
		if (conf_set_key(conf, conf_keys[i].path, conf_keys[i].standard, &err) < 0) {
			/* Nothing else can be wrong: a test sets every default on its own. */
			conf_free(conf);
			return -ENOMEM;
		}
	}
	return 0;
}

void conf_free(struct conf *conf)
{
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_kind *kind = conf_kind_of(&conf_keys[i]);
		if (kind->drop)
			kind->drop(conf_field(&conf_keys[i], conf));
	}
	memset(conf, 0, sizeof(*conf));
}

int conf_copy(struct conf *to, const struct conf *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		int rc = conf_kind_of(key)->copy(conf_field(key, to), conf_field_const(key, from));
		if (rc < 0) {
			conf_free(to);
			return rc;
		}
	}
	return 0;
}

bool conf_key_equal(const struct conf_key *key, const struct conf *a, const struct conf *b)
{
	return conf_kind_of(key)->equal(conf_field_const(key, a), conf_field_const(key, b));
}

bool conf_equal(const struct conf *a, const struct conf *b)
{
	for (size_t i = 0; i < CONF_KEYS; i++)
		if (!conf_key_equal(&conf_keys[i], a, b))
			return false;
	return true;
}

const struct conf_key *conf_find(const char *path)
{
	for (size_t i = 0; i < CONF_KEYS; i++)
		if (strcmp(conf_keys[i].path, path) == 0)
			return &conf_keys[i];
	return NULL;
}

void conf_env_name(const struct conf_key *key, char name[CONF_ENV_MAX])
{
	struct text t = text_of(name, CONF_ENV_MAX);

	text_lit(&t, "DNSLOUPE_");
	for (const char *p = key->path; *p; p++)
		text_char(&t, (char)(*p == '.' ? '_' : *p >= 'a' && *p <= 'z' ? *p - 32 : *p));
	text_char(&t, '\0');
}
