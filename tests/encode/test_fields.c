/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/fields.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void test_encode_fields(void);

#define DOCUMENT                                                                                   \
	"{\"ts\":\"a,\\\"b}\",\"n\":1,\"list\":[{\"ts\":1},2],\"o\":{\"n\":{}},\"end\":true}"

static void expect(const struct fields *f, const char *json, const char *shown)
{
	char buffer[300] = "before";
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	t.at += 6;
	text_str(&t, json);
	fields_filter(f, &t, 6);
	*t.at = '\0';
	if (strcmp(buffer + 6, shown) != 0)
		printf("\n%s: %s, expected %s", json, buffer + 6, shown);
	CU_ASSERT_STRING_EQUAL(buffer + 6, shown);
	CU_ASSERT_EQUAL(memcmp(buffer, "before", 6), 0);
}

static struct fields fields_of(bool exclude, const char *const *names, unsigned n)
{
	struct fields f = {.exclude = exclude};
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_TRUE(fields_add(&f, names[i]));
	return f;
}

static void both_ways(void)
{
	static const char *const names[] = {"n", "ts", "none"}, *const last[] = {"end"};
	struct fields f = fields_of(false, names, 3);
	expect(&f, DOCUMENT "\n", "{\"ts\":\"a,\\\"b}\",\"n\":1}\n");
	f.exclude = true;
	expect(&f, DOCUMENT "\n", "{\"list\":[{\"ts\":1},2],\"o\":{\"n\":{}},\"end\":true}\n");
	f = fields_of(false, last, 1);
	expect(&f, DOCUMENT, "{\"end\":true}");
	f.exclude = true;
	expect(&f, DOCUMENT,
		"{\"ts\":\"a,\\\"b}\",\"n\":1,\"list\":[{\"ts\":1},2],\"o\":{\"n\":{}}}");
	f = fields_of(false, names + 2, 1);
	expect(&f, DOCUMENT "\n", "{}\n");
	f = fields_of(true, names, 0);
	expect(&f, DOCUMENT "\n", DOCUMENT "\n");
	expect(&f, "{}\n", "{}\n");
}

/* Text that is no document stays unchanged. */
static void hostile(void)
{
	static const char *const names[] = {"ts"};
	struct fields f = fields_of(true, names, 1);
	for (size_t cut = 0; cut < strlen(DOCUMENT); cut++) {
		char part[] = DOCUMENT;
		part[cut] = '\0';
		expect(&f, part, part);
	}
	expect(&f, "{\"ts\":1,\"n\":1}}", "{\"ts\":1,\"n\":1}}");
	struct fields full = {0};
	for (int i = 0; i < FIELDS_MAX; i++)
		CU_ASSERT_TRUE(fields_add(&full, "x"));
	CU_ASSERT_FALSE(fields_add(&full, "x"));
}

void test_encode_fields(void)
{
	CU_pSuite s = CU_add_suite("encode/fields", NULL, NULL);
	CU_add_test(s, "these only, all but these", both_ways);
	CU_add_test(s, "what is no document", hostile);
}
