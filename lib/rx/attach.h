/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follows an interface by name, as it is deleted and created. A socket is bound to the kernel's
 * number (index): an interface that is deleted and created again has the same name, and the socket
 * receives nothing from it.
 */
#ifndef RX_ATTACH_H
#define RX_ATTACH_H

#include <net/if.h>
#include <stdbool.h>

struct attach {
	char name[IF_NAMESIZE]; /* as configured */
	unsigned index; /* of the interface that is listened on; 0: none */
	unsigned other; /* of a new interface of that name that can be listened on; 0: none */
	bool up; /* last reported state */
};

/* The state of an interface. */
struct attach_seen {
	unsigned index;
	bool gone;
	bool up; /* and running */
	char name[IF_NAMESIZE];
};

enum attach_event {
	ATTACH_NOTHING,
	ATTACH_DOWN,
	ATTACH_UP,
	ATTACH_GONE, /* index is 0 from here on */
	ATTACH_AGAIN, /* `other` can be listened on */
};

/* Starts to follow the interface of that name. Returns 0 or -ENODEV. */
int attach_begin(struct attach *a, const char *name);

/* Updates *a by the state of any interface. Returns what has changed for ours. */
enum attach_event attach_update(struct attach *a, const struct attach_seen *seen);

/* Records that the interface `index` is listened on now. */
void attach_done(struct attach *a, unsigned index);

/*
 * Reads from the kernel the states of our interface (seen[0]) and of the one that has its name now
 * (seen[1]): finds changes of which no message came.
 */
void attach_look(const struct attach *a, struct attach_seen seen[2]);

/* Opens a rtnetlink socket for changes of interfaces. Returns a descriptor, which the caller
 * closes, or -errno. */
int attach_watch(void);

/* The messages of one read. */
struct attach_news {
	unsigned n, at; /* octets read, and parsed */
	char buffer[32768] __attribute__((aligned(8)));
};

/*
 * Reads the next change from the socket. Returns 1 with *seen set; 0 if there is none for now;
 * -ENOBUFS if messages were dropped: call attach_look(); another -errno if the socket failed for
 * good.
 */
int attach_next(int fd, struct attach_news *news, struct attach_seen *seen);

#endif
