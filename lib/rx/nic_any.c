/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/nic_any.h"

#include "rx/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823 /* linux/if_arp.h */
#endif

bool nic_any_is_chosen(const struct nic_any *n, bool peer_up)
{
	if (!n->up || n->tunnel || n->port || (n->upper && !n->is_master))
		return false;
	return n->peer == 0 || !peer_up || n->index < n->peer;
}

static bool has(const char *name, const char *entry)
{
	char path[128];
	snprintf(path, sizeof(path), SYSFS_NET "%.15s/%s", name, entry);
	return access(path, F_OK) == 0;
}

static bool is_up(const char *name)
{
	return sysfs_number(SYSFS_NET, name, "flags", 0) & IFF_UP;
}

static bool is_master(const char *name)
{
	return has(name, "bridge") || has(name, "bonding");
}

/* Reads the interface's DEVTYPE; "" if it has none. */
static void kind_of(const char *name, char kind[32])
{
	char path[128], line[128];
	kind[0] = '\0';
	snprintf(path, sizeof(path), SYSFS_NET "%.15s/uevent", name);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "DEVTYPE=%31s", kind) == 1)
			break;
	if (f)
		fclose(f);
}

static bool is_tunnel(const char *name)
{
	char kind[32];
	long type = sysfs_number(SYSFS_NET, name, "type", ARPHRD_ETHER);

	kind_of(name, kind);
	return strcmp(kind, "vxlan") == 0 || strcmp(kind, "geneve") == 0 || type == ARPHRD_TUNNEL ||
	       type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT || type == ARPHRD_IPGRE ||
	       type == ARPHRD_IP6GRE;
}

static bool has_lower(const char *name)
{
	char path[128];
	bool found = false;
	snprintf(path, sizeof(path), SYSFS_NET "%.15s", name);
	DIR *dir = opendir(path);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e && !found; e = readdir(dir))
		found = strncmp(e->d_name, "lower_", 6) == 0;
	if (dir)
		closedir(dir);
	return found;
}

static bool is_port(const char *name)
{
	char path[128], target[256];
	snprintf(path, sizeof(path), SYSFS_NET "%.15s/master", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	const char *master = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	return is_master(master) && is_up(master);
}

/* Returns the index of the other end of a pair, or 0. Both ends refer to each other, unless the
 * index is that of another namespace. */
static unsigned peer_of(const struct nic_any *n)
{
	char name[IF_NAMESIZE];
	long link = sysfs_number(SYSFS_NET, n->name, "iflink", 0);
	if (n->upper || link <= 0 || (unsigned)link == n->index ||
		!if_indextoname((unsigned)link, name))
		return 0;
	return sysfs_number(SYSFS_NET, name, "iflink", 0) == (long)n->index ? (unsigned)link : 0;
}

static bool is_chosen(const char *name, unsigned index)
{
	struct nic_any n = {.index = index,
		.up = is_up(name),
		.is_master = is_master(name),
		.upper = has_lower(name),
		.tunnel = is_tunnel(name),
		.port = is_port(name)};
	char peer[IF_NAMESIZE];
	snprintf(n.name, sizeof(n.name), "%s", name);
	n.peer = peer_of(&n);
	bool has_peer = n.peer && if_indextoname(n.peer, peer);
	/* If the other end is a port of a bridge, the bridge sees the packets. */
	n.port |= has_peer && is_port(peer);
	return nic_any_is_chosen(&n, has_peer && is_up(peer));
}

int nic_any_list(char names[][IF_NAMESIZE], int max)
{
	struct if_nameindex *all = if_nameindex();
	int n = 0;

	if (!all)
		return -errno;
	for (const struct if_nameindex *i = all; i->if_index; i++) {
		if (sysfs_number(SYSFS_NET, i->if_name, "ifindex", 0) != (long)i->if_index) {
			n = -ENXIO;
			break;
		}
		if (!is_chosen(i->if_name, i->if_index))
			continue;
		if (n < max)
			snprintf(names[n], IF_NAMESIZE, "%s", i->if_name);
		n++;
	}
	if_freenameindex(all);
	return n;
}
