/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/early_local.h"

#define WAYS 32 /* entries of a bucket: many hosts may reply with one name */

_Static_assert((TXN_EARLY_LOCAL_ENTRIES & (TXN_EARLY_LOCAL_ENTRIES - 1)) == 0,
	"a mask chooses the bucket");

size_t txn_early_local_bytes(void)
{
	return TXN_EARLY_LOCAL_ENTRIES * sizeof(struct txn_early_local_entry);
}

void txn_early_local_init(struct txn_early_local *l, void *memory)
{
	l->entries = memory;
}

static struct txn_early_local_entry *bucket(const struct txn_early_local *l, uint64_t hash)
{
	return &l->entries[(hash & (TXN_EARLY_LOCAL_ENTRIES - 1)) / WAYS * WAYS];
}

void txn_early_local_add(
	struct txn_early_local *l, uint64_t offset, const struct txn_local_names *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		struct txn_early_local_entry *e = bucket(l, names->hash[i]), *place = e;
		for (unsigned k = 0; k < WAYS && place->hash; k++)
			if (e[k].hash == 0 || e[k].offset < place->offset)
				place = &e[k];
		*place = (struct txn_early_local_entry){
			.hash = names->hash[i], .offset = offset, .type = names->type[i]};
	}
}

unsigned txn_early_local_find(const struct txn_early_local *l, const struct txn_early *early,
	const struct txn_local_query *query, const struct txn_local_names *names,
	struct txn_early_reply *found[TXN_EARLY_LOCAL_FOUND])
{
	unsigned n = 0;

	for (unsigned i = 0; i < names->count * WAYS && n < TXN_EARLY_LOCAL_FOUND; i++) {
		const unsigned name = i / WAYS;
		const struct txn_early_local_entry *e = &bucket(l, names->hash[name])[i % WAYS];
		if (e->hash != names->hash[name])
			continue;
		struct txn_early_reply *r = txn_early_at(early, e->offset);
		if (r && txn_local_matches(query, names->type[name], &r->m, e->type))
			found[n++] = r;
	}
	return n;
}
