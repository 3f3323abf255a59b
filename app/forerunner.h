/* SPDX-License-Identifier: BSD-3-Clause */
/* Recognises command lines and environments of gopassivedns and dns-gazer, and names our flags. */
#ifndef APP_FORERUNNER_H
#define APP_FORERUNNER_H

#include <stdbool.h>

/* Returns true if there is a flag of ours with this long name. */
typedef bool forerunner_ours(const char *name);

/*
 * Looks for a flag of gopassivedns as Go parses it: -name, --name or -name=value; and for
 * dns-gazer's -d, which has no value. Returns 0, or -EINVAL after a message that names our flag.
 */
int forerunner_check(int argc, char *const *argv, forerunner_ours *ours);

/* Returns text to append to the message about an unknown flag (value NULL) or an invalid value:
 * what dns-gazer means by the flag, or "". */
const char *forerunner_hint(int letter, const char *value);

/* Warns about variables of gopassivedns, which have no effect. */
void forerunner_environment(char *const *environ);

#endif
