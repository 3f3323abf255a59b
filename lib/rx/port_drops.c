/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_drops.h"

#include "base/bits.h"

#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

/* Parts of the drivers' counter names: rx_q0_drop_total, rx_out_of_buffer,
 * rx_q0_rx_buf_alloc_failure, rx_mbuf_alloc_fail, rx_discards, rx_fifo_overflow, rx_no_desc ... */
static const char *const words[] = {"drop", "discard", "out_of_buffer", "no_buf", "nobuf",
	"no_mbuf", "nombuf", "alloc_fail", "alloc_err", "overflow", "overrun", "no_desc", "exhaust",
	"missed", "full"};
/* Exceptions: counters of transmission, of no loss, and those that rte_eth_stats has, such as
 * rx_missed_errors. */
static const char *const but[] = {"tx_", "full_duplex", "successful", "rx_missed_errors",
	"rx_mbuf_allocation_errors", "vlan_filter", "threshold", "backup"};

bool port_drops_is(const char *name)
{
	bool is = false;

	if (strncmp(name, "tx", 2) == 0 || strncmp(name, "out_", 4) == 0)
		return false;
	for (size_t i = 0; i < BITS_COUNT(but); i++)
		if (strstr(name, but[i]))
			return false;
	for (size_t i = 0; i < BITS_COUNT(words) && !is; i++)
		is = strstr(name, words[i]) != NULL;
	return is;
}

void port_drops_begin(struct port_drops *d, uint16_t port)
{
	struct rte_eth_xstat_name *names = NULL;
	int n = rte_eth_xstats_get_names(port, NULL, 0);

	d->n = 0;
	if (n > 0)
		names = calloc((size_t)n, sizeof(*names));
	if (!names || rte_eth_xstats_get_names(port, names, (unsigned)n) != n)
		n = 0;
	for (int i = 0; i < n && d->n < PORT_DROPS; i++)
		if (port_drops_is(names[i].name)) {
			d->id[d->n] = (uint64_t)i;
			memcpy(d->name[d->n], names[i].name, PORT_DROPS_NAME);
			d->name[d->n++][PORT_DROPS_NAME - 1] = '\0';
		}
	free(names);
	if (d->n && rte_eth_xstats_get_by_id(port, d->id, d->first, d->n) != (int)d->n)
		d->n = 0;
	memset(d->now, 0, sizeof(d->now));
}

uint64_t port_drops_read(struct port_drops *d, uint16_t port)
{
	uint64_t values[PORT_DROPS], sum = 0;

	if (d->n && rte_eth_xstats_get_by_id(port, d->id, values, d->n) == (int)d->n)
		for (unsigned i = 0; i < d->n; i++)
			d->now[i] = values[i] > d->first[i] ? values[i] - d->first[i] : 0;
	for (unsigned i = 0; i < d->n; i++)
		sum += d->now[i];
	return sum;
}
