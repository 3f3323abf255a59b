/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/ranges.h"

/* The first range that ends behind seq: most segments stand behind all others. */
static uint32_t position(const struct ranges *r, uint32_t seq)
{
	uint32_t i = r->count;
	while (i > 0 && ranges_ahead(r->at[i - 1].to, seq) > 0)
		i--;
	return i;
}

bool ranges_missing(const struct ranges *r, uint32_t *from, uint32_t to, uint32_t *end)
{
	uint32_t i = position(r, *from);
	while (i < r->count && ranges_ahead(r->at[i].from, *from) <= 0)
		*from = r->at[i++].to;
	if (ranges_ahead(to, *from) <= 0)
		return false;
	*end = to;
	if (i < r->count && ranges_ahead(r->at[i].from, to) < 0)
		*end = r->at[i].from;
	return true;
}

uint32_t ranges_missing_octets(const struct ranges *r, uint32_t from, uint32_t to)
{
	uint32_t end, sum = 0;
	for (; ranges_missing(r, &from, to, &end); from = end)
		sum += end - from;
	return sum;
}

static bool joins(const struct range *a, const struct range *b)
{
	return a->to == b->from && (a->ts_ns == RANGE_CUT) == (b->ts_ns == RANGE_CUT);
}

static void join(struct range *a, const struct range *b)
{
	a->to = b->to;
	if (b->ts_ns > a->ts_ns)
		a->ts_ns = b->ts_ns;
}

/* Makes one of neighbours that touch. */
static void compact(struct ranges *r)
{
	uint32_t kept = 0;
	if (r->count == 0)
		return;
	for (uint32_t i = 1; i < r->count; i++) {
		if (joins(&r->at[kept], &r->at[i]))
			join(&r->at[kept], &r->at[i]);
		else
			r->at[++kept] = r->at[i];
	}
	r->count = kept + 1;
}

bool ranges_add(struct ranges *r, uint32_t from, uint32_t to, int64_t ts_ns, uint32_t spare)
{
	struct range new = {.from = from, .to = to, .ts_ns = ts_ns};
	uint32_t i = position(r, from);
	if (i > 0 && r->at[i - 1].to == from && r->at[i - 1].ts_ns == ts_ns) {
		r->at[i - 1].to = to;
		return true;
	}
	if (r->count + spare >= RANGES_MAX) {
		compact(r);
		i = position(r, from);
		if (i > 0 && joins(&r->at[i - 1], &new)) {
			join(&r->at[i - 1], &new);
			return true;
		}
		if (r->count + spare >= RANGES_MAX)
			return false;
	}
	memmove(&r->at[i + 1], &r->at[i], (r->count - i) * sizeof(r->at[0]));
	r->at[i] = new;
	r->count++;
	return true;
}

uint32_t ranges_run(const struct ranges *r, uint32_t base)
{
	uint32_t end = base;
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->at[i].from != end || r->at[i].ts_ns == RANGE_CUT)
			break;
		end = r->at[i].to;
	}
	return end - base;
}

const struct range *ranges_behind(const struct ranges *r, uint32_t seq)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (ranges_ahead(r->at[i].to, seq) > 0)
			return &r->at[i];
	return NULL;
}

int64_t ranges_drop(struct ranges *r, uint32_t upto)
{
	int64_t latest = INT64_MIN;
	uint32_t gone = 0;
	for (; gone < r->count && ranges_ahead(upto, r->at[gone].from) > 0; gone++) {
		struct range *at = &r->at[gone];
		if (at->ts_ns > latest)
			latest = at->ts_ns;
		if (ranges_ahead(at->to, upto) > 0) {
			at->from = upto;
			break;
		}
	}
	if (gone) {
		r->count -= gone;
		memmove(&r->at[0], &r->at[gone], r->count * sizeof(r->at[0]));
	}
	struct range *next = &r->at[0];
	if (r->count && next->from == upto && next->ts_ns != RANGE_CUT && next->ts_ns < latest)
		next->ts_ns = latest;
	return latest;
}

uint32_t ranges_octets(const struct ranges *r)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < r->count; i++)
		if (r->at[i].ts_ns != RANGE_CUT)
			sum += r->at[i].to - r->at[i].from;
	return sum;
}
