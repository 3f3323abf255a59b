/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A list of a table's entries by age, linked by their numbers. Entries are numbered from 1; 0 means
 * none. The links are fields of the entries.
 */
#ifndef BASE_AGELIST_H
#define BASE_AGELIST_H

#include <stddef.h>
#include <stdint.h>

struct agelink {
	uint32_t older, younger;
};

struct agelist {
	uint32_t oldest, youngest;
};

/* Locates the links of a table: the address of entry 0's, and the octets from one to the next. */
struct agelinks {
	void *first;
	size_t stride;
};

static inline struct agelink *agelist_link(struct agelinks links, uint32_t entry)
{
	return (struct agelink *)(void *)((char *)links.first + links.stride * entry);
}

/* Appends an entry that is in no list, as the youngest. */
static inline void agelist_append(struct agelist *list, struct agelinks links, uint32_t entry)
{
	*agelist_link(links, entry) = (struct agelink){.older = list->youngest};
	if (list->youngest)
		agelist_link(links, list->youngest)->younger = entry;
	else
		list->oldest = entry;
	list->youngest = entry;
}

/* Removes an entry from its list. */
static inline void agelist_remove(struct agelist *list, struct agelinks links, uint32_t entry)
{
	struct agelink link = *agelist_link(links, entry);
	if (link.older)
		agelist_link(links, link.older)->younger = link.younger;
	else
		list->oldest = link.younger;
	if (link.younger)
		agelist_link(links, link.younger)->older = link.older;
	else
		list->youngest = link.older;
}

#endif
