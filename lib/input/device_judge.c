/* SPDX-License-Identifier: BSD-3-Clause */
#include "input/device_judge.h"

#include "base/log.h"

static enum rss_verdict sum_port(const struct devices *d, unsigned port, struct rss_check *sum)
{
	*sum = (struct rss_check){.packets = 0};
	for (unsigned i = 0; i < d->workers; i++) {
		const struct device_rx *rx = &d->rx[i];
		for (unsigned q = 0; q < rx->n_queues; q++)
			if (rx->queues[q].index == port)
				rss_check_add(sum, &rx->queues[q].check);
	}
	return rss_check_verdict(sum);
}

static void report(const char *given, enum rss_verdict verdict, const struct rss_check *sum)
{
	unsigned long long packets = sum->packets, hashed = sum->hashed, differ = sum->differ,
			   astray = sum->astray;

	if (verdict == RSS_DIFFERS)
		log_warn("%s: workers hand off packets: the hash of the NIC is not that of "
			 "software for "
			 "%llu of the first %llu packets%s (0x%08x, not 0x%08x); another driver or "
			 "firmware may help",
			given, differ, hashed,
			sum->other > differ / 2 ? ", because it hashes ports, too" : "",
			(unsigned)(sum->sample >> 32), (unsigned)sum->sample);
	else if (verdict == RSS_ASTRAY)
		log_warn("%s: workers hand off packets: of the first %llu packets, the NIC put "
			 "%llu into "
			 "another queue than its redirection table says%s",
			given, packets, astray, hashed ? ", though their hash is correct" : "");
	else
		log_detail("%s: the NIC hashes as software does: of the first %llu packets, %llu "
			   "have a "
			   "hash, which differs for %llu, and %llu came by another queue",
			given, packets, hashed, differ, astray);
}

void device_report_rss(struct devices *d)
{
	for (unsigned i = 0; i < d->n_ports; i++) {
		struct rss_check sum;
		if (!device_has_our_rss(d, i, d->workers) || d->rss_reported[i])
			continue;
		enum rss_verdict verdict = sum_port(d, i, &sum);
		if (verdict == RSS_TOO_FEW)
			continue;
		d->rss_reported[i] = true;
		report(d->device_of[i]->given, verdict, &sum);
	}
}
