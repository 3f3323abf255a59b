/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which interface a name stands for, as it comes and goes. The kernel's number (index) is what a
 * socket is bound to: an interface that is deleted and made again has the same name, and nothing
 * comes from it any more.
 */
#ifndef RX_ATTACH_H
#define RX_ATTACH_H

#include <net/if.h>
#include <stdbool.h>

struct attach {
	char name[IF_NAMESIZE]; /* that was given */
	unsigned index; /* of the interface that is listened on; 0: none */
	unsigned other; /* of the one that has its name now, and can be listened on; 0: none */
	bool up; /* as said last */
};

/* What became of one interface. */
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

/* Begins with the interface of that name. 0 or -ENODEV. */
int attach_begin(struct attach *a, const char *name);

/* What it means for *a that *seen was seen. */
enum attach_event attach_take(struct attach *a, const struct attach_seen *seen);

/* The interface `index` is listened on from here on. */
void attach_done(struct attach *a, unsigned index);

/*
 * Asks the kernel for both, our interface and that of the name: two things seen, of which the first
 * is about `index`. What a watcher (below) was not told shows here.
 */
void attach_look(const struct attach *a, struct attach_seen seen[2]);

/* A rtnetlink socket that tells what becomes of interfaces, or -errno. To be closed. */
int attach_watch(void);

/* Room for what is read at once. */
struct attach_news {
	unsigned n, at; /* octets read; looked at */
	char room[32768] __attribute__((aligned(8)));
};

/*
 * The next thing that the socket tells. 1: *seen; 0: nothing for now; -ENOBUFS: it had to leave out
 * some, look (attach_look()) at all; another -errno: it is of no more use.
 */
int attach_next(int fd, struct attach_news *news, struct attach_seen *seen);

#endif
