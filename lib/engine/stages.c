/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/stages.h"

#include "base/when.h"
#include "dns/const.h"

static void choose_ports(struct packet_conf *packets, const struct conf *conf)
{
#define PACKET_TUNNEL(name, layer, port, port2)                                                    \
	packet_tunnel_ports(packets, PACKET_TUNNEL_##name, conf->tunnels_##name.at,                \
		(unsigned)conf->tunnels_##name.count);
#include "packet/ports.def"
#undef PACKET_TUNNEL
	for (size_t i = 0; i < conf->dns_ports.count; i++)
		packet_port_add(packets, conf->dns_ports.at[i]);
	packets->anywhere = conf->dns_ports.any;
	if (packets->anywhere)
		packet_port_add(packets, DNS_PORT);
}

static void choose_sightings(struct packet_conf *packets, const struct conf *conf)
{
	struct prefix prefix;

	if (!conf->encrypted_sightings)
		return;
	packet_encrypted_ports(
		packets, conf->encrypted_ports.at, (unsigned)conf->encrypted_ports.count);
	for (size_t i = 0; i < conf->encrypted_resolvers.count; i++)
		if (!prefix_parse(&prefix, conf->encrypted_resolvers.at[i]))
			packet_resolver_add(packets, &prefix);
}

/* What a wrong checksum of a TCP segment means. */
static enum packet_checksums choose_segment_checksum(const struct conf *conf)
{
	if (conf->packet_checksum == CONF_CHECKSUM_IGNORE)
		return PACKET_CHECKSUM_IGNORE;
	return conf->packet_checksum == CONF_CHECKSUM_REQUIRE ? PACKET_CHECKSUM_REQUIRE
							      : PACKET_CHECKSUM_PREFER;
}

void stages_packets(struct packet_conf *packets, const struct conf *conf)
{
	packet_conf_init(packets);
	packets->wanted = (uint8_t)((conf->txn_key_includes_vlan ? PACKET_WANT_REALM : 0) |
				    (conf->output_mac ? PACKET_WANT_MACS : 0));
	packets->checksum = choose_segment_checksum(conf);
	packets->max_depth = (uint16_t)conf->packet_max_depth;
	choose_ports(packets, conf);
	choose_sightings(packets, conf);
}

/* Which replies wait for their queries: all, if packets come by several queues; those that the
 * timestamps allow, in a capture, whose order is known. */
static struct txn_early_conf choose_early(const struct conf *conf, const struct input *input)
{
	const int64_t reorder_ns = (int64_t)conf->txn_reorder_ms * WHEN_NS_PER_MS;
	struct txn_early_conf early = {.unordered = input->unordered};

	if (input->unordered) {
		early.wait_ns = reorder_ns;
		early.later_ns = INT64_MAX;
	} else if (input->ops->ordered) {
		early.later_ns = (int64_t)conf->txn_early_ms * WHEN_NS_PER_MS;
		early.earlier_ns = (int64_t)conf->txn_skew_us * WHEN_NS_PER_US;
		if (early.later_ns + early.earlier_ns)
			early.wait_ns = early.later_ns + early.earlier_ns + reorder_ns;
	}
	return early;
}

static enum txn_checksum choose_checksum(const struct conf *conf)
{
	if (conf->packet_checksum == CONF_CHECKSUM_IGNORE)
		return TXN_CHECKSUM_IGNORE;
	return conf->packet_checksum == CONF_CHECKSUM_REQUIRE ? TXN_CHECKSUM_REQUIRE
							      : TXN_CHECKSUM_PREFER;
}

struct pipeline_conf stages_pipeline(const struct conf *conf, const struct packet_conf *packets,
	const struct input *input, unsigned self)
{
	const int64_t reorder_ns = (int64_t)conf->txn_reorder_ms * WHEN_NS_PER_MS;
	return (struct pipeline_conf){
		.txn = {.max_open = (uint32_t)conf->txn_max_open,
			.timeout_ns = (int64_t)conf->txn_timeout_ms * WHEN_NS_PER_MS,
			.reorder_ns = reorder_ns,
			.duplicate_ns = (int64_t)conf->txn_duplicate_window_ms * WHEN_NS_PER_MS,
			.early = choose_early(conf, input),
			.checksum = choose_checksum(conf),
			.sum_transfers = conf->txn_transfers == CONF_TRANSFERS_SUMMARY,
			.macs = conf->output_mac},
		.tcp = {.max_streams = (uint32_t)conf->tcp_max_streams,
			.buffer_bytes = conf->tcp_buffer_mb << 20,
			.stream_bytes = 256 * 1024,
			.idle_ns = (int64_t)conf->tcp_idle_ms * WHEN_NS_PER_MS,
			.unordered = input->unordered,
			.reorder_ns = reorder_ns},
		.frag = {.max_datagrams = (uint32_t)conf->fragments_max,
			.timeout_ns = (int64_t)conf->fragments_timeout_ms * WHEN_NS_PER_MS},
		.sight = {.max_flows = packets->sightings ? (uint32_t)conf->encrypted_max : 0,
			.idle_ns = (int64_t)conf->encrypted_idle_ms * WHEN_NS_PER_MS,
			.macs = conf->output_mac},
		.rss = input->rss,
		.self = (uint16_t)self,
		.workers = (uint16_t)input->share.workers,
	};
}
