/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of a device's queues, and their buffers. */
#include "input/device.h"

#include "base/log.h"
#include "rx/nic.h"
#include "rx/rights.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_PROCESS 512 /* buffers of packets that a worker processes */

/* Returns the number after ",key=" in a device's arguments, or `none`. */
static unsigned argument(const char *args, const char *key, unsigned none)
{
	size_t n = strlen(key);
	for (const char *at = strchr(args, ','); at; at = strchr(at + 1, ','))
		if (strncmp(at + 1, key, n) == 0 && at[n + 1] == '=')
			return (unsigned)strtoul(at + n + 2, NULL, 10);
	return none;
}

/* Plans net_af_xdp's queues. By default it uses one queue of an interface, and the host receives
 * the packets of the others. Returns 0, or -errno, logged. */
static int plan_xdp(struct device *d)
{
	unsigned combined, all = nic_queues(d->interface, &combined),
			   first = argument(d->args, "start_queue", UINT_MAX),
			   n = argument(d->args, "queue_count", 0);
	size_t len = strlen(d->args);

	if (n == 0 && first == UINT_MAX && all > 1) {
		n = all;
		if (combined < n || n > PORT_QUEUES) {
			log_error(
				"%s: %s has %u receive queues, and net_af_xdp can use %u of them: "
				"reduce them (ethtool -L %s), or listen with -i %s",
				d->given, d->interface, n,
				combined == n ? PORT_QUEUES
				: combined    ? combined
					      : 1,
				d->interface, d->interface);
			return -E2BIG;
		}
		snprintf(d->args + len, sizeof(d->args) - len, ",queue_count=%u", n);
	} else if ((n ? n : 1) < all) {
		log_warn("%s: it uses %u of the %u queues of %s, from number %u: packets of the "
			 "others "
			 "are not captured; set queue_count=%u",
			d->given, n ? n : 1, all, d->interface, first == UINT_MAX ? 0 : first, all);
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

/* Returns the memory that a device locks: af_packet maps a receive and a send ring for each queue.
 * The defaults are the driver's. */
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

/* Returns the buffers that a queue's driver holds. An interface's packets are in the kernel's ring.
 */
static uint64_t held_by(const struct input *in, const struct device *device)
{
	return device->kernel ? 64 : in->conf->input_descriptors * device->rings;
}

uint32_t device_mbufs(const struct input *in, const struct device *device)
{
	return input_mbufs(in, held_by(in, device) + IN_PROCESS);
}

int device_check_buffers(const struct input *in, unsigned i)
{
	struct devices *all = in->state;
	struct port *port = &all->ports[i];
	const struct device *d = all->device_of[i];
	const uint32_t size = device_mbufs(in, d), held = port_buffers_in_use(port);
	const uint32_t min = input_mbufs_min(in, held + IN_PROCESS);

	if (size >= min)
		return 0;
	if (in->conf->memory_mbufs || !d->bus) {
		log_warn("%s: the driver holds %u of the %u buffers of a queue: packets may be "
			 "lost; "
			 "set memory.mbufs to %u or more",
			d->given, held, size, min);
		return 0;
	}
	log_detail("%s: the driver holds %u of the %u buffers of a queue: it gets %u", d->given,
		held, size, input_mbufs(in, held + IN_PROCESS));
	int error = port_restart(
		port, i, input_mbufs(in, held + IN_PROCESS), &all->rss, &port_ops_dpdk);
	if (error)
		port->failed = "getting as many buffers as its driver holds (memory.mbufs)";
	return error;
}
