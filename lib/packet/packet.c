/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/packet.h"

#include "packet/layer_eth.h"
#include "packet/layer_ip.h"
#include "packet/layer_l4.h"
#include "packet/layer_sll.h"

void packet_port_add(struct packet_conf *conf, uint16_t port)
{
	conf->ports[port >> 6] |= (uint64_t)1 << (port & 63);
}

static enum layer first_layer(struct walk *w, uint16_t link_type)
{
	switch (link_type) {
	case FRAME_LINK_ETHERNET: return LAYER_ethernet;
	case FRAME_LINK_RAW:
	case FRAME_LINK_RAW_BSD:
	case FRAME_LINK_RAW_OPENBSD:
	case FRAME_LINK_IPV4:
	case FRAME_LINK_IPV6: return LAYER_ip;
	case FRAME_LINK_NULL:
	case FRAME_LINK_LOOP: return LAYER_null;
	case FRAME_LINK_SLL: return LAYER_sll;
	case FRAME_LINK_SLL2: return LAYER_sll2;
	default: return layer_stop(w, PACKET_other_link_type);
	}
}

enum packet_verdict packet_walk(
	const struct packet_conf *conf, const struct frame *frame, struct pkt *pkt)
{
	struct walk w = {
		.at = frame->data,
		.end = frame->data + frame->len,
		.cut = frame->len < frame->wire_len,
		.verdict = PACKET_too_deep,
		.conf = conf,
		.pkt = pkt,
	};

	pkt->vlans = 0;
	pkt->ts_ns = frame->ts_ns;
	pkt->clock_ns = frame->clock_ns;
	enum layer layer = first_layer(&w, frame->link_type);
	for (int depth = 0; layer != LAYER_end && depth < PACKET_DEPTH; depth++) {
		switch (layer) {
#define LAYER(name, function)                                                                      \
	case LAYER_##name:                                                                         \
		layer = function(&w);                                                              \
		break;
#include "packet/layers.def"
#undef LAYER
		case LAYER_end: break;
		}
	}
	return layer == LAYER_end ? w.verdict : PACKET_too_deep;
}

uint32_t packet_flow_hash(const struct hash_secret *secret, const struct pkt *pkt)
{
	uint64_t a = hash_16(secret, &pkt->src, pkt->sport);
	uint64_t b = hash_16(secret, &pkt->dst, pkt->dport);
	return (uint32_t)(hash_mix((a + b) ^ secret->word[2], secret->word[3]) >> 32);
}
