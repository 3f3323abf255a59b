/* SPDX-License-Identifier: BSD-3-Clause */
/* How many queues a device has, and buffers for them. */
#include "input/device.h"

#include "base/log.h"
#include "rx/nic.h"
#include "rx/rights.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_HAND 512 /* buffers */

/* The number after ",key=" of a device's arguments, or `none`. */
static unsigned argument(const char *args, const char *key, unsigned none)
{
	size_t n = strlen(key);
	for (const char *at = strchr(args, ','); at; at = strchr(at + 1, ','))
		if (strncmp(at + 1, key, n) == 0 && at[n + 1] == '=')
			return (unsigned)strtoul(at + n + 2, NULL, 10);
	return none;
}

/* net_af_xdp takes one queue of an interface unless it is told otherwise, and what comes by the
 * others is the host's. */
static int plan_xdp(struct device *d)
{
	unsigned combined, there = nic_queues(d->interface, &combined),
			   first = argument(d->args, "start_queue", UINT_MAX),
			   n = argument(d->args, "queue_count", 0);
	size_t len = strlen(d->args);

	if (n == 0 && first == UINT_MAX && there > 1) {
		n = there;
		if (combined < n || n > PORT_QUEUES) {
			log_error(
				"%s: %s has %u receive queues, and net_af_xdp can take %u of them: "
				"make them fewer (ethtool -L %s), or listen with -i %s",
				d->given, d->interface, n,
				combined == n ? PORT_QUEUES
				: combined    ? combined
					      : 1,
				d->interface, d->interface);
			return -E2BIG;
		}
		snprintf(d->args + len, sizeof(d->args) - len, ",queue_count=%u", n);
	} else if ((n ? n : 1) < there) {
		log_warn("%s: of the %u queues of %s it takes %u, from number %u: what comes by "
			 "the others is not seen",
			d->given, there, d->interface, n ? n : 1, first == UINT_MAX ? 0 : first);
	}
	d->queues = (uint16_t)(n ? n : 1);
	return 0;
}

int device_plan_queues(struct device *d)
{
	if (strncmp(d->name, "net_af_xdp", 10) == 0 && d->interface[0])
		return plan_xdp(d);
	if (d->files)
		d->queues = d->files;
	else if (strncmp(d->name, "net_vhost", 9) == 0 || strncmp(d->name, "eth_vhost", 9) == 0)
		d->queues = (uint16_t)argument(d->args, "queues", 1);
	else if (strncmp(d->name, "net_af_packet", 13) == 0)
		d->queues = (uint16_t)argument(d->args, "qpairs", 1);
	return 0;
}

/* af_packet maps a ring to receive and one to send, each queue. Its own defaults: of the driver. */
static uint64_t locked_by(const struct device *d)
{
	if (strncmp(d->name, "net_af_packet", 13) != 0)
		return 0;
	return 2ull * argument(d->args, "framesz", 2048) * argument(d->args, "framecnt", 512) *
	       argument(d->args, "qpairs", 1);
}

void device_lock(struct devices *all)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < all->n; i++)
		sum += locked_by(&all->device[i]);
	const bool may = rights_lock(sum);
	for (unsigned i = 0; i < all->n; i++)
		if (locked_by(&all->device[i])) {
			all->device[i].locked = sum;
			all->device[i].may_lock = may;
		}
}

/* An interface's packets wait in the kernel's ring. */
static uint64_t held_by(const struct input *in, const struct device *device)
{
	return device->kernel ? 64 : in->conf->input_descriptors * device->rings;
}

uint32_t device_mbufs(const struct input *in, const struct device *device)
{
	return input_mbufs(in, held_by(in, device) + IN_HAND);
}

int device_check_buffers(const struct input *in, unsigned i)
{
	struct devices *all = in->state;
	struct port *port = &all->ports[i];
	const struct device *d = all->device_of[i];
	const uint32_t size = device_mbufs(in, d), taken = port_taken(port);
	const uint32_t least = input_mbufs_least(in, taken + IN_HAND);

	if (size >= least)
		return 0;
	if (in->conf->memory_mbufs || !d->bus) {
		log_warn(
			"%s: the driver took %u of the %u buffers of a queue: packets may be lost; "
			"set memory.mbufs to %u or more",
			d->given, taken, size, least);
		return 0;
	}
	log_detail("%s: the driver took %u of the %u buffers of a queue: it gets %u", d->given,
		taken, size, input_mbufs(in, taken + IN_HAND));
	int error =
		port_restart(port, i, input_mbufs(in, taken + IN_HAND), &all->rss, &port_ops_dpdk);
	if (error)
		port->failed = "getting as many buffers as its driver takes (memory.mbufs)";
	return error;
}
