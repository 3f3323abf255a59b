/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/when.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void test_base_when(void);

static void expect(struct when *w, int64_t ns, const char *shown)
{
	char buffer[WHEN_LEN + 1] = "";
	struct text t = text_of(buffer, WHEN_LEN);

	when_text(w, &t, ns);
	CU_ASSERT_FALSE(t.full);
	CU_ASSERT_EQUAL(text_len(&t), WHEN_LEN);
	CU_ASSERT_STRING_EQUAL(buffer, shown);
}

static void known(void)
{
	struct when w = {0};

	expect(&w, 0, "1970-01-01T00:00:00.000000000Z");
	expect(&w, 1, "1970-01-01T00:00:00.000000001Z");
	expect(&w, 999999999, "1970-01-01T00:00:00.999999999Z");
	expect(&w, -1, "1969-12-31T23:59:59.999999999Z");
	expect(&w, -WHEN_NS_PER_S, "1969-12-31T23:59:59.000000000Z");
	expect(&w, 1444479212628222000, "2015-10-10T12:13:32.628222000Z");
	expect(&w, 951782399999999999, "2000-02-28T23:59:59.999999999Z");
	expect(&w, 951782400000000000, "2000-02-29T00:00:00.000000000Z");
	expect(&w, 4107542399000000000, "2100-02-28T23:59:59.000000000Z");
	expect(&w, 4107542400000000000, "2100-03-01T00:00:00.000000000Z");
	expect(&w, INT64_MAX, "2262-04-11T23:47:16.854775807Z");
	expect(&w, INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

/* The first second may be any, also that of zeroed memory. */
static void fresh(void)
{
	for (int64_t second = -1; second < 2; second++) {
		struct when w = {0};
		static const char *const shown[] = {"1969-12-31T23:59:59.000000000Z",
			"1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:01.000000000Z"};
		expect(&w, second * WHEN_NS_PER_S, shown[second + 1]);
	}
}

static int64_t any(void)
{
	return (int64_t)((uint64_t)random() << 62 ^ (uint64_t)random() << 31 ^ (uint64_t)random());
}

static void as_libc(void)
{
	struct when w = {0};
	int64_t ns = 0;
	srandom(2);
	for (int i = 0; i < 50000; i++) {
		char shown[64];
		struct tm tm;
		/* a neighbour, or anywhere */
		if (i % 3 == 0)
			ns = any();
		else
			ns = (int64_t)((uint64_t)ns + (uint64_t)random() % WHEN_NS_PER_S);
		int64_t rest = ns % WHEN_NS_PER_S;
		time_t second = (time_t)(ns / WHEN_NS_PER_S - (rest < 0));
		rest += rest < 0 ? WHEN_NS_PER_S : 0;
		CU_ASSERT_PTR_NOT_NULL_FATAL(gmtime_r(&second, &tm));
		size_t n = strftime(shown, sizeof(shown), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(shown + n, sizeof(shown) - n, ".%09dZ", (int)rest);
		expect(&w, ns, shown);
	}
}

static void bounded(void)
{
	char fill[WHEN_LEN + 2] = "";
	for (size_t size = 0; size <= sizeof(fill); size++) {
		uint8_t *p = guard_copy(fill, size);
		struct text t = text_of((char *)p, size);
		struct when w = {0};
		when_text(&w, &t, 12345);
		CU_ASSERT_EQUAL(text_len(&t), size < WHEN_LEN ? 0 : WHEN_LEN);
		CU_ASSERT_EQUAL(t.full, size < WHEN_LEN);
		guard_free(p, size);
	}
}

void test_base_when(void)
{
	CU_pSuite s = CU_add_suite("base/when", NULL, NULL);
	CU_add_test(s, "known times", known);
	CU_add_test(s, "nothing remembered", fresh);
	CU_add_test(s, "as libc shows them", as_libc);
	CU_add_test(s, "bounded", bounded);
}
