/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor of reading a file: DPDK's net_pcap reads it once, and each burst is freed at once.
 *
 * net_pcap_floor FILE PACKETS: prints the CPU seconds and the wall time as one JSON object.
 */
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BURST 32

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int start(char *file)
{
	static char device[4096];
	static const char *const words[] = {"floor", "--no-huge", "--no-shconf", "-m", "64",
		"--no-pci", "--no-telemetry", "--log-level", "1", "-l", "0", "--vdev", device};
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	static char *args[WORDS + 1];
	struct rte_eth_conf conf = {0};

	if (snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s", file) >= (int)sizeof(device))
		return -1;
	for (int i = 0; i < WORDS; i++)
		args[i] = strdup(words[i]);
	if (rte_eal_init(WORDS, args) < 0)
		return -1;
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"rx", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool || rte_eth_dev_configure(0, 1, 0, &conf) ||
		rte_eth_rx_queue_setup(0, 0, 1024, 0, NULL, pool))
		return -1;
	return rte_eth_dev_start(0);
}

int main(int argc, char **argv)
{
	unsigned long done = 0, packets = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (packets == 0 || start(argv[1]) < 0) {
		fprintf(stderr,
			"net_pcap_floor: cannot start DPDK; usage: net_pcap_floor FILE PACKETS\n");
		return 2;
	}
	double cpu = seconds(CLOCK_THREAD_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
	while (done < packets) {
		struct rte_mbuf *burst[BURST];
		unsigned n = rte_eth_rx_burst(0, 0, burst, BURST);
		rte_pktmbuf_free_bulk(burst, n);
		done += n;
	}
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	printf("{\"packets\":%lu,\"cpu_s\":%.4f,\"wall_s\":%.4f}\n", done, cpu, wall);
	return 0;
}
