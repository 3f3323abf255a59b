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
	return a->to == b->from && (a->ts_ns == RANGE_CUT) == (b->ts_ns == RANGE_CUT) &&
	       !((a->flags ^ b->flags) & RANGE_DOUBT);
}

static void join(struct range *a, const struct range *b)
{
	a->to = b->to;
	a->behind = b->behind;
	a->flags |= b->flags;
	if (b->ts_ns > a->ts_ns)
		a->ts_ns = b->ts_ns;
}

/* Does b continue a, of the same segment? */
static bool continues(const struct range *a, const struct range *b)
{
	return joins(a, b) && a->ts_ns == b->ts_ns && a->behind == b->to - b->from + b->behind &&
	       b->before == a->to - a->from + a->before;
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

static void insert(struct ranges *r, uint32_t i, const struct range *new)
{
	memmove(&r->at[i + 1], &r->at[i], (r->count - i) * sizeof(r->at[0]));
	r->at[i] = *new;
	r->count++;
}

bool ranges_add(struct ranges *r, const struct range *new, uint32_t spare)
{
	uint32_t i = position(r, new->from);
	if (i > 0 && continues(&r->at[i - 1], new)) {
		join(&r->at[i - 1], new);
		return true;
	}
	if (r->count + spare >= RANGES_MAX) {
		compact(r);
		i = position(r, new->from);
		if (i > 0 && joins(&r->at[i - 1], new)) {
			join(&r->at[i - 1], new);
			return true;
		}
		if (r->count + spare >= RANGES_MAX)
			return false;
	}
	insert(r, i, new);
	return true;
}

bool ranges_replace(struct ranges *r, const struct range *new)
{
	if (r->count + 2 > RANGES_MAX)
		compact(r);
	uint32_t i = position(r, new->from);
	struct range old = r->at[i];
	uint32_t head = new->from - old.from, tail = old.to - new->to;
	if (r->count + (head > 0) + (tail > 0) > RANGES_MAX)
		return false;
	r->at[i] = *new;
	if (tail) {
		struct range rest = old;
		rest.before = (uint16_t)(old.before + (new->to - old.from));
		rest.from = new->to;
		insert(r, i + 1, &rest);
	}
	if (head) {
		struct range rest = old;
		rest.behind = (uint16_t)(old.behind + (old.to - new->from));
		rest.to = new->from;
		insert(r, i++, &rest);
	}
	if (i > 0 && continues(&r->at[i - 1], &r->at[i])) {
		join(&r->at[i - 1], &r->at[i]);
		r->count--;
		memmove(&r->at[i], &r->at[i + 1], (r->count - i) * sizeof(r->at[0]));
	}
	return true;
}

uint32_t ranges_run(const struct ranges *r, uint32_t base)
{
	uint32_t end = base;
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->at[i].from != end || r->at[i].ts_ns == RANGE_CUT ||
			(r->at[i].flags & RANGE_DOUBT))
			break;
		end = r->at[i].to;
	}
	return end - base;
}

struct range *ranges_behind(struct ranges *r, uint32_t seq)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (ranges_ahead(r->at[i].to, seq) > 0)
			return &r->at[i];
	return NULL;
}

int64_t ranges_drop(struct ranges *r, uint32_t upto, uint8_t *flags)
{
	int64_t latest = INT64_MIN;
	uint32_t gone = 0;
	for (; gone < r->count && ranges_ahead(upto, r->at[gone].from) > 0; gone++) {
		struct range *at = &r->at[gone];
		if (at->ts_ns > latest)
			latest = at->ts_ns;
		*flags |= at->flags;
		if (ranges_ahead(at->to, upto) > 0) {
			at->before = (uint16_t)(at->before + (upto - at->from));
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
