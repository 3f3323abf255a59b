/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices before EAL starts: which devices and interfaces, privileges, memory. */
#include "input/device.h"

#include "base/log.h"
#include "base/text.h"
#include "rx/nic.h"
#include "rx/nic_any.h"
#include "rx/rights.h"
#include "rx/sysfs.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * af_packet's ring: 2,048 frames of 16 KiB, because segments that an interface's GRO and TSO merge
 * reach us as one frame.
 */
#define KERNEL_FRAME 16384
#define KERNEL_FRAMES 2048
#define KERNEL_BLOCK 65536

static int fail_interface(const char *name)
{
	char list[512];
	struct text t = text_of(list, sizeof(list) - 1);
	struct if_nameindex *all = if_nameindex();
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		text_format(&t, "%s%s", text_len(&t) ? ", " : "", i->if_name);
	if (all)
		if_freenameindex(all);
	*t.at = '\0';
	log_error("input.interfaces: there is no interface %s; there are: %s", name, list);
	return -ENODEV;
}

/* Returns the link type of af_packet's frames by the interface's hardware type. */
static int link_type_of(const char *name)
{
	switch (sysfs_number(SYSFS_NET, name, "type", ARPHRD_ETHER)) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK: return FRAME_LINK_ETHERNET;
	case ARPHRD_NONE: /* tun, wireguard */
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_RAWIP: return FRAME_LINK_RAW;
	case ARPHRD_IEEE80211_RADIOTAP: return FRAME_LINK_RADIOTAP;
	case ARPHRD_IEEE80211: return FRAME_LINK_IEEE802_11;
	default: return FRAME_LINK_UNKNOWN;
	}
}

static int may_listen(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	int error = -errno;
	char hint[RIGHTS_HINT];
	const uint64_t least = 2ull * KERNEL_FRAME * KERNEL_FRAMES;
	log_error("cannot listen on interfaces: %s%s", strerror(-error),
		rights_hint(rights_lock(least) ? 0 : least, hint));
	return error;
}

static int plan_interface(struct device *d, const char *name, unsigned i)
{
	if (if_nametoindex(name) == 0)
		return fail_interface(name);
	int error = may_listen();
	if (error)
		return error;
	int link_type = link_type_of(name);
	if (link_type == FRAME_LINK_UNKNOWN) {
		log_error("interface %s: frames of its hardware type %ld are not decoded: listen "
			  "on another",
			name, sysfs_number(SYSFS_NET, name, "type", -1));
		return -ENOTSUP;
	}
	*d = (struct device){.given = name,
		.promiscuous_fd = -1,
		.rings = 1,
		.node = (int)sysfs_number(SYSFS_NET, name, "device/numa_node", -1),
		.link_type = (uint16_t)link_type,
		.buffer_bytes = KERNEL_FRAME,
		.kernel = true};
	snprintf(d->name, sizeof(d->name), "net_af_packet_i%u", i);
	snprintf(d->interface, sizeof(d->interface), "%s", name);
	return 0;
}

/* True if it is a PCI address, "3b:00.0" or "0000:3b:00.0"; writes the long form to `full`. */
static bool pci_address(const char *word, size_t len, char full[16])
{
	unsigned domain = 0, bus, device, function;
	int used = 0;
	char copy[16];
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, word, len);
	copy[len] = '\0';
	if (sscanf(copy, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &used) != 4 ||
		(size_t)used != len) {
		domain = 0;
		if (sscanf(copy, "%2x:%2x.%1x%n", &bus, &device, &function, &used) != 3 ||
			(size_t)used != len)
			return false;
	}
	snprintf(full, 16, "%04x:%02x:%02x.%u", domain & 0xffff, bus & 0xff, device & 0x1f,
		function & 7);
	return true;
}

/* Checks that a NIC exists and has a driver that DPDK can use. Returns 0, or -errno, logged. */
static int check_pci(const char *name)
{
	static const char *const fit[] = {"vfio-pci", "uio_pci_generic", "igb_uio", "mlx5_core",
		"mlx4_core", "hv_netvsc", "mana"};
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(path, sizeof(path), SYSFS_PCI "%s", name);
	if (access(path, F_OK) != 0) {
		log_error("input.devices: there is no PCI device %s; dpdk-devbind.py --status-dev "
			  "net lists those that there are",
			name);
		return -ENODEV;
	}
	snprintf(path, sizeof(path), SYSFS_PCI "%s/driver", name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	const char *driver = strrchr(target, '/') ? strrchr(target, '/') + 1 : "none";
	if (strcmp(driver, "vfio-pci") == 0) {
		char why[256];
		int error = nic_vfio(name, why, sizeof(why));
		if (error)
			log_error("input.devices: %s: %s", name, why);
		return error;
	}
	for (size_t i = 0; i < BITS_COUNT(fit); i++)
		if (strcmp(driver, fit[i]) == 0)
			return 0;
	log_error("input.devices: %s has the kernel driver %s, which DPDK cannot use: bind it with "
		  "scripts/tune --bind %s --apply, or listen with -i on its interface",
		name, driver, name);
	return -EBUSY;
}

/* Returns how many captures a device plays. */
static uint16_t files_of(const char *word)
{
	uint16_t n = 0;
	for (const char *at = word;
		strncmp(word, "net_pcap", 8) == 0 && (at = strstr(at, ",rx_pcap=")); at++)
		n++;
	return n;
}

bool device_all_captures(const struct conf *conf)
{
	unsigned files = 0;
	for (size_t i = 0; i < conf->input_devices.count; i++) {
		const char *word = conf->input_devices.at[i];
		const uint16_t n = files_of(word);
		if (n == 0 || strstr(word, ",infinite_rx=1"))
			return false;
		files += n;
	}
	return conf->input_interfaces.count == 0 && files > 0;
}

static int plan_device(struct device *d, const char *word)
{
	size_t n = strcspn(word, ",");
	char full[16];

	*d = (struct device){.given = word,
		.promiscuous_fd = -1,
		.rings = 1,
		.node = -1,
		.link_type = FRAME_LINK_ETHERNET};
	const char *address = strncmp(word, "pci:", 4) == 0 ? word + 4 : word;
	if (pci_address(address, n - (size_t)(address - word), full)) {
		int error = check_pci(full);
		if (error)
			return error;
		d->bus = true;
		d->rings = nic_rings((uint16_t)sysfs_number(SYSFS_PCI, full, "vendor", 0),
			(uint16_t)sysfs_number(SYSFS_PCI, full, "device", 0));
		d->node = (int)sysfs_number(SYSFS_PCI, full, "numa_node", -1);
		snprintf(d->name, sizeof(d->name), "%s", full);
		snprintf(d->args, sizeof(d->args), "%s%s", full, word + n);
		return 0;
	}
	if (n >= sizeof(d->name) || strlen(word) >= sizeof(d->args)) {
		log_error("input.devices: \"%.60s...\" is too long: shorten its name or arguments",
			word);
		return -E2BIG;
	}
	memcpy(d->name, word, n);
	d->name[n] = '\0';
	snprintf(d->args, sizeof(d->args), "%s", word);
	d->files = files_of(word);
	d->endless = d->files && strstr(word, ",infinite_rx=1");
	const char *iface = strstr(word, "iface=");
	size_t len = iface && iface[-1] == ',' ? strcspn(iface + 6, ",") : 0;
	if (len && len < sizeof(d->interface)) {
		memcpy(d->interface, iface + 6, len);
		/* Some drivers create the interface (tap), for others it is something else (vhost:
		 * a socket). */
		if (if_nametoindex(d->interface) == 0)
			d->interface[0] = '\0';
	}
	return device_plan_queues(d);
}

uint64_t device_memory(const struct input *in)
{
	const struct devices *devices = in->state;
	uint64_t octets = 32u << 20;

	for (unsigned i = 0; i < devices->n; i++) {
		const struct device *d = &devices->device[i];
		/* Without hugepages, whole pages. */
		uint64_t bytes =
			d->buffer_bytes ? (d->buffer_bytes + 512 + 4095) / 4096 * 4096 : 4352;
		unsigned queues = d->queues ? d->queues : in->share.workers;
		octets += (device_mbufs(in, d) * bytes + (4u << 20)) * queues;
	}
	return octets;
}

void device_describe(const struct input *in, FILE *out)
{
	const struct devices *devices = in->state;

	for (unsigned i = 0; i < devices->n; i++) {
		const struct device *d = &devices->device[i];
		fprintf(out, "input    %s %s: up to %u queues", d->kernel ? "interface" : "device",
			d->given, d->queues ? d->queues : in->share.workers);
		if (!d->kernel)
			fprintf(out, " of up to %llu descriptors",
				(unsigned long long)in->conf->input_descriptors);
		fprintf(out, ", each with %u buffers of %u octets", device_mbufs(in, d),
			d->buffer_bytes ? d->buffer_bytes : RTE_MBUF_DEFAULT_DATAROOM);
		if (d->node >= 0)
			fprintf(out, ", NUMA node %d", d->node);
		fputc('\n', out);
	}
}

/* All interfaces that are up and whose frames are decoded; of those that see the same, one. */
static int plan_any(struct devices *devices)
{
	const int max = (int)(DEVICE_MAX - devices->n);
	int n = nic_any_list(devices->any, max), error = n < 0 ? n : 0;

	if (n < 0)
		log_error("input.interfaces: any: %s",
			n == -ENXIO ? "/sys shows another network namespace: mount sysfs in this "
				      "one (ip "
				      "netns exec does), or name the interfaces"
				    : strerror(-n));
	if (n > max) {
		log_error(
			"input.interfaces: any: %d interfaces are up, and %d can be listened on at "
			"once: name those that matter",
			n, max);
		return -E2BIG;
	}
	for (int i = 0; i < n && error == 0; i++) {
		const char *name = devices->any[i];
		if (link_type_of(name) == FRAME_LINK_UNKNOWN)
			log_note("any: %s is skipped: frames of its hardware type are not decoded",
				name);
		else
			error = plan_interface(&devices->device[devices->n++], name, (unsigned)i);
	}
	if (error == 0 && devices->n == 0) {
		log_error("input.interfaces: any: no interface is up: set one up, or name it");
		error = -ENODEV;
	}
	return error;
}

int device_plan(struct input *in)
{
	const struct conf *conf = in->conf;
	struct devices *devices = calloc(1, sizeof(*devices));
	int error = 0;

	in->state = devices;
	if (!devices) {
		log_error("out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < conf->input_devices.count && error == 0; i++)
		error = plan_device(&devices->device[devices->n++], conf->input_devices.at[i]);
	for (unsigned i = 0; i < devices->n && in->node < 0; i++)
		in->node = devices->device[i].node;
	if (error == 0 && conf->input_interfaces.count == 1 &&
		strcmp(conf->input_interfaces.at[0], "any") == 0 && if_nametoindex("any") == 0)
		return plan_any(devices);
	for (size_t i = 0; i < conf->input_interfaces.count && error == 0; i++)
		error = plan_interface(
			&devices->device[devices->n++], conf->input_interfaces.at[i], (unsigned)i);
	return error;
}

/* Warns if a worker runs on another NUMA node than its device. */
static void warn_of_nodes(const struct input *in, const struct device *d)
{
	for (unsigned k = 0; k < in->share.workers && d->node >= 0; k++) {
		int at = in->share.nodes[k];
		if (at == d->node || at < 0)
			continue;
		log_warn("%s is on NUMA node %d, worker %u runs on node %d: each packet "
			 "crosses nodes; choose other CPUs with --lcores",
			d->given, d->node, k, at);
		return;
	}
}

int device_share(struct input *in)
{
	struct devices *devices = in->state;

	for (unsigned i = 0, n = 0; i < devices->n; i++) {
		struct device *d = &devices->device[i];
		warn_of_nodes(in, d);
		/* An interface has a queue for each worker. */
		if (d->kernel)
			snprintf(d->args, sizeof(d->args),
				"net_af_packet_i%u,iface=%s,qpairs=%u,blocksz=%d,framesz=%d,"
				"framecnt=%d",
				n++, d->given, in->share.workers, KERNEL_BLOCK, KERNEL_FRAME,
				KERNEL_FRAMES);
	}
	in->unordered = !in->ops->ordered && in->share.workers > 1;
	return 0;
}
