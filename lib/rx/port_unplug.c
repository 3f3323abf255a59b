/* SPDX-License-Identifier: BSD-3-Clause */
/* Hot-plug events are not in the stable ABI yet. */
#define ALLOW_EXPERIMENTAL_API
#include "rx/port_unplug.h"

#include <rte_dev.h>
#include <stdio.h>

static void on_event(const char *name, enum rte_dev_event_type type, void *arg)
{
	struct port_unplug *u = arg;
	(void)name;
	if (type == RTE_DEV_EVENT_REMOVE)
		atomic_store(&u->gone, true);
}

int port_unplug_open(struct port_unplug *u, const char *name)
{
	snprintf(u->name, sizeof(u->name), "%s", name);
	atomic_store(&u->gone, false);
	int error = rte_dev_event_callback_register(u->name, on_event, u);
	if (error)
		return error;
	u->watches = true;
	/* VFIO requests its device back by an interrupt. Of a surprise removal the kernel's uevents
	 * report, and accesses to the device's registers may fault. */
	rte_dev_hotplug_handle_enable();
	return rte_dev_event_monitor_start();
}

void port_unplug_close(struct port_unplug *u)
{
	if (!u->watches)
		return;
	u->watches = false;
	rte_dev_event_monitor_stop();
	rte_dev_event_callback_unregister(u->name, on_event, u);
}

int port_unplug_release(const char *name, bool bus)
{
	return rte_eal_hotplug_remove(bus ? "pci" : "vdev", name);
}
