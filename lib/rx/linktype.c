/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/linktype.h"

#include <stdio.h>

bool linktype_is_decoded(uint16_t type)
{
	switch (type) {
#define LINK(name, number) case number:
#include "rx/links.def"
#undef LINK
		return true;
	default: return false;
	}
}

const char *linktype_name(uint16_t type)
{
	switch (type) {
#define LINK(name, number)                                                                         \
	case number:                                                                               \
		return #name;
#include "rx/links.def"
#include "rx/links_other.def"
#undef LINK
	default: return NULL;
	}
}

void linktype_describe(char *buffer, size_t size, const char *file, uint16_t type)
{
	const char *name = linktype_name(type);

	snprintf(buffer, size, "%.700s: link type %u%s%s%s", file, type, name ? " (" : "",
		name ? name : "", name ? ")" : "");
}
