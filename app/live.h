/* SPDX-License-Identifier: BSD-3-Clause */
/* Network interfaces and DPDK devices that a run listens on. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/place.h"
#include "rx/clock.h"
#include "rx/mbuf.h"
#include "rx/port.h"

#define LIVE_DEVICES 32
#define LIVE_PORTS 32
#define LIVE_LINK_UNKNOWN (-1)

struct run;

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
	int sockets[PLACE_WORKERS]; /* af_packet's, which says nothing of what it missed; the
				       driver's */
	unsigned n_sockets;
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
	int64_t watched_ns;
};

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

/* IFF_ flags of an interface, or -1 where it is no more. */
int live_interface_flags(const char *name);

/* Called by the control loop now and then: counters for the loggers, links that come and go.
 * -ENODEV once every interface is gone. */
int live_watch(struct live *live, int64_t now_ns);

#endif
