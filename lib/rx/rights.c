/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/rights.h"

#include "base/bits.h"
#include "base/text.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* cap_net_admin: DPDK's driver sets the interface's flags and address when it starts. */
static const struct right {
	unsigned capability;
	const char *name;
} rights[] = {
	{CAP_NET_RAW, "cap_net_raw"},
	{CAP_NET_ADMIN, "cap_net_admin"},
};

/* True if so many octets can be locked. The kernel checks the limit before it allocates pages, and
 * PROT_NONE needs none. Capabilities do not decide it: those of a user namespace do not count. */
static bool can_lock(uint64_t octets)
{
	void *at = mmap(NULL, octets, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (at == MAP_FAILED)
		return errno != EAGAIN && errno != EPERM;
	munmap(at, octets);
	return true;
}

bool rights_lock(uint64_t octets)
{
	struct rlimit limit;

	if (octets == 0 || can_lock(octets) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return true;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (can_lock(octets))
		return true;
	/* Raising the hard limit needs cap_sys_resource, not cap_ipc_lock. */
	limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
	return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && can_lock(octets);
}

const char *rights_hint(uint64_t octets, char buffer[RIGHTS_HINT])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};
	struct text t = text_of(buffer, RIGHTS_HINT - 1);
	const char *between = "; this process lacks ";
	unsigned n = 0;

	*buffer = '\0';
	if (syscall(SYS_capget, &head, caps) < 0)
		return buffer;
	for (size_t i = 0; i < BITS_COUNT(rights); i++) {
		const unsigned c = rights[i].capability;
		if (caps[c / 32].effective >> c % 32 & 1)
			continue;
		text_format(&t, "%s%s", n++ ? ", " : between, rights[i].name);
	}
	if (octets)
		text_format(&t, "%scap_ipc_lock (or RLIMIT_MEMLOCK of %llu MB)",
			n++ ? ", " : between, (unsigned long long)(octets >> 20) + 1);
	if (n)
		text_format(&t, ": grant %s with setcap, AmbientCapabilities= or --cap-add%s",
			n > 1 ? "them" : "it", geteuid() ? ", or run as root" : "");
	*t.at = '\0';
	return buffer;
}
