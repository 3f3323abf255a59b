/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_ranges.h"

/* Returns the index of the first range that ends behind seq. Most segments are behind all ranges.
 */
static uint32_t position(const struct tcp_ranges *r, uint32_t seq)
{
	uint32_t i = r->count;
	while (i > 0 && tcp_seq_diff(r->at[i - 1].to, seq) > 0)
		i--;
	return i;
}

bool tcp_ranges_gap(const struct tcp_ranges *r, uint32_t *from, uint32_t to, uint32_t *end)
{
	uint32_t i = position(r, *from);
	while (i < r->count && tcp_seq_diff(r->at[i].from, *from) <= 0)
		*from = r->at[i++].to;
	if (tcp_seq_diff(to, *from) <= 0)
		return false;
	*end = to;
	if (i < r->count && tcp_seq_diff(r->at[i].from, to) < 0)
		*end = r->at[i].from;
	return true;
}

uint32_t tcp_ranges_gap_octets(const struct tcp_ranges *r, uint32_t from, uint32_t to)
{
	uint32_t end, sum = 0;
	for (; tcp_ranges_gap(r, &from, to, &end); from = end)
		sum += end - from;
	return sum;
}

static bool joins(const struct tcp_range *a, const struct tcp_range *b)
{
	return a->to == b->from && (a->ts_ns == TCP_RANGE_CUT) == (b->ts_ns == TCP_RANGE_CUT) &&
	       !((a->flags ^ b->flags) & TCP_RANGE_DOUBT);
}

static void join(struct tcp_range *a, const struct tcp_range *b)
{
	a->to = b->to;
	a->behind = b->behind;
	a->flags |= b->flags;
	if (b->ts_ns > a->ts_ns)
		a->ts_ns = b->ts_ns;
}

/* True if b continues a and both are of one segment. */
static bool continues(const struct tcp_range *a, const struct tcp_range *b)
{
	return joins(a, b) && a->ts_ns == b->ts_ns && a->behind == b->to - b->from + b->behind &&
	       b->before == a->to - a->from + a->before;
}

/* Joins neighbours that touch. */
static void compact(struct tcp_ranges *r)
{
	uint32_t kept = 0;
	if (r->count == 0 || !r->loose)
		return;
	r->loose = 0;
	for (uint32_t i = 1; i < r->count; i++) {
		if (joins(&r->at[kept], &r->at[i]))
			join(&r->at[kept], &r->at[i]);
		else
			r->at[++kept] = r->at[i];
	}
	r->count = kept + 1;
}

static void insert(struct tcp_ranges *r, uint32_t i, const struct tcp_range *new)
{
	memmove(&r->at[i + 1], &r->at[i], (r->count - i) * sizeof(r->at[0]));
	r->at[i] = *new;
	r->count++;
	r->loose |= (i > 0 && r->at[i - 1].to == new->from) ||
		    (i + 1 < r->count && new->to == r->at[i + 1].from);
}

bool tcp_ranges_add(struct tcp_ranges *r, const struct tcp_range *new, uint32_t spare)
{
	uint32_t i = position(r, new->from);
	if (i > 0 && continues(&r->at[i - 1], new)) {
		join(&r->at[i - 1], new);
		return true;
	}
	if (r->count + spare >= TCP_RANGES_MAX) {
		compact(r);
		i = position(r, new->from);
		if (i > 0 && joins(&r->at[i - 1], new)) {
			join(&r->at[i - 1], new);
			return true;
		}
		if (r->count + spare >= TCP_RANGES_MAX)
			return false;
	}
	insert(r, i, new);
	return true;
}

bool tcp_ranges_replace(struct tcp_ranges *r, const struct tcp_range *new)
{
	if (r->count + 2 > TCP_RANGES_MAX)
		compact(r);
	uint32_t i = position(r, new->from);
	struct tcp_range old = r->at[i];
	uint32_t head = new->from - old.from, tail = old.to - new->to;
	if (r->count + (head > 0) + (tail > 0) > TCP_RANGES_MAX)
		return false;
	r->at[i] = *new;
	r->loose = 1;
	if (tail) {
		struct tcp_range rest = old;
		rest.before = (uint16_t)(old.before + (new->to - old.from));
		rest.from = new->to;
		insert(r, i + 1, &rest);
	}
	if (head) {
		struct tcp_range rest = old;
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

uint32_t tcp_ranges_run(const struct tcp_ranges *r, uint32_t base)
{
	uint32_t end = base;
	for (uint32_t i = 0; i < r->count; i++) {
		if (r->at[i].from != end || r->at[i].ts_ns == TCP_RANGE_CUT ||
			(r->at[i].flags & TCP_RANGE_DOUBT))
			break;
		end = r->at[i].to;
	}
	return end - base;
}

struct tcp_range *tcp_ranges_after_late(struct tcp_ranges *r, uint32_t seq)
{
	uint32_t i = position(r, seq);
	return i < r->count ? &r->at[i] : NULL;
}

void tcp_ranges_clear(struct tcp_ranges *r, uint32_t end, uint8_t flags)
{
	for (uint32_t i = 0; i < r->count && tcp_seq_diff(end, r->at[i].from) > 0; i++)
		r->at[i].flags &= (uint8_t)~flags;
	r->loose = 1;
}

struct tcp_range *tcp_ranges_after(struct tcp_ranges *r, uint32_t seq)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (tcp_seq_diff(r->at[i].to, seq) > 0)
			return &r->at[i];
	return NULL;
}

int64_t tcp_ranges_remove(struct tcp_ranges *r, uint32_t end, uint8_t *flags)
{
	int64_t latest = INT64_MIN;
	uint32_t removed = 0;
	for (; removed < r->count && tcp_seq_diff(end, r->at[removed].from) > 0; removed++) {
		struct tcp_range *at = &r->at[removed];
		if (at->ts_ns > latest)
			latest = at->ts_ns;
		*flags |= at->flags;
		if (tcp_seq_diff(at->to, end) > 0) {
			at->before = (uint16_t)(at->before + (end - at->from));
			at->from = end;
			break;
		}
	}
	if (removed) {
		r->count -= removed;
		memmove(&r->at[0], &r->at[removed], r->count * sizeof(r->at[0]));
	}
	struct tcp_range *next = &r->at[0];
	if (r->count && next->from == end && next->ts_ns != TCP_RANGE_CUT && next->ts_ns < latest)
		next->ts_ns = latest;
	return latest;
}

uint32_t tcp_ranges_octets(const struct tcp_ranges *r)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < r->count; i++)
		if (r->at[i].ts_ns != TCP_RANGE_CUT)
			sum += r->at[i].to - r->at[i].from;
	return sum;
}
