/* SPDX-License-Identifier: BSD-3-Clause */
/* Locked memory and capabilities, each in a process of its own that has dropped capabilities. */
#include "rx/rights.h"

#include <CUnit/CUnit.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void test_rx_rights(void);

#define KB 1024ull

/* Keeps of its capabilities only those of the mask, which it need not have. */
static int keep(uint32_t mask)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &head, caps) < 0)
		return -1;
	caps[0].effective &= mask;
	caps[0].permitted = caps[0].effective;
	caps[0].inheritable = caps[1].effective = caps[1].permitted = caps[1].inheritable = 0;
	return (int)syscall(SYS_capset, &head, caps);
}

/* What body() returns in a child that has kept these capabilities. */
static int in_child(uint32_t mask, int (*body)(void))
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0)
		_exit(keep(mask) < 0 ? 100 : body());
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static rlim_t soft_limit(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ? 0 : limit.rlim_cur;
}

static int body_lock(void)
{
	struct rlimit limit = {.rlim_cur = 64 * KB, .rlim_max = 1024 * KB};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return 1;
	if (!rights_lock(0) || !rights_lock(32 * KB) || soft_limit() != 64 * KB)
		return 2;
	if (!rights_lock(512 * KB) || soft_limit() != 1024 * KB)
		return 3;
	return rights_lock(2048 * KB) ? 4 : 0;
}

static void test_lock(void)
{
	CU_ASSERT_EQUAL(in_child(0, body_lock), 0);
}

static int body_lacks_all(void)
{
	char buffer[RIGHTS_HINT];

	rights_hint(64 << 20, buffer);
	return !strstr(buffer,
		"lacks cap_net_raw, cap_net_admin, cap_ipc_lock (or RLIMIT_MEMLOCK of "
		"65 MB): grant them");
}

static int body_lacks_two(void)
{
	char buffer[RIGHTS_HINT];

	rights_hint(0, buffer);
	return !strstr(buffer, "lacks cap_net_raw, cap_net_admin: grant them");
}

/* Only missing capabilities are named. */
static void test_hint(void)
{
	CU_ASSERT_EQUAL(in_child(0, body_lacks_all), 0);
	CU_ASSERT_EQUAL(in_child(0, body_lacks_two), 0);
}

void test_rx_rights(void)
{
	CU_pSuite suite = CU_add_suite("rx/rights", NULL, NULL);

	CU_add_test(suite, "locked memory, as far as the hard limit goes", test_lock);
	CU_add_test(suite, "what is missing is named, and nothing else", test_hint);
}
