/* SPDX-License-Identifier: BSD-3-Clause */
/* Command lines and environments of gopassivedns and dns-gazer, told from wrong ones of ours. */
#ifndef APP_FORERUNNER_H
#define APP_FORERUNNER_H

#include <stdbool.h>

/* Is there a flag of ours with this long name? */
typedef bool forerunner_ours(const char *name);

/*
 * Looks for a flag of gopassivedns as Go reads it, -name, --name or -name=value; with one dash none
 * of ours is so long, and is dns-gazer's -d, which has no value. 0, or -EINVAL and it was said with
 * our flag.
 */
int forerunner_check(int argc, char *const *argv, forerunner_ours *ours);

/* What dns-gazer means by a flag that is none of ours (value NULL), or whose value is none: text to
 * go behind the message, or "". */
const char *forerunner_hint(int letter, const char *value);

/* Warns of variables of gopassivedns, which have no effect. */
void forerunner_environment(char *const *environ);

#endif
