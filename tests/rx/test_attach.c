/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces that are created, deleted and renamed. */
#include "rx/attach.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void test_rx_attach(void);

static struct attach a;

static void begin(unsigned index, bool up)
{
	a = (struct attach){.name = "eth0", .index = index, .up = up};
}

static enum attach_event seen(unsigned index, const char *name, bool up, bool gone)
{
	struct attach_seen s = {.index = index, .up = up, .gone = gone};
	snprintf(s.name, sizeof(s.name), "%s", name);
	return attach_update(&a, &s);
}

static void test_links(void)
{
	begin(7, true);
	CU_ASSERT_EQUAL(seen(7, "eth0", true, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(7, "eth0", false, false), ATTACH_DOWN);
	CU_ASSERT_EQUAL(seen(7, "eth0", false, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(8, "eth1", true, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(7, "eth0", true, false), ATTACH_UP);
}

static void test_again(void)
{
	begin(7, true);
	CU_ASSERT_EQUAL(seen(8, "eth1", false, true), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(7, "eth0", false, true), ATTACH_GONE);
	CU_ASSERT_EQUAL(a.index, 0);
	CU_ASSERT_EQUAL(seen(7, "eth0", false, true), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(9, "eth1", true, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(10, "eth0", false, false), ATTACH_AGAIN);
	CU_ASSERT_EQUAL(a.other, 10);
	CU_ASSERT_EQUAL(seen(10, "eth0", true, false), ATTACH_NOTHING);
	/* It is deleted before it was listened on, and another one is created with the first one's
	 * number.
	 */
	CU_ASSERT_EQUAL(seen(10, "eth0", true, true), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(a.other, 0);
	CU_ASSERT_EQUAL(seen(7, "eth0", true, false), ATTACH_AGAIN);
	CU_ASSERT_EQUAL(a.other, 7);
}

static void test_renamed(void)
{
	begin(7, true);
	CU_ASSERT_EQUAL(seen(7, "old0", true, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(8, "eth0", true, false), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(seen(7, "old0", false, false), ATTACH_DOWN);
	CU_ASSERT_EQUAL(seen(7, "old0", false, true), ATTACH_GONE);
	CU_ASSERT_EQUAL(seen(8, "eth0", true, false), ATTACH_AGAIN);
	CU_ASSERT_EQUAL(a.other, 8);
}

/* An unknown state changes nothing. */
static void test_unknown(void)
{
	begin(7, true);
	CU_ASSERT_EQUAL(seen(0, "eth0", false, true), ATTACH_NOTHING);
	CU_ASSERT_EQUAL(a.index, 7);
}

/* The kernel's own: an interface that every namespace has, and one that none has. */
static void test_look(void)
{
	struct attach_seen s[2];

	CU_ASSERT_EQUAL(attach_begin(&a, "no-such-name"), -ENODEV);
	if (attach_begin(&a, "lo"))
		return;
	CU_ASSERT_TRUE(a.index > 0);
	attach_look(&a, s);
	CU_ASSERT_FALSE(s[0].gone);
	CU_ASSERT_EQUAL(s[0].index, a.index);
	CU_ASSERT_EQUAL(s[1].index, a.index);
	CU_ASSERT_EQUAL(s[0].up, a.up);
	a.index = 1u << 30;
	attach_look(&a, s);
	CU_ASSERT_TRUE(s[0].gone);
	CU_ASSERT_EQUAL(s[0].index, 1u << 30);
	CU_ASSERT_EQUAL(attach_update(&a, &s[0]), ATTACH_GONE);
	CU_ASSERT_EQUAL(attach_update(&a, &s[1]), ATTACH_AGAIN);
	attach_done(&a, s[1].index);
	CU_ASSERT_EQUAL(a.up, s[1].up);
}

static void test_silence(void)
{
	static struct attach_news news;
	struct attach_seen s;
	int fd = attach_watch();
	if (fd < 0)
		return; /* a sandbox without rtnetlink: states are read each second */
	CU_ASSERT_TRUE(attach_next(fd, &news, &s) >= 0);
	close(fd);
	news.n = news.at = 0;
	CU_ASSERT_TRUE(attach_next(fd, &news, &s) < 0);
}

void test_rx_attach(void)
{
	CU_pSuite s = CU_add_suite("rx/attach", NULL, NULL);

	CU_add_test(s, "links go down and up", test_links);
	CU_add_test(s, "deleted and created again", test_again);
	CU_add_test(s, "renamed", test_renamed);
	CU_add_test(s, "unknown state", test_unknown);
	CU_add_test(s, "the kernel is asked", test_look);
	CU_add_test(s, "no messages", test_silence);
}
