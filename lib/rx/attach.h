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
	char name[IF_NAMESIZE]; /* that was given */
	unsigned index; /* of the interface that is listened on; 0: none */
	unsigned other; /* of the one that has its name now, and can be listened on; 0: none */
	bool up; /* as reported last */
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
	ATTACH_AGAIN, /* `other` is to be listened on */
};

/* Starts with the interface of that name. 0 or -ENODEV. */
int attach_begin(struct attach *a, const char *name);

/* Updates *a by the state of an interface. Returns what that means. */
enum attach_event attach_take(struct attach *a, const struct attach_seen *seen);

/* Notes that the interface `index` is listened on now. */
void attach_done(struct attach *a, unsigned index);

/*
 * Asks the kernel for the states of our interface (the first of `seen`) and of the one that has the
 * name now: finds what a watcher (below) was not told.
 */
void attach_look(const struct attach *a, struct attach_seen seen[2]);

/* Opens a rtnetlink socket for changes of interfaces, which the caller closes. Or -errno. */
int attach_watch(void);

/* A buffer for the messages of one read. */
struct attach_news {
	unsigned n, at; /* octets read; parsed */
	char buffer[32768] __attribute__((aligned(8)));
};

/*
 * Reads the next change from the socket. 1: *seen; 0: nothing for now; -ENOBUFS: messages were
 * lost, call attach_look(); another -errno: the socket is of no more use.
 */
int attach_next(int fd, struct attach_news *news, struct attach_seen *seen);

#endif
