/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/counters.h"

void counters_members(struct text *t, const struct metrics_list *list, const void *owner)
{
	for (size_t i = 0; i < list->count; i++)
		json_count(t, list->rows[i].name, metrics_at(owner, &list->rows[i]));
}

void counters_stages(struct text *t, const struct metrics_list *lists, size_t n, const void *owner)
{
	json_open(t, '{');
	for (size_t i = 0; i < n; i++) {
		json_name(t, lists[i].stage);
		json_open(t, '{');
		counters_members(t, &lists[i], owner);
		json_close(t, '}');
	}
	json_close(t, '}');
}
