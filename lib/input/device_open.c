/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices once EAL runs: creates them, opens and closes their ports. */
#include "input/device.h"

#include "base/log.h"
#include "base/text.h"
#include "rx/bpf_print.h"
#include "rx/eal_log.h"
#include "rx/rights.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_log.h>
#include <stdio.h>
#include <unistd.h>

/* Returns what to do about an error, static or composed in the buffer. */
static const char *hint_of(const struct device *d, int error, char buffer[RIGHTS_HINT])
{
	switch (-error) {
	case EPERM:
	case EACCES:
		if (d->locked)
			return rights_hint(d->may_lock ? 0 : d->locked, buffer);
		return geteuid() ? "; run as root" : "";
	case EBUSY: return "; another program uses it: stop that";
	case ENOMEM: return "; lower memory.mbufs or input.descriptors, or reserve more hugepages";
	default: return "";
	}
}

/* Logs that a device failed, at which step (or ""), and frees DPDK's messages. Drivers return -1
 * for any error: that is not EPERM. */
static int fail_device(const struct device *d, const char *step, int error, struct eal_log *log)
{
	const char *cause = eal_log_cause(log);
	char buffer[RIGHTS_HINT];
	const char *hint = hint_of(d, error, buffer);
	if (error == -1)
		log_error("cannot open %s: %s%s%s", d->given, step, cause, hint);
	else
		log_error("cannot open %s: %s%s (%s)%s", d->given, step, strerror(-error), cause,
			hint);
	eal_log_free(log);
	return error;
}

/* Creates a virtual device. Devices on a bus came with EAL; the others are created one by one, so
 * that an error names its device. Returns 0 or -errno. */
static int make_device(struct device *d, bool shown, bool quiet)
{
	struct eal_log log;
	int before[PACKET_SOCKETS];
	if (d->bus)
		return 0;
	unsigned n_before = packet_socket_list(before, PACKET_SOCKETS, NULL, 0);
	eal_log_capture(&log, shown, RTE_LOG_WARNING);
	int error = rte_dev_probe(d->args);
	if (error && !quiet)
		return fail_device(d, "", error, &log);
	eal_log_end(&log);
	eal_log_free(&log);
	if (error)
		return error;
	d->n_sockets = packet_socket_list(d->sockets, PACKET_SOCKETS, before, n_before);
	return 0;
}

/* Finds all ports of a device. Returns 0, or -ENODEV, which it has logged. */
static int find_ports(struct devices *all, struct device *d)
{
	unsigned before = all->n_ports;
	uint16_t id;
	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_dev_info info;
		if (rte_eth_dev_info_get(id, &info) || !info.device ||
			strcmp(rte_dev_name(info.device), d->name) != 0)
			continue;
		if (all->n_ports == DEVICE_PORTS)
			break;
		all->link_of[id] = d->link_type;
		all->device_of[all->n_ports] = d;
		all->link_up[all->n_ports] = DEVICE_LINK_UNKNOWN;
		port_of(&all->ports[all->n_ports++], id);
	}
	if (all->n_ports > before)
		return 0;
	log_error("cannot open %s: %s", d->given,
		d->bus ? "DPDK finds no Ethernet port there; --set eal.log=true shows why"
		       : "it is no Ethernet device");
	return -ENODEV;
}

static int fail_port(const struct devices *d, unsigned i, int error, struct eal_log *log)
{
	char step[128];
	snprintf(step, sizeof(step), "%s: ", d->ports[i].failed);
	return fail_device(d->device_of[i], step, error, log);
}

static struct port_want want_of(const struct input *in, const struct device *d)
{
	return (struct port_want){.queues = (uint16_t)in->share.workers,
		.descriptors = (uint16_t)in->conf->input_descriptors,
		.data_bytes = d->buffer_bytes,
		.mtu = (uint32_t)in->conf->input_mtu,
		.live = true,
		.bus = d->bus,
		.interrupts = in->share.rests};
}

static int prepare(const struct input *in)
{
	struct devices *d = in->state;
	struct eal_log log;
	for (unsigned i = 0; i < d->n_ports; i++) {
		struct port_want want = want_of(in, d->device_of[i]);
		eal_log_capture(&log, in->conf->eal_log, RTE_LOG_WARNING);
		int error = port_prepare(&d->ports[i], &want, &port_ops_dpdk);
		if (error == 0)
			error = port_pools(&d->ports[i], i, device_mbufs(in, d->device_of[i]));
		if (error)
			return fail_port(d, i, error, &log);
		eal_log_end(&log);
		eal_log_free(&log);
	}
	return 0;
}

/* Chooses the redirection table of all ports: the smallest of any NIC. */
static void choose_rss(struct devices *d, unsigned workers)
{
	uint16_t size = 0;
	for (unsigned i = 0; i < d->n_ports; i++) {
		const struct port_plan *p = &d->ports[i].plan;
		if (p->reta_size && p->queues == workers && (size == 0 || p->reta_size < size))
			size = p->reta_size;
	}
	d->by_rss = size != 0 && workers > 1;
	if (d->by_rss)
		rss_init(&d->rss, size, (uint16_t)workers);
}

/* Measures the rate of a NIC's clock over 50 ms. Returns 0 if it cannot be read. */
static uint64_t measure_hz(const struct port *port)
{
	uint64_t from, to, tsc = rte_rdtsc();
	if (port_read_clock(port, &from))
		return 0;
	rte_delay_us_sleep(50000);
	if (port_read_clock(port, &to) || to <= from)
		return 0;
	double seconds = (double)(rte_rdtsc() - tsc) / (double)rte_get_tsc_hz();
	return (uint64_t)((double)(to - from) / seconds);
}

/* Logs what wakes idle workers. */
static void log_idle(const struct devices *d, unsigned i)
{
	const char *given = d->device_of[i]->given, *why = d->ports[i].no_interrupts;
	if (why)
		log_detail("%s: idle workers poll every 20 us: %s", given, why);
	else
		log_detail("%s: idle workers sleep until the device interrupts", given);
}

static void log_port(const struct devices *d, unsigned i, unsigned workers)
{
	static const char *const timestamps[] = {[PORT_TIMESTAMP_NONE] = "the CPU",
		[PORT_TIMESTAMP_US] = "the file",
		[PORT_TIMESTAMP_NIC] = "the NIC"};
	const struct port *port = &d->ports[i];
	const struct port_plan *p = &port->plan;
	log_detail("%s: driver %s, %u queues of %u descriptors, MTU %u, time from %s",
		d->device_of[i]->given, p->driver, p->queues, p->descriptors,
		p->conf.rxmode.mtu ? p->conf.rxmode.mtu : RTE_ETHER_MTU, timestamps[p->timestamp]);
	if (workers == 1)
		return;
	if (port->steering)
		log_note(
			"%s: workers hand off packets: %s", d->device_of[i]->given, port->steering);
	else if (p->queues < workers)
		log_note("%s: workers hand off packets: the device has %u queues",
			d->device_of[i]->given, p->queues);
	else
		log_detail(
			"%s: the device spreads packets by symmetric RSS", d->device_of[i]->given);
}

/* Discards packets that packet sockets received from all interfaces before they were bound: so many
 * of each ring at most. */
static void discard(struct devices *all, unsigned i)
{
	struct device *d = all->device_of[i];
	uint64_t early = packet_socket_read(d->sockets, d->n_sockets).packets;
	all->before_start[i] += port_discard(&all->ports[i], early);
}

static int start_port(const struct input *in, unsigned i, struct eal_log *log)
{
	struct devices *all = in->state;
	struct port *port = &all->ports[i];
	struct device *d = all->device_of[i];

	device_hold_promiscuous(d, port);
	/* DPDK clears the flag, which others share, when it starts a port that it did not make
	 * promiscuous. */
	bool flag = d->interface[0] && packet_socket_flag(d->interface);
	eal_log_capture(log, in->conf->eal_log, RTE_LOG_WARNING);
	int error = port_start(port, &all->rss, &port_ops_dpdk);
	if (flag)
		packet_socket_set_flag(d->interface);
	if (error == 0)
		error = device_check_buffers(in, i);
	if (error)
		return error;
	eal_log_end(log);
	eal_log_free(log);
	if (port->plan.timestamp == PORT_TIMESTAMP_NIC) {
		all->hz_of[i] = measure_hz(port);
		if (all->hz_of[i] == 0)
			port->plan.timestamp = PORT_TIMESTAMP_NONE;
	}
	discard(all, i);
	port_counts(port, &all->first[i]);
	port_drops_begin(&all->drops[i], port->id);
	return 0;
}

static int start(const struct input *in)
{
	struct devices *d = in->state;
	struct eal_log log;
	for (unsigned i = 0; i < d->n_ports; i++) {
		int error = start_port(in, i, &log);
		if (error)
			return fail_port(d, i, error, &log);
		log_port(d, i, in->share.workers);
		device_warn_narrow(d->device_of[i], d->ports[i].narrow);
		if (in->share.rests)
			log_idle(d, i);
	}
	return 0;
}

/* Starts to watch interfaces and devices. Called before they are opened, so that no change is
 * missed. */
static void begin_watch(struct devices *all)
{
	all->news_fd = attach_watch();
	for (unsigned i = 0; i < all->n; i++) {
		struct device *d = &all->device[i];
		if (d->interface[0] && attach_begin(&d->attach, d->interface))
			d->interface[0] = '\0';
		if (d->bus && port_unplug_open(&d->unplug, d->name))
			log_detail("%s: DPDK cannot report when it is unplugged", d->given);
	}
}

int device_start(struct input *in)
{
	struct devices *d = in->state;
	const unsigned workers = in->share.workers;
	int error = mbuf_timestamp_register(&d->timestamp);

	if (error)
		log_error("cannot reserve a field for timestamps: %s", strerror(-error));
	begin_watch(d);
	device_lock(d);
	bpf_print_to_log();
	for (unsigned i = 0; i < d->n && error == 0; i++) {
		error = make_device(&d->device[i], in->conf->eal_log, false);
		if (error == 0)
			error = find_ports(d, &d->device[i]);
	}
	if (error == 0)
		error = prepare(in);
	if (error)
		return error;
	choose_rss(d, workers);
	in->rss = d->by_rss ? &d->rss : NULL;
	for (unsigned i = 0; i < d->n_ports; i++)
		d->queues += d->ports[i].plan.queues;
	in->receivers = d->queues < workers ? d->queues : workers;
	in->unordered = !in->ops->ordered && (workers > 1 || d->queues > 1);
	return start(in);
}

void device_stop(struct devices *all)
{
	for (unsigned i = 0; i < all->n; i++) {
		port_unplug_close(&all->device[i].unplug);
		device_release_promiscuous(&all->device[i]);
	}
	for (unsigned i = 0; i < all->n_ports; i++)
		port_close(&all->ports[i]);
	if (all->n_ports && all->news_fd >= 0)
		close(all->news_fd);
	all->n_ports = 0;
}

int device_reopen(struct input *in, unsigned i, bool quiet)
{
	struct devices *all = in->state;
	struct device *d = all->device_of[i];
	struct port *port = &all->ports[i];
	struct eal_log log = {0};
	const uint16_t queues = port->plan.queues;
	uint16_t id;

	port->made = false;
	device_release_promiscuous(d);
	int error = make_device(d, in->conf->eal_log, quiet);
	if (error == 0)
		error = rte_eth_dev_get_port_by_name(d->name, &id);
	if (error)
		return error;
	all->link_of[id] = d->link_type;
	port->id = id;
	port->made = true;
	struct port_want want = want_of(in, d);
	error = port_prepare(port, &want, &port_ops_dpdk);
	if (error == 0 && port->plan.queues != queues)
		error = -EINVAL;
	if (error == 0)
		error = start_port(in, i, &log);
	if (error)
		eal_log_end(&log);
	eal_log_free(&log);
	return error;
}
