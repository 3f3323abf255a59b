/* SPDX-License-Identifier: BSD-3-Clause */
#include "input/device_judge.h"

#include "base/log.h"

static enum rss_verdict look(const struct devices *d, unsigned port, struct rss_check *sum)
{
	*sum = (struct rss_check){.packets = 0};
	for (unsigned i = 0; i < d->workers; i++) {
		const struct device_rx *rx = &d->rx[i];
		for (unsigned q = 0; q < rx->n_queues; q++)
			if (rx->queues[q].index == port)
				rss_check_add(sum, &rx->queues[q].check);
	}
	return rss_check_judge(sum);
}

static void say(const char *given, enum rss_verdict verdict, const struct rss_check *sum)
{
	unsigned long long packets = sum->packets, hashed = sum->hashed, differ = sum->differ,
			   astray = sum->astray;

	if (verdict == RSS_DIFFERS)
		log_warn("%s: workers hand packets to each other: the hash of the NIC is not the "
			 "expected one for %llu of the first %llu packets%s (0x%08x, not 0x%08x)",
			given, differ, hashed,
			sum->other > differ / 2 ? ": it hashes ports, too" : "",
			(unsigned)(sum->sample >> 32), (unsigned)sum->sample);
	else if (verdict == RSS_ASTRAY)
		log_warn("%s: workers hand packets to each other: of the first %llu packets, %llu "
			 "came by another queue than the NIC was told%s",
			given, packets, astray, hashed ? ", though their hash is right" : "");
	else
		log_detail("%s: the NIC hashes as expected: of the first %llu packets, %llu have a "
			   "hash, %llu of them another one, and %llu came by another queue",
			given, packets, hashed, differ, astray);
}

void device_judge(struct devices *d)
{
	for (unsigned i = 0; i < d->n_ports; i++) {
		struct rss_check sum;
		if (!device_is_judged(d, i, d->workers) || d->judged[i])
			continue;
		enum rss_verdict verdict = look(d, i, &sum);
		if (verdict == RSS_TOO_FEW)
			continue;
		d->judged[i] = true;
		say(d->device_of[i]->given, verdict, &sum);
	}
}
