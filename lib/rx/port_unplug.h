/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects that a device on a bus is unplugged while it is in use. */
#ifndef RX_PORT_UNPLUG_H
#define RX_PORT_UNPLUG_H

#include <stdatomic.h>
#include <stdbool.h>

#define PORT_UNPLUG_NAME 64

struct port_unplug {
	char name[PORT_UNPLUG_NAME]; /* EAL's, of the device */
	_Atomic bool gone; /* written by EAL's interrupt thread */
	bool watches;
};

/* Registers for the removal of the device `name`, which sets u->gone. The struct must not be moved
 * until port_unplug_close(). Returns 0, or -errno: a removal will not be noticed. */
int port_unplug_open(struct port_unplug *u, const char *name);
void port_unplug_close(struct port_unplug *u);

/* Removes the device `name`, on a bus or virtual, whose ports are closed, from EAL: the kernel
 * waits for that, and the name can be used again. Returns 0 or -errno. */
int port_unplug_release(const char *name, bool bus);

#endif
