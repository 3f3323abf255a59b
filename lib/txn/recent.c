/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/recent.h"

#include "base/bits.h"
#include "base/when.h"

#define WAYS 4 /* entries of a bucket */

static uint32_t buckets(uint32_t entries)
{
	return bits_pow2(entries / WAYS + 1);
}

size_t txn_recent_bytes(uint32_t entries)
{
	return (size_t)buckets(entries) * WAYS * sizeof(struct txn_recent_entry);
}

void txn_recent_init(struct txn_recent *r, void *memory, uint32_t entries, int64_t window_ns)
{
	*r = (struct txn_recent){
		.entries = memory, .mask = buckets(entries) - 1, .window_ns = window_ns};
}

/* 0 marks an empty entry. */
static uint64_t nonzero(uint64_t hash)
{
	return hash ? hash : 1;
}

static struct txn_recent_entry *bucket(const struct txn_recent *r, uint64_t hash)
{
	return &r->entries[(size_t)((uint32_t)hash & r->mask) * WAYS];
}

bool txn_recent_find(const struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t *note)
{
	const struct txn_recent_entry *e = bucket(r, hash);

	hash = nonzero(hash);
	for (unsigned i = 0; i < WAYS; i++) {
		if (e[i].hash != hash || when_since(ts_ns, e[i].ts_ns) > r->window_ns ||
			when_since(e[i].ts_ns, ts_ns) > r->window_ns)
			continue;
		if (note)
			*note = e[i].note;
		return true;
	}
	return false;
}

void txn_recent_add(struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t note)
{
	struct txn_recent_entry *e = bucket(r, hash), *place = e;

	hash = nonzero(hash);
	for (unsigned i = 0; i < WAYS; i++) {
		if (e[i].hash == hash || e[i].hash == 0) {
			place = &e[i];
			break;
		}
		if (e[i].ts_ns < place->ts_ns)
			place = &e[i];
	}
	*place = (struct txn_recent_entry){.hash = hash, .ts_ns = ts_ns, .note = note};
}
