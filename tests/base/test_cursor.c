/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/cursor.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>

void test_base_cursor(void);

static const uint8_t sample[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void reads(void)
{
	uint8_t *p = guard_copy(sample, sizeof(sample));
	struct cursor c = cursor_of(p, sizeof(sample));

	CU_ASSERT_EQUAL(cursor_u8(&c), 1);
	CU_ASSERT_EQUAL(cursor_u16(&c), 0x0203);
	CU_ASSERT_EQUAL(cursor_u32(&c), 0x04050607);
	CU_ASSERT_EQUAL(cursor_remaining(&c), 1);
	CU_ASSERT_PTR_EQUAL(cursor_read(&c, 0), p + 7);
	CU_ASSERT_EQUAL(cursor_u8(&c), 8);
	CU_ASSERT_EQUAL(cursor_remaining(&c), 0);
	CU_ASSERT_FALSE(c.bad);
	CU_ASSERT_PTR_EQUAL(cursor_read(&c, 0), p + 8);
	CU_ASSERT_FALSE(c.bad);
	guard_free(p, sizeof(sample));
}

/* With an octet missing, a read returns zero, does not advance, and sets `bad` for good. */
static void too_short(void)
{
	for (size_t len = 0; len < 4; len++) {
		uint8_t *p = guard_copy(sample, len);
		struct cursor c = cursor_of(p, len);
		CU_ASSERT_EQUAL(cursor_u32(&c), 0);
		CU_ASSERT_TRUE(c.bad);
		CU_ASSERT_PTR_EQUAL(c.at, p);
		CU_ASSERT_EQUAL(cursor_remaining(&c), len);
		CU_ASSERT_EQUAL(cursor_u8(&c), 0);
		CU_ASSERT_EQUAL(cursor_u16(&c), 0);
		CU_ASSERT_PTR_NULL(cursor_read(&c, 0));
		CU_ASSERT_PTR_EQUAL(c.at, p);
		guard_free(p, len);
	}
}

static void huge_length(void)
{
	uint8_t *p = guard_copy(sample, sizeof(sample));
	struct cursor c = cursor_of(p, sizeof(sample));

	CU_ASSERT_PTR_NULL(cursor_read(&c, SIZE_MAX));
	CU_ASSERT_TRUE(c.bad);
	guard_free(p, sizeof(sample));
}

void test_base_cursor(void)
{
	CU_pSuite s = CU_add_suite("base/cursor", NULL, NULL);
	CU_add_test(s, "reads big endian, in order", reads);
	CU_add_test(s, "sticky error", too_short);
	CU_add_test(s, "lengths that would wrap", huge_length);
}
