/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/forerunner.h"

#include "base/bits.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define MIGRATE "; scripts/migrate converts the whole command line into a configuration"

static const struct forerunner {
	const char *flag;
	bool value;
	const char *ours; /* the equivalent; a value follows after a flag or "="; NULL: none */
} flags[] = {
#define FORERUNNER(flag, value, ours) {flag, value, ours},
#include "app/forerunner.def"
#undef FORERUNNER
};

/* Returns the row of a word -flag or -flag=value and points to its value, or NULL. Two dashes count
 * if the name is none of ours. */
static const struct forerunner *find_flag(
	const char *word, const char *next, forerunner_ours *ours, const char **value)
{
	if (word[0] != '-')
		return NULL;
	const char *name = word + 1 + (word[1] == '-');
	const size_t n = strcspn(name, "=");
	for (size_t i = 0; i < BITS_COUNT(flags); i++) {
		const struct forerunner *f = &flags[i];
		if (strlen(f->flag) != n || memcmp(f->flag, name, n) != 0)
			continue;
		if (name > word + 1 && ours(f->flag))
			return NULL;
		*value = name[n] == '=' ? name + n + 1 : f->value && next ? next : "";
		return f;
	}
	return NULL;
}

/* Returns the value, or "..." if a shell or a list of key=value would need quotes for it. */
static const char *shown(const char *value)
{
	return *value && strlen(value) < 128 && !value[strcspn(value, " ,\"'\\$`;&|<>()*?")]
		       ? value
		       : "...";
}

static void report_flag(const struct forerunner *f, const char *value)
{
	const size_t n = f->ours ? strlen(f->ours) : 0;

	if (!f->ours)
		log_error("-%s is a flag of gopassivedns without an equivalent here: remove "
			  "it" MIGRATE,
			f->flag);
	else if (f->value && (f->ours[n - 1] == '=' || !strchr(f->ours, ' ')))
		log_error("-%s is a flag of gopassivedns: here it is %s%s%s" MIGRATE, f->flag,
			f->ours, f->ours[n - 1] == '=' ? "" : " ", shown(value));
	else
		log_error("-%s is a flag of gopassivedns: here it is %s" MIGRATE, f->flag, f->ours);
}

int forerunner_check(int argc, char *const *argv, forerunner_ours *ours)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value, *next = argv[i + 1];
		const struct forerunner *f = find_flag(argv[i], next, ours, &value);
		if (f) {
			report_flag(f, value);
			return -EINVAL;
		}
		if (strcmp(argv[i], "-d") == 0 && (!next || next[0] == '-')) {
			log_error("-d needs a value, DEVARGS; dns-gazer's -d is --daemon "
				  "here" MIGRATE);
			return -EINVAL;
		}
	}
	return 0;
}

const char *forerunner_hint(int letter, const char *value)
{
	switch (letter) {
	case 'f':
		return "; dns-gazer's -f HOST:PORT is "
		       "--sink type=fluentd,schema=gazer,address=HOST:PORT here";
	case 't':
		return "; dns-gazer's -t FILE is "
		       "--sink type=file,path=FILE,append=false,schema=gazer,encoding=text here";
	case 'R': return "; dns-gazer's -R is schema=gazer-both of a --sink here";
	case 'p':
		return value && value[0] >= '0' && value[0] <= '9'
			       ? ""
			       : "; dns-gazer's -p FILE is --pid-file FILE here";
	default: return "";
	}
}

void forerunner_environment(char *const *environ)
{
	char names[160];
	struct text t = text_of(names, sizeof(names) - 1);
	unsigned n = 0;

	for (; *environ; environ++)
		if (strncmp(*environ, "PDNS_", 5) == 0 && n++ < 3)
			text_format(&t, "%s%.*s", n > 1 ? ", " : "",
				(int)(strcspn(*environ, "=") < 40 ? strcspn(*environ, "=") : 40),
				*environ);
	*t.at = '\0';
	if (n)
		log_warn("environment: %s%s: variables of gopassivedns have no effect here; "
			 "scripts/migrate --env - converts them into a configuration",
			names, n > 3 ? ", ..." : "");
}
