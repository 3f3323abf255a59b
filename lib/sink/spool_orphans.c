/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports spools that no sink of this run delivers. */
#include "base/log.h"
#include "sink/spool_inner.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Returns the octets of NAME in NAME.NNNNNNNNNN.spool; 0: it is no such name. */
static size_t name_len(const char *file)
{
	const char *end = strstr(file, ".spool");
	size_t n = end ? (size_t)(end - file) : 0;
	char name[64];

	if (n < 12 || n - 11 >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(n - 11), file);
	return spool_segment_number(file, name, ".spool") ? n - 11 : 0;
}

static bool is_ours(const struct conf_sinks *all, const char *dir, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->at[i].spool_dir, dir) == 0 &&
			strcmp(conf_sink_name(&all->at[i]), name) == 0)
			return true;
	return false;
}

/* True if a process holds the spool's lock. Reads /proc/locks, for even to try the lock could make
 * an owner fail that is just starting. */
static bool is_used(const char *dir, const char *name)
{
	char path[4300], line[200];
	unsigned long inode;
	struct stat st;
	bool used = false;

	snprintf(path, sizeof(path), "%s/%s.lock", dir, name);
	if (stat(path, &st) < 0)
		return false;
	FILE *locks = fopen("/proc/locks", "re");
	while (locks && !used && fgets(line, sizeof(line), locks))
		used = sscanf(line, "%*s FLOCK %*s %*s %*d %*x:%*x:%lu", &inode) == 1 &&
		       inode == st.st_ino;
	if (locks)
		fclose(locks);
	return used;
}

void spool_report_orphans(const struct conf_sinks *all, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	char name[64], first[64] = "";
	uint64_t octets = 0;
	unsigned files = 0;
	struct stat st;

	while (d && (e = readdir(d))) {
		snprintf(name, sizeof(name), "%.*s", (int)name_len(e->d_name), e->d_name);
		if (!name[0] || is_ours(all, dir, name) || is_used(dir, name) ||
			fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		if (!first[0] || strcmp(name, first) < 0)
			memcpy(first, name, sizeof(first));
		octets += (uint64_t)st.st_size;
		files++;
	}
	if (d)
		closedir(d);
	if (files)
		log_warn("%s holds %u spool files, %" PRIu64
			 " octets, of no sink of this run, such as %s.*.spool: they stay until a "
			 "sink has that name again (%s; with {logger}, as many loggers as before)",
			dir, files, octets, first, first);
}
