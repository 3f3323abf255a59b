/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices on a bus that are taken away while they are in use. */
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

/* Tells from here on when the device `name` is taken away: u->gone. The struct must not be moved
 * until port_unplug_close(). 0 or -errno: nobody will tell. */
int port_unplug_open(struct port_unplug *u, const char *name);
void port_unplug_close(struct port_unplug *u);

/* Lets go of the device `name`, of a bus or made by us, whose ports are closed: the kernel waits
 * for that, and its name can be used again. 0 or -errno. */
int port_unplug_release(const char *name, bool bus);

#endif
