/* SPDX-License-Identifier: BSD-3-Clause */
/* Live input with EAL: devices are made, ports opened, watched and closed. */
#include "app/live.h"

#include "app/eal.h"
#include "app/live_order.h"
#include "base/log.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <stdio.h>
#include <unistd.h>

static const char *hint_of(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES: return "; run as root, or with the capabilities cap_net_raw and cap_net_admin";
	case EBUSY: return "; somebody else uses it";
	case ENOMEM: return "; lower memory.mbufs or input.descriptors, or reserve more hugepages";
	default: return "";
	}
}

/* What the kernel dropped since it was asked last, because its ring was full. */
static uint64_t kernel_missed(const struct device *d)
{
	return packet_socket_take(d->sockets, d->n_sockets).dropped;
}

/* From here on what is wrong by DPDK is kept. */
static void listen_to_dpdk(struct eal_hush *hush)
{
	eal_hush(hush);
	if (hush->stream)
		rte_log_set_global_level(RTE_LOG_WARNING);
}

/* The first error of a driver is the cause, those that follow are that it failed. */
static const char *cause_of(struct eal_hush *hush)
{
	const char *last = eal_unhush(hush);
	char *rest = NULL;
	for (char *line = hush->log ? strtok_r(hush->log, "\n", &rest) : NULL; line;
		line = strtok_r(NULL, "\n", &rest))
		/* memif wants something of secondary processes that there cannot be. */
		if (strncmp(line, "EAL: ", 5) != 0 && !strstr(line, "mp action"))
			return line;
	return last;
}

/* Says that a device failed, at which step (or ""), and lets go of what DPDK said. Drivers return
 * -1 for anything: that is not EPERM. */
static int fail_device(const struct device *d, const char *step, int error, struct eal_hush *hush)
{
	const char *cause = cause_of(hush);
	if (error == -1 && geteuid() == 0)
		log_error("cannot open %s: %s%s", d->given, step, cause);
	else
		log_error("cannot open %s: %s%s (%s)%s", d->given, step, strerror(-error), cause,
			hint_of(error));
	eal_hush_free(hush);
	return error;
}

/* Devices on a bus came with EAL; the others are made here, one by one, so that we know whose fault
 * it is. */
static int make_device(struct device *d, bool quiet)
{
	struct eal_hush hush;
	int before[PACKET_SOCKETS];
	if (d->bus)
		return 0;
	unsigned n_before = packet_socket_list(before, PACKET_SOCKETS, NULL, 0);
	listen_to_dpdk(&hush);
	int error = rte_dev_probe(d->args);
	if (error && !quiet)
		return fail_device(d, "", error, &hush);
	eal_unhush(&hush);
	eal_hush_free(&hush);
	if (error)
		return error;
	d->n_sockets = packet_socket_list(d->sockets, PACKET_SOCKETS, before, n_before);
	return 0;
}

/* All ports of a device. 0, or -ENODEV, said. */
static int find_ports(struct live *live, struct device *d)
{
	unsigned before = live->n_ports;
	uint16_t id;
	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_dev_info info;
		if (rte_eth_dev_info_get(id, &info) || !info.device ||
			strcmp(rte_dev_name(info.device), d->name) != 0)
			continue;
		if (live->n_ports == LIVE_PORTS)
			break;
		live->index_of[id] = (uint8_t)live->n_ports;
		live->device_of[live->n_ports] = d;
		live->link_up[live->n_ports] = LIVE_LINK_UNKNOWN;
		port_of(&live->ports[live->n_ports++], id);
	}
	if (live->n_ports > before)
		return 0;
	log_error("cannot open %s: %s", d->given,
		d->bus ? "DPDK finds no Ethernet port there; try --set eal.log=true"
		       : "it is no Ethernet device");
	return -ENODEV;
}

static int fail_port(const struct live *live, unsigned i, int error, struct eal_hush *hush)
{
	char step[128];
	snprintf(step, sizeof(step), "%s: ", live->ports[i].failed);
	return fail_device(live->device_of[i], step, error, hush);
}

static struct port_want want_of(const struct run *run, const struct device *d)
{
	return (struct port_want){.queues = (uint16_t)run->live->place.workers,
		.descriptors = (uint16_t)run->conf->input_descriptors,
		.room = d->room,
		.mtu = (uint32_t)run->conf->input_mtu,
		.live = true,
		.bus = d->bus,
		.interrupts = run->rests};
}

static int prepare(const struct run *run)
{
	struct live *live = run->live;
	const struct conf *conf = run->conf;
	struct eal_hush hush;
	for (unsigned i = 0; i < live->n_ports; i++) {
		struct port_want want = want_of(run, live->device_of[i]);
		listen_to_dpdk(&hush);
		int error = port_prepare(&live->ports[i], &want, &port_ops_dpdk);
		if (error == 0)
			error = port_pools(
				&live->ports[i], i, live_mbufs(live, conf, live->device_of[i]));
		if (error)
			return fail_port(live, i, error, &hush);
		eal_unhush(&hush);
		eal_hush_free(&hush);
	}
	return 0;
}

/* The table of all ports: the smallest that a NIC has. */
static void choose_rss(struct live *live)
{
	uint16_t size = 0;
	for (unsigned i = 0; i < live->n_ports; i++) {
		const struct port_plan *p = &live->ports[i].plan;
		if (p->reta_size && p->queues == live->place.workers &&
			(size == 0 || p->reta_size < size))
			size = p->reta_size;
	}
	live->by_rss = size != 0 && live->place.workers > 1;
	if (live->by_rss)
		rss_init(&live->rss, size, (uint16_t)live->place.workers);
}

/* How fast the clock of a NIC runs, by waiting a little. */
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

/* What wakes those that rest. */
static void say_idle(const struct live *live, unsigned i)
{
	const char *given = live->device_of[i]->given, *why = live->ports[i].no_interrupts;
	if (why)
		log_detail("%s: idle workers look again every 20 us: %s", given, why);
	else
		log_detail("%s: idle workers sleep until the device interrupts", given);
}

static void say_port(const struct live *live, unsigned i)
{
	static const char *const stamps[] = {[PORT_STAMP_NONE] = "the CPU",
		[PORT_STAMP_US] = "the file",
		[PORT_STAMP_NIC] = "the NIC"};
	const struct port *port = &live->ports[i];
	const struct port_plan *p = &port->plan;
	log_detail("%s: driver %s, %u queues of %u descriptors, MTU %u, time from %s",
		live->device_of[i]->given, p->driver, p->queues, p->descriptors,
		p->conf.rxmode.mtu ? p->conf.rxmode.mtu : RTE_ETHER_MTU, stamps[p->stamp]);
	if (live->place.workers == 1)
		return;
	if (port->steering)
		log_note("%s: workers hand packets to each other: %s", live->device_of[i]->given,
			port->steering);
	else if (p->queues < live->place.workers)
		log_note("%s: workers hand packets to each other: the device has %u queues",
			live->device_of[i]->given, p->queues);
	else
		log_detail("%s: the device spreads packets by symmetric RSS",
			live->device_of[i]->given);
}

/* What packet sockets took before they were told their interface is of all interfaces: so much of
 * each ring, at most, goes. Others that the driver has no rings of are not read yet. */
static void discard(struct live *live, unsigned i)
{
	struct device *d = live->device_of[i];
	uint64_t early = packet_socket_take(d->sockets, d->n_sockets).packets;
	live->before_start[i] += port_discard(&live->ports[i], early);
}

static int start_port(const struct run *run, unsigned i, struct eal_hush *hush)
{
	struct live *live = run->live;
	struct port *port = &live->ports[i];
	struct device *d = live->device_of[i];

	live_hold_promiscuous(d, port);
	/* DPDK clears the flag of others when it starts a port that it did not make promiscuous. */
	bool flag = d->interface[0] && packet_socket_flag(d->interface);
	listen_to_dpdk(hush);
	int error = port_start(port, &live->rss, &port_ops_dpdk);
	if (flag)
		packet_socket_set_flag(d->interface);
	if (error)
		return error;
	eal_unhush(hush);
	eal_hush_free(hush);
	if (port->plan.stamp == PORT_STAMP_NIC) {
		live->hz_of[i] = measure_hz(port);
		if (live->hz_of[i] == 0)
			port->plan.stamp = PORT_STAMP_NONE;
	}
	discard(live, i);
	port_counts(port, &live->first[i]);
	port_drops_begin(&live->drops[i], port->id);
	return 0;
}

static int start(const struct run *run)
{
	struct live *live = run->live;
	struct eal_hush hush;
	for (unsigned i = 0; i < live->n_ports; i++) {
		int error = start_port(run, i, &hush);
		if (error)
			return fail_port(live, i, error, &hush);
		say_port(live, i);
		live_say_narrow(live->device_of[i], live->ports[i].narrow);
		if (run->rests)
			say_idle(live, i);
	}
	return 0;
}

/* The numbers of interfaces are read before they are opened: of what happens to them meanwhile,
 * rtnetlink tells. */
static void begin_watch(struct live *live)
{
	live->news_fd = attach_watch();
	for (unsigned i = 0; i < live->n_devices; i++) {
		struct device *d = &live->devices[i];
		if (d->interface[0] && attach_begin(&d->attach, d->interface))
			d->interface[0] = '\0';
		if (d->bus && port_unplug_open(&d->unplug, d->name))
			log_detail("%s: nobody will tell when it is unplugged", d->given);
	}
}

int live_open(struct run *run)
{
	struct live *live = run->live;
	int error = mbuf_stamp_register(&live->stamp);
	if (error)
		log_error("cannot reserve room for time stamps: %s", strerror(-error));
	begin_watch(live);
	for (unsigned i = 0; i < live->n_devices && error == 0; i++) {
		error = make_device(&live->devices[i], false);
		if (error == 0)
			error = find_ports(live, &live->devices[i]);
	}
	if (error == 0)
		error = prepare(run);
	if (error == 0) {
		choose_rss(live);
		error = live_order_plan(live);
	}
	if (error == 0)
		error = start(run);
	if (error)
		live_close(live);
	return error;
}

void live_say(const struct live *live)
{
	char names[1024];
	struct text t = text_of(names, sizeof(names) - 1);
	for (unsigned i = 0; i < live->n_devices; i++)
		text_format(&t, "%s%s", i ? " and " : "", live->devices[i].given);
	*t.at = '\0';
	log_note("listening on %s", names);
}

void live_close(struct live *live)
{
	for (unsigned i = 0; i < live->n_devices; i++) {
		port_unplug_close(&live->devices[i].unplug);
		live_release_promiscuous(&live->devices[i]);
	}
	for (unsigned i = 0; i < live->n_ports; i++)
		port_close(&live->ports[i]);
	if (live->n_ports && live->news_fd >= 0)
		close(live->news_fd);
	live->n_ports = 0;
}

int live_reopen(struct run *run, unsigned i, bool quiet)
{
	struct live *live = run->live;
	struct device *d = live->device_of[i];
	struct port *port = &live->ports[i];
	struct eal_hush hush;
	const uint16_t queues = port->plan.queues;
	uint16_t id;

	port->made = false;
	live_release_promiscuous(d);
	int error = make_device(d, quiet);
	if (error == 0)
		error = rte_eth_dev_get_port_by_name(d->name, &id);
	if (error)
		return error;
	live->index_of[id] = (uint8_t)i;
	port->id = id;
	port->made = true;
	struct port_want want = want_of(run, d);
	error = port_prepare(port, &want, &port_ops_dpdk);
	if (error == 0 && port->plan.queues != queues)
		error = -EINVAL;
	if (error == 0)
		error = start_port(run, i, &hush);
	return error;
}

void live_counts(const struct live *live, unsigned port, struct port_counts *counts)
{
	const struct port_counts *first = &live->first[port], *past = &live->past[port];
	*counts = (struct port_counts){0};
	if (live->ports[port].started) {
		port_counts(&live->ports[port], counts);
		counts->packets -= first->packets;
		counts->missed -= first->missed;
		counts->errors -= first->errors;
		counts->no_mbuf -= first->no_mbuf;
	}
	counts->packets += past->packets;
	counts->missed += past->missed + live->device_of[port]->missed;
	counts->errors += past->errors;
	counts->no_mbuf += past->no_mbuf;
}

void live_count_missed(struct live *live)
{
	for (unsigned i = 0; i < live->n_devices; i++)
		live->devices[i].missed += kernel_missed(&live->devices[i]);
}
