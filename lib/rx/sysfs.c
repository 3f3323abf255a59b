/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/sysfs.h"

#include <stdio.h>

long sysfs_number(const char *directory, const char *name, const char *file, long none)
{
	char path[256];
	long n;

	snprintf(path, sizeof(path), "%s%s/%s", directory, name, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return none;
	if (fscanf(f, "%li", &n) != 1)
		n = none;
	fclose(f);
	return n;
}
