/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports and counters that both kinds of input with devices share. */
#include "input/device.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>

/* For each worker: sockets, timers, and descriptors that wake it. */
unsigned device_descriptors(const struct input *in)
{
	return 4 * (in->share.workers + 1);
}

/* Lets EAL probe the configured devices on a bus only. Virtual devices are created later. */
void device_words(const struct input *in, input_word_fn *add, void *arg)
{
	const struct devices *d = in->state;
	bool bus = false;

	for (unsigned i = 0; i < d->n; i++)
		if (d->device[i].bus) {
			add(arg, "-a");
			add(arg, d->device[i].args);
			bus = true;
		}
	if (!bus)
		add(arg, "--no-pci");
}

void device_announce(const struct input *in)
{
	const struct devices *d = in->state;
	char names[1024];
	struct text t = text_of(names, sizeof(names) - 1);

	for (unsigned i = 0; i < d->n; i++)
		text_format(&t, "%s%s", i ? " and " : "", d->device[i].given);
	*t.at = '\0';
	log_note("listening on %s", names);
}

void device_close(struct input *in)
{
	free(in->state);
	in->state = NULL;
}

void device_finish(struct input *in)
{
	device_count_missed(in->state);
}

const char *device_source(const struct input *in, unsigned i)
{
	return ((const struct devices *)in->state)->device_of[i]->given;
}

void device_port_counts(const struct devices *all, unsigned port, struct port_counts *counts)
{
	const struct port_counts *first = &all->first[port], *past = &all->past[port];
	*counts = (struct port_counts){0};
	if (all->ports[port].started) {
		port_counts(&all->ports[port], counts);
		counts->packets -= first->packets;
		counts->missed -= first->missed;
		counts->errors -= first->errors;
		counts->no_mbuf -= first->no_mbuf;
	}
	counts->packets += past->packets;
	counts->missed += past->missed + all->device_of[port]->missed;
	counts->errors += past->errors;
	counts->no_mbuf += past->no_mbuf;
}

void device_counts(const struct input *in, struct input_counts *counts)
{
	const struct devices *d = in->state;

	*counts = (struct input_counts){0};
	for (unsigned i = 0; i < d->n_ports; i++) {
		struct port_counts one;
		device_port_counts(d, i, &one);
		counts->port.packets += one.packets;
		counts->port.missed += one.missed;
		counts->port.errors += one.errors;
		counts->port.no_mbuf += one.no_mbuf;
	}
}

unsigned device_numbers(const struct input *in, struct input_number *numbers)
{
	(void)in; /* each port has its own */
	(void)numbers;
	return 0;
}

bool device_part(const struct input *in, unsigned i, struct input_part *part)
{
	const struct devices *d = in->state;
	struct port_counts c;

	if (i >= d->n_ports)
		return false;
	device_port_counts(d, i, &c);
	*part = (struct input_part){.device = d->device_of[i]->given,
		.driver = d->ports[i].plan.driver,
		.numbers = {{"queues", d->ports[i].plan.queues}, {"packets", c.packets},
			{"missed", c.missed}, {"no_mbuf", c.no_mbuf}, {"errors", c.errors},
			{"before_start", d->before_start[i]}},
		.n_numbers = 6,
		.drops = &d->drops[i]};
	return true;
}

void device_count_missed(struct devices *d)
{
	for (unsigned i = 0; i < d->n; i++)
		d->device[i].missed +=
			packet_socket_read(d->device[i].sockets, d->device[i].n_sockets).dropped;
}
