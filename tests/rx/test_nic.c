/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests what the kernel reports of NICs. */
#include "rx/nic.h"

#include "rx/nic_any.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <string.h>

void test_rx_nic(void);

static void test_rings(void)
{
	CU_ASSERT_EQUAL(nic_rings(0x15ad, 0x07b0), 2);
	CU_ASSERT_EQUAL(nic_rings(0x15ad, 0x0001), 1);
	CU_ASSERT_EQUAL(nic_rings(0x14e4, 0x16d7), 3);
	CU_ASSERT_EQUAL(nic_rings(0x8086, 0x100e), 1);
}

static void test_queues(void)
{
	unsigned combined = 99;
	CU_ASSERT_EQUAL(nic_queues("lo", &combined), 1);
	CU_ASSERT_EQUAL(combined, 0);
	CU_ASSERT_EQUAL(nic_queues("no-such-name", &combined), 1);
}

static void test_vfio(void)
{
	char why[256] = "";
	CU_ASSERT_EQUAL(nic_vfio("ffff:ff:1f.7", why, sizeof(why)), -ENODEV);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "IOMMU"));
}

/* Of the interfaces that see the same packet, one is chosen. */
static void test_any(void)
{
	const struct nic_any nic = {.index = 2, .up = true}, down = {.index = 2},
			     vlan = {.index = 3, .up = true, .upper = true},
			     bridge = {.index = 4, .up = true, .upper = true, .is_master = true},
			     port = {.index = 5, .up = true, .port = true},
			     tunnel = {.index = 6, .up = true, .tunnel = true},
			     one = {.index = 7, .up = true, .peer = 8},
			     other = {.index = 8, .up = true, .peer = 7};

	CU_ASSERT_TRUE(nic_any_is_chosen(&nic, false));
	CU_ASSERT_FALSE(nic_any_is_chosen(&down, false));
	CU_ASSERT_FALSE(nic_any_is_chosen(&vlan, false));
	CU_ASSERT_TRUE(nic_any_is_chosen(&bridge, false));
	CU_ASSERT_FALSE(nic_any_is_chosen(&port, false));
	CU_ASSERT_FALSE(nic_any_is_chosen(&tunnel, false));
	CU_ASSERT_TRUE(nic_any_is_chosen(&one, true));
	CU_ASSERT_FALSE(nic_any_is_chosen(&other, true));
	CU_ASSERT_TRUE(nic_any_is_chosen(&other, false));
}

void test_rx_nic(void)
{
	CU_pSuite s = CU_add_suite("rx/nic", NULL, NULL);

	CU_add_test(s, "rings of drivers", test_rings);
	CU_add_test(s, "queues of interfaces", test_queues);
	CU_add_test(s, "no VFIO", test_vfio);
	CU_add_test(s, "any interface", test_any);
}
