/* SPDX-License-Identifier: BSD-3-Clause */
/* Network interfaces and DPDK devices that a run listens on. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/place.h"
#include "rx/attach.h"
#include "rx/clock.h"
#include "rx/mbuf.h"
#include "rx/packet_socket.h"
#include "rx/port.h"
#include "rx/port_drops.h"
#include "rx/port_gate.h"
#include "rx/port_stall.h"
#include "rx/port_unplug.h"

#define LIVE_DEVICES 32
#define LIVE_PORTS 32
#define LIVE_LINK_UNKNOWN (-1)

struct run;

/* What the control loop knows of a device. */
enum live_state {
	LIVE_THERE,
	LIVE_LOST, /* it is gone, its ports are shut, and workers may still be inside */
	LIVE_AWAY, /* its ports are closed */
};

/* One word of input.interfaces or input.devices. */
struct device {
	const char *given;
	char name[64]; /* EAL's */
	char args[1024]; /* what EAL is told */
	char interface[16]; /* of the kernel, where there is one; or "" */
	int node; /* of its slot, or -1 */
	uint16_t link_type; /* FRAME_LINK_ */
	uint32_t room; /* octets of a buffer, 0: the usual */
	bool bus; /* on a bus that EAL scans (PCI), not made by us */
	bool kernel; /* -i: af_packet */
	uint16_t files; /* captures that net_pcap plays, each by a queue of its own; or 0 */
	bool endless; /* for ever, from memory, without their stamps */
	uint16_t queues; /* that its arguments say it has; or 0 */
	int sockets[PACKET_SOCKETS]; /* af_packet's, which says nothing of what it missed; the
					driver's */
	unsigned n_sockets;
	int promiscuous_fd; /* keeps the interface so; or -1 */
	struct attach attach; /* of the interface, by the kernel's number */
	struct port_unplug unplug; /* of a device on a bus */
	enum live_state state;
	int64_t lost_ns; /* when it was seen that it is gone */
	bool failed; /* it is there again and could not be opened: said */
	uint64_t missed; /* that the kernel told; written by the control loop */
};

struct live {
	struct device devices[LIVE_DEVICES];
	unsigned n_devices;
	struct port ports[LIVE_PORTS];
	struct device *device_of[LIVE_PORTS];
	uint64_t hz_of[LIVE_PORTS]; /* of the clocks of NICs, measured */
	unsigned n_ports;
	unsigned queues; /* of all ports */
	bool recorded; /* several queues, all of them captures: the order is that of their stamps */
	uint8_t index_of[RTE_MAX_ETHPORTS]; /* DPDK's number of a port to ours */
	struct rss rss;
	bool by_rss; /* a NIC spreads packets as rss says */
	struct mbuf_stamp stamp;
	struct place place;
	/* for the loggers, which say in the output what was lost; written by the control loop */
	_Atomic uint64_t missed, no_mbuf;
	/* the control loop's own */
	struct port_counts first[LIVE_PORTS]; /* at the start: devices keep counting */
	int link_up[LIVE_PORTS]; /* what was said last */
	bool judged[LIVE_PORTS]; /* whether the NIC agrees with its twin was said */
	int64_t watched_ns, opened_ns;
	int news_fd; /* rtnetlink, or -1 */
	struct attach_news news;
	uint64_t before_start[LIVE_PORTS]; /* packets that came before anybody listened */
	struct port_counts past[LIVE_PORTS]; /* of ports that were closed and opened again */
	struct port_drops drops[LIVE_PORTS];
	struct port_stall stall[LIVE_PORTS];
	struct port_stall queue_stall[LIVE_PORTS][PORT_QUEUES];
	struct port_gate gate; /* of the ports: workers look which are shut */
	/* for the loggers, too; bit i is port i */
	_Atomic uint32_t blind; /* nothing comes from there: it is gone or stands still */
	_Atomic unsigned interruptions; /* how often one became so */
	_Atomic uint64_t dropped; /* sum of what drivers count as lost */
};

_Static_assert(LIVE_PORTS <= 32, "a bit for each port");

/*
 * Looks at the interfaces and devices that the configuration names, before EAL starts, and places
 * the threads. 0, or -errno with a message said.
 */
int live_plan(struct live *live, const struct conf *conf);

/* Was the port told to spread packets as the twin does? */
static inline bool live_is_judged(const struct live *live, unsigned i)
{
	const struct port *port = &live->ports[i];
	return live->by_rss && port->plan.reta_size && port->plan.queues == live->place.workers &&
	       port->steering == NULL;
}

/* Packet buffers that each queue of a device needs, and MiB of memory for all of them. */
uint32_t live_mbufs(const struct live *live, const struct conf *conf, const struct device *device);
unsigned live_memory_mb(const struct live *live, const struct conf *conf);

/* Makes the devices, and opens and starts their ports. 0, or -errno with a message said. */
int live_open(struct run *run);
void live_close(struct live *live);

/* Says that it begins. */
void live_say(const struct live *live);

/* Asks the kernel what it dropped; the control loop does, and whoever wants the last word. */
void live_count_missed(struct live *live);

/* What came and was lost since the start. */
void live_counts(const struct live *live, unsigned port, struct port_counts *counts);

/* Keeps an interface promiscuous until it is released, whatever its driver would do. */
void live_hold_promiscuous(struct device *d, struct port *port);
void live_release_promiscuous(struct device *d);
/* Says why a device may see only what is sent to itself, if `why` is not NULL, and what to do. */
void live_say_narrow(const struct device *d, const char *why);

/* Makes a device; `quiet`: what fails is no error. Then finds and starts its port anew, number i of
 * ours. 0 or -errno. */
int live_reopen(struct run *run, unsigned i, bool quiet);

/* Called by the control loop, often: interfaces, devices and links that come and go, counters for
 * the loggers. -ENODEV once there is nothing left to listen on. */
int live_watch(struct run *run, int64_t now_ns);

/* Looks for queues that stand still; once a second. */
void live_watch_stalls(struct run *run);

/* A device is gone: no worker goes there any more. */
void live_lose(struct live *live, struct device *d, int64_t now_ns);
/* What is to be done with a device that is gone: close it, open it again. */
void live_recover(struct run *run, struct device *d);

#endif
