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

/* The state of a device; the control loop's. */
enum device_state {
	DEVICE_THERE,
	DEVICE_LOST, /* it is gone, its ports are shut, but workers may still poll them */
	DEVICE_AWAY, /* its ports are closed */
};

/* One entry of input.interfaces or input.devices. */
struct device {
	const char *given;
	char name[64]; /* EAL's */
	char args[1024]; /* devargs for EAL */
	char interface[16]; /* the kernel's, or "" */
	int node; /* of its slot, or -1 */
	uint16_t link_type; /* FRAME_LINK_ */
	uint32_t buffer_bytes; /* octets of a buffer, 0: the usual */
	bool bus; /* on a bus that EAL scans (PCI), not virtual */
	bool kernel; /* -i: af_packet */
	uint16_t files; /* captures that net_pcap plays, each in a queue of its own; or 0 */
	unsigned rings; /* of buffers that its driver fills for each queue */
	uint16_t queues; /* by its arguments; or 0 */
	bool endless; /* plays its captures for ever, from memory, without their timestamps */
	int sockets[PACKET_SOCKETS]; /* af_packet's, which does not report its drops; the driver
					owns them */
	unsigned n_sockets;
	uint64_t locked; /* octets of memory that all devices with its driver lock; or 0 */
	bool may_lock; /* as many octets */
	int promiscuous_fd; /* a socket that keeps the interface promiscuous; or -1 */
	struct attach attach; /* follows the interface by the kernel's number */
	struct port_unplug unplug; /* of a device on a bus */
	enum device_state state;
	int64_t lost_ns; /* when its loss was detected */
	bool failed; /* it is back but could not be opened, which was reported */
	uint64_t missed; /* drops by the kernel's count; written by the control loop */
};

struct device_rx;

struct devices {
	struct device device[DEVICE_MAX];
	unsigned n;
	char any[DEVICE_MAX][IF_NAMESIZE]; /* names of all interfaces, for -i any */
	struct port ports[DEVICE_PORTS];
	struct device *device_of[DEVICE_PORTS];
	uint64_t hz_of[DEVICE_PORTS]; /* measured rates of the NICs' clocks */
	unsigned n_ports;
	unsigned queues; /* of all ports */
	uint16_t link_of[RTE_MAX_ETHPORTS]; /* link types by DPDK's port number */
	struct rss rss;
	bool by_rss; /* a NIC spreads packets by rss */
	struct mbuf_timestamp timestamp;
	struct device_rx *rx; /* one for each worker */
	unsigned workers; /* elements of rx */
	/* The control loop's. */
	struct port_counts first[DEVICE_PORTS]; /* at the start: devices never reset them */
	int link_up[DEVICE_PORTS]; /* last reported state */
	bool rss_reported[DEVICE_PORTS]; /* whether the NIC hashes as rss was reported */
	int64_t watched_ns, opened_ns;
	int news_fd; /* rtnetlink, or -1 */
	struct attach_news news;
	uint64_t before_start[DEVICE_PORTS]; /* packets that arrived before the port listened */
	struct port_counts past[DEVICE_PORTS]; /* of ports that were closed and opened again */
	struct port_drops drops[DEVICE_PORTS];
	struct port_stall stall[DEVICE_PORTS];
	struct port_stall queue_stall[DEVICE_PORTS][PORT_QUEUES];
	struct port_gate gate; /* makes workers leave ports that are shut */
};

_Static_assert(DEVICE_PORTS <= 32, "a bit for each port");

/* True if the only inputs are input.devices that play captures once. */
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

/* Sets d->queues by the device's arguments, and completes these. Returns 0, or -errno, which it has
 * logged. */
int device_plan_queues(struct device *d);

/* Checks that a port that was just started has enough free buffers. Restarts it with larger pools
 * if its driver holds more than was planned. Returns 0, or -errno with port->failed set. */
int device_check_buffers(const struct input *in, unsigned i);

/* Returns the number of packet buffers for each queue of a device. */
uint32_t device_mbufs(const struct input *in, const struct device *device);

/* Creates the devices, and opens and starts their ports: the first half of start(). Returns 0, or
 * -errno, which it has logged. */
int device_start(struct input *in);
/* Closes the ports: the second half of stop(). */
void device_stop(struct devices *all);

/* True if the port was configured to spread packets by all->rss over these workers. */
static inline bool device_has_our_rss(const struct devices *d, unsigned port, unsigned workers)
{
	const struct port *p = &d->ports[port];
	return d->by_rss && p->plan.reta_size && p->plan.queues == workers && p->steering == NULL;
}

/* Reads the counters of one port since the start. */
void device_port_counts(const struct devices *all, unsigned port, struct port_counts *counts);

/* Adds the kernel's drops since the last call to device->missed. */
void device_count_missed(struct devices *d);

/* Creates the device of our port i again, and finds and starts the port. `quiet`: logs no failure.
 * Returns 0 or -errno. */
int device_reopen(struct input *in, unsigned i, bool quiet);

/* Raises the limit of locked memory to what the drivers lock, if permitted. Called before the
 * devices are created. */
void device_lock(struct devices *all);

/* Keeps an interface promiscuous, whatever its driver does, until device_release_promiscuous(). */
void device_hold_promiscuous(struct device *d, struct port *port);
void device_release_promiscuous(struct device *d);
/* Warns that a device may receive only packets to its own address, unless `why` is NULL. */
void device_warn_narrow(const struct device *d, const char *why);

#endif
