/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/bpf_print.h"

#include "base/bits.h"

#include <dlfcn.h>
#include <rte_log.h>
#include <stdarg.h>

/* The type of both libraries' callback, but for the enumeration, which is an int: 0 is a warning, 1
 * information, 2 a debug message. */
typedef int print_fn(int level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
typedef print_fn *set_print_fn(print_fn *fn);

/* At the level of notices, because net_af_xdp logs an error of its own where something failed. */
__attribute__((format(printf, 2, 0))) static int print(int level, const char *format, va_list args)
{
	return rte_vlog(
		level < 2 ? RTE_LOG_NOTICE : RTE_LOG_DEBUG, RTE_LOGTYPE_USER1, format, args);
}

void bpf_print_to_log(void)
{
	static const struct {
		const char *library, *function;
	} rows[] = {{"libbpf.so.1", "libbpf_set_print"}, {"libbpf.so.0", "libbpf_set_print"},
		{"libxdp.so.1", "libxdp_set_print"}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		set_print_fn *set = NULL;
		void *library = dlopen(rows[i].library, RTLD_NOW | RTLD_NOLOAD);
		if (!library)
			continue;
		*(void **)&set = dlsym(library, rows[i].function);
		if (set)
			set(print);
		dlclose(library);
	}
}
