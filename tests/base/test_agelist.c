/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/agelist.h"

#include <CUnit/CUnit.h>
#include <string.h>

void test_base_agelist(void);

enum { ENTRIES = 9 };

static struct {
	uint64_t before;
	struct agelink link;
	uint32_t behind;
} table[ENTRIES + 1];

static struct agelinks links(void)
{
	return (struct agelinks){&table[0].link, sizeof(table[0])};
}

/* Walks in both directions give the entries of `want`, oldest first, ended by 0. */
static void check(const struct agelist *list, const uint32_t *want)
{
	uint32_t at = list->oldest, last = 0;
	for (; *want; want++) {
		CU_ASSERT_EQUAL_FATAL(at, *want);
		CU_ASSERT_EQUAL(table[at].link.older, last);
		last = at;
		at = table[at].link.younger;
	}
	CU_ASSERT_EQUAL(at, 0);
	CU_ASSERT_EQUAL(list->youngest, last);
}

/* Removes three entries in every order. */
static void removals(void)
{
	static const uint32_t orders[6][3] = {
		{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
	for (int i = 0; i < 6; i++) {
		struct agelist list = {0};
		for (uint32_t e = 1; e <= 3; e++)
			agelist_append(&list, links(), e);
		check(&list, (uint32_t[]){1, 2, 3, 0});
		for (int k = 0; k < 3; k++) {
			uint32_t left[4] = {0}, n = 0;
			agelist_remove(&list, links(), orders[i][k]);
			for (uint32_t e = 1; e <= 3; e++)
				for (int later = k + 1; later < 3; later++)
					if (orders[i][later] == e)
						left[n++] = e;
			check(&list, left);
		}
	}
}

static void two_lists(void)
{
	struct agelist a = {0}, b = {0};
	memset(table, 0x5a, sizeof(table));
	check(&a, (uint32_t[]){0});
	for (uint32_t e = ENTRIES; e > 0; e--)
		agelist_append(e % 2 ? &a : &b, links(), e);
	check(&a, (uint32_t[]){9, 7, 5, 3, 1, 0});
	check(&b, (uint32_t[]){8, 6, 4, 2, 0});
	agelist_remove(&a, links(), 5);
	agelist_append(&b, links(), 5);
	agelist_remove(&b, links(), 8);
	agelist_append(&b, links(), 8); /* the youngest once more */
	check(&a, (uint32_t[]){9, 7, 3, 1, 0});
	check(&b, (uint32_t[]){6, 4, 2, 5, 8, 0});
	for (int e = 0; e <= ENTRIES; e++) /* the fields around the links are unchanged */
		CU_ASSERT(table[e].before == 0x5a5a5a5a5a5a5a5a && table[e].behind == 0x5a5a5a5a);
}

void test_base_agelist(void)
{
	CU_pSuite s = CU_add_suite("base/agelist", NULL, NULL);
	CU_add_test(s, "removals", removals);
	CU_add_test(s, "two lists", two_lists);
}
