/* SPDX-License-Identifier: BSD-3-Clause */
/* Network interfaces and DPDK devices, as the kinds `live` and `recorded` use them. */
#ifndef INPUT_DEVICE_H
#define INPUT_DEVICE_H

#include "input/input.h"
#include "rx/attach.h"
#include "rx/packet_socket.h"
#include "rx/port_gate.h"
#include "rx/port_stall.h"
#include "rx/port_unplug.h"

#define DEVICE_MAX 32
#define DEVICE_PORTS 32
#define DEVICE_LINK_UNKNOWN (-1)

/* What the control loop knows of a device. */
enum device_state {
	DEVICE_THERE,
	DEVICE_LOST, /* it is gone, its ports are shut, and workers may still be inside */
	DEVICE_AWAY, /* its ports are closed */
};

/* One word of input.interfaces or input.devices. */
struct device {
	const char *given;
	char name[64]; /* EAL's */
	char args[1024]; /* what EAL is told */
	char interface[16]; /* of the kernel, where there is one; or "" */
	int node; /* of its slot, or -1 */
	uint16_t link_type; /* FRAME_LINK_ */
	uint32_t buffer_bytes; /* octets of a buffer, 0: the usual */
	bool bus; /* on a bus that EAL scans (PCI), not made by us */
	bool kernel; /* -i: af_packet */
	uint16_t files; /* captures that net_pcap plays, each by a queue of its own; or 0 */
	unsigned rings; /* of buffers that its driver fills a queue */
	uint16_t queues; /* that its arguments say it has; or 0 */
	bool endless; /* for ever, from memory, without their timestamps */
	int sockets[PACKET_SOCKETS]; /* af_packet's, which says nothing of what it missed; the
					driver's */
	unsigned n_sockets;
	uint64_t locked; /* octets of memory that its driver and those of its kind lock; or 0 */
	bool may_lock; /* so many */
	int promiscuous_fd; /* keeps the interface so; or -1 */
	struct attach attach; /* of the interface, by the kernel's number */
	struct port_unplug unplug; /* of a device on a bus */
	enum device_state state;
	int64_t lost_ns; /* when it was seen that it is gone */
	bool failed; /* it is there again and could not be opened: said */
	uint64_t missed; /* that the kernel told; written by the control loop */
};

struct device_rx;

struct devices {
	struct device device[DEVICE_MAX];
	unsigned n;
	char any[DEVICE_MAX][IF_NAMESIZE]; /* names of all interfaces, for -i any */
	struct port ports[DEVICE_PORTS];
	struct device *device_of[DEVICE_PORTS];
	uint64_t hz_of[DEVICE_PORTS]; /* of the clocks of NICs, measured */
	unsigned n_ports;
	unsigned queues; /* of all ports */
	uint16_t link_of[RTE_MAX_ETHPORTS]; /* link type by DPDK's number of a port */
	struct rss rss;
	bool by_rss; /* a NIC spreads packets as rss says */
	struct mbuf_timestamp timestamp;
	struct device_rx *rx; /* one a worker */
	unsigned workers; /* of these */
	/* the control loop's own */
	struct port_counts first[DEVICE_PORTS]; /* at the start: devices keep counting */
	int link_up[DEVICE_PORTS]; /* what was said last */
	bool judged[DEVICE_PORTS]; /* whether the NIC's hash is the expected one was reported */
	int64_t watched_ns, opened_ns;
	int news_fd; /* rtnetlink, or -1 */
	struct attach_news news;
	uint64_t before_start[DEVICE_PORTS]; /* packets that came before anybody listened */
	struct port_counts past[DEVICE_PORTS]; /* of ports that were closed and opened again */
	struct port_drops drops[DEVICE_PORTS];
	struct port_stall stall[DEVICE_PORTS];
	struct port_stall queue_stall[DEVICE_PORTS][PORT_QUEUES];
	struct port_gate gate; /* of the ports: workers look which are shut */
};

_Static_assert(DEVICE_PORTS <= 32, "a bit for each port");

/* Are input.devices captures that are played once, and is there nothing else? */
bool device_all_captures(const struct conf *conf);

/* The rows of struct input_ops that both kinds of device have. */
#define DEVICE_INPUT_OPS                                                                           \
	.plan = device_plan, .share = device_share, .describe = device_describe,                   \
	.memory = device_memory, .descriptors = device_descriptors, .words = device_words,         \
	.rx = device_rx_get, .announce = device_announce, .watch = device_watch,                   \
	.counts = device_counts, .numbers = device_numbers, .source = device_source,               \
	.part = device_part, .finish = device_finish, .stop = device_rx_stop,                      \
	.close = device_close
/* Its functions. */
int device_plan(struct input *in);
int device_share(struct input *in);
void device_describe(const struct input *in, FILE *out);
uint64_t device_memory(const struct input *in);
unsigned device_descriptors(const struct input *in);
void device_words(const struct input *in, input_word_fn *add, void *arg);
void device_announce(const struct input *in);
void device_counts(const struct input *in, struct input_counts *counts);
unsigned device_numbers(const struct input *in, struct input_number *numbers);
const char *device_source(const struct input *in, unsigned i);
bool device_part(const struct input *in, unsigned i, struct input_part *part);
void device_finish(struct input *in);
void device_close(struct input *in);

/* How many queues a device has whose arguments say so: d->queues. Adds what is missing there; 0, or
 * -errno, said. */
int device_plan_queues(struct device *d);

/* Are enough buffers left of a port that was just started? It is started over larger pools where
 * its driver took more than was planned. 0, or -errno with port->failed set. */
int device_check_buffers(const struct input *in, unsigned i);

/* Packet buffers of each queue of a device. */
uint32_t device_mbufs(const struct input *in, const struct device *device);

/* Makes the devices, and opens and starts their ports: the first half of start(). */
int device_start(struct input *in);
/* Closes the ports: the second half of stop(). */
void device_stop(struct devices *all);

/* Returns whether the port was configured to spread packets as rx/rss.h does. */
static inline bool device_is_judged(const struct devices *d, unsigned port, unsigned workers)
{
	const struct port *p = &d->ports[port];
	return d->by_rss && p->plan.reta_size && p->plan.queues == workers && p->steering == NULL;
}

/* What came and was lost since the start, of one port. */
void device_port_counts(const struct devices *all, unsigned port, struct port_counts *counts);

/* Asks the kernel what it dropped since it was asked last; whoever wants the last word does. */
void device_count_missed(struct devices *d);

/* Makes the device of port i of ours; `quiet`: what fails is no error. Then finds and starts the
 * port anew. 0 or -errno. */
int device_reopen(struct input *in, unsigned i, bool quiet);

/* Before devices are made: raises the limit of locked memory to what their drivers lock, where that
 * may be. */
void device_lock(struct devices *all);

/* Keeps an interface promiscuous until it is released, whatever its driver would do. */
void device_hold_promiscuous(struct device *d, struct port *port);
void device_release_promiscuous(struct device *d);
/* Says why a device may see only what is sent to itself, if `why` is not NULL, and what to do. */
void device_say_narrow(const struct device *d, const char *why);

#endif
