/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the CUnit suites of a stage, whose functions the build lists in UNIT_SUITES. */
#include <CUnit/Basic.h>

#define UNIT_SUITE(function) void function(void);
UNIT_SUITES
#undef UNIT_SUITE

int main(void)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
#define UNIT_SUITE(function) function();
	UNIT_SUITES
#undef UNIT_SUITE
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	/* A registry without tests is a mistake in the build, not a success. */
	unsigned run = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	return failed || run == 0;
}
