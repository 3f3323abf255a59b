/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/loss.h"

#include "base/when.h"
#include "encode/json.h"

#include <rte_cycles.h>
#include <time.h>

static struct loss_counts count(const struct ledger *ledger)
{
	const struct input_lost *lost = &ledger->input->lost;
	struct loss_counts c = {
		.device = atomic_load_explicit(&lost->missed, memory_order_relaxed) +
			  atomic_load_explicit(&lost->no_mbuf, memory_order_relaxed),
		.driver = atomic_load_explicit(&lost->dropped, memory_order_relaxed),
		.interruptions = atomic_load_explicit(&lost->interruptions, memory_order_relaxed),
		.blind = atomic_load_explicit(&lost->blind, memory_order_relaxed)};
	for (unsigned i = 0; i < ledger->workers; i++) {
		const struct metrics_worker *m = ledger->worker[i];
		c.handoff += metrics_read(&m->rx.handoff_lost);
		c.records += metrics_read(&m->record.dropped_full);
	}
	for (unsigned i = 0; i < ledger->sinks->count; i++) {
		struct metrics_sink m = {0};
		sinks_sum(ledger->sinks, i, &m);
		c.sinks += m.dropped_queue + m.dropped_spool + m.dropped_damaged + m.dropped_sink;
	}
	return c;
}

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

bool loss_check(struct loss *l, bool last)
{
	uint64_t tick = rte_rdtsc();
	if (!last && tick - l->tick < rte_get_tsc_hz() / 10)
		return false;
	l->tick = tick;
	struct loss_counts now = count(l->ledger);
	bool more = now.device != l->seen.device || now.driver != l->seen.driver ||
		    now.interruptions != l->seen.interruptions || (now.blind && !last) ||
		    now.handoff != l->seen.handoff || now.records != l->seen.records ||
		    now.sinks != l->seen.sinks;
	struct loss_counts before = l->seen;
	l->seen = now;
	if (l->retry) {
		if (more)
			l->last_ns = wall_ns();
		l->retry = false;
		return true;
	}
	if (more) {
		l->last_ns = wall_ns();
		if (!l->on) {
			l->before = before;
			l->began_ns = l->last_ns;
			return l->on = l->began = true;
		}
	}
	if (!l->on || (!last && wall_ns() - l->last_ns < (int64_t)WHEN_NS_PER_S))
		return false;
	l->on = l->began = false;
	return true;
}

void loss_retry(struct loss *l)
{
	l->retry = true;
}

/* Appends the names of the devices that are gone or stalled. */
static void append_blind(const struct loss *l, struct text *t)
{
	const struct input *in = l->ledger->input;

	JSON_KEY(t, "blind");
	json_open(t, '[');
	for (unsigned i = 0; i < 32; i++)
		if (l->seen.blind >> i & 1) {
			const char *given = in->ops->source(in, i);
			json_str(t, given, strlen(given));
		}
	json_close(t, ']');
}

int64_t loss_write_line(const struct loss *l, const char *sensor, struct text *t)
{
	struct when when = {0};
	int64_t ts_ns = l->began ? l->began_ns : l->last_ns;
	text_lit(t, "{\"ts\":\"");
	when_text(&when, t, ts_ns);
	text_lit(t, "\",");
	JSON_KEY(t, "sensor");
	json_str(t, sensor, strlen(sensor));
	JSON_PAIR(t, "status", "loss");
	if (l->began) {
		JSON_PAIR(t, "loss", "begins");
	} else {
		JSON_PAIR(t, "loss", "ends");
		text_lit(t, "\"since\":\"");
		when_text(&when, t, l->began_ns);
		text_lit(t, "\",");
	}
	json_count(t, "device", l->seen.device - l->before.device);
	json_count(t, "driver", l->seen.driver - l->before.driver);
	json_count(t, "interruptions", l->seen.interruptions - l->before.interruptions);
	append_blind(l, t);
	json_count(t, "handoff", l->seen.handoff - l->before.handoff);
	json_count(t, "records", l->seen.records - l->before.records);
	json_count(t, "sinks", l->seen.sinks - l->before.sinks);
	JSON_KEY(t, "by_worker");
	json_open(t, '[');
	for (unsigned i = 0; i < l->ledger->workers; i++)
		json_u64(t, metrics_read(&l->ledger->worker[i]->record.dropped_full));
	json_close(t, ']');
	json_end_line(t);
	return ts_ns;
}
