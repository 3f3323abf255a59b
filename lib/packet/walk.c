/* SPDX-License-Identifier: BSD-3-Clause */
/* packet_walk(): goes through the headers of a packet, from the outside in. */
#define LAYER_FILES
#include "packet/layers.def"

/* Continues by an EtherType other than those of layer_ethertype(). */
static enum layer layer_ethertype_rest(struct walk *w)
{
#define LAYER_ETHERTYPE(type, name)                                                                \
	if (w->next == (type))                                                                     \
		return LAYER_##name;
#include "packet/layers.def"
	return layer_ethertype_tag(w);
}

/* Continues by an IP protocol other than those of layer_ip_protocol(). */
static enum layer layer_ip_protocol_rest(struct walk *w)
{
#define LAYER_IP_PROTOCOL(protocol, name)                                                          \
	if (w->next == (protocol))                                                                 \
		return LAYER_##name;
#include "packet/layers.def"
	return layer_stop(w, PACKET_other_ip_protocol);
}

/* Sets the fields that packet_conf.wanted asks for, at the end of a walk; `mac` is struct walk's.
 */
static __attribute__((noinline)) void packet_set_wanted(
	const struct packet_conf *conf, struct pkt *pkt, const uint8_t *mac)
{
	if (conf->wanted & PACKET_WANT_REALM)
		pkt->realm = packet_realm(pkt);
	if (conf->wanted & PACKET_WANT_MACS && mac) {
		mac_set(&pkt->macs, ADDR_DST, mac);
		mac_set(&pkt->macs, ADDR_SRC, mac + MAC_OCTETS);
	}
}

/* Calls the functions of the layers until one ends the walk. */
static inline enum packet_verdict packet_walk_layers(struct walk *w, enum layer layer)
{
	for (unsigned left = w->conf->max_depth; left > 0; left--) {
		switch (layer) {
#define LAYER(name, function)                                                                      \
	case LAYER_##name:                                                                         \
		layer = function(w);                                                               \
		break;
#include "packet/layers.def"
		case LAYER_end: return w->verdict;
		}
	}
	return layer == LAYER_end ? w->verdict : PACKET_too_deep;
}

/* Continues the walk at `layer`, with a copy of its state, so that packet_walk() can keep its own
 * in registers. */
static __attribute__((noinline)) enum packet_verdict packet_walk_rest(
	struct walk w, enum layer layer)
{
	enum packet_verdict verdict = packet_walk_layers(&w, layer);
	w.pkt->undecoded = w.next;
	if (bits_unlikely(w.conf->wanted))
		packet_set_wanted(w.conf, w.pkt, w.mac);
	return verdict;
}

enum packet_verdict packet_walk(
	const struct packet_conf *conf, const struct frame *frame, struct pkt *pkt)
{
	struct walk w = {
		.at = frame->data,
		.end = frame->data + frame->len,
		.cut = frame->len < frame->wire_len,
		.missing = frame->wire_len - frame->len,
		.next = frame->link_type,
		.conf = conf,
		.pkt = pkt,
	};

	pkt->addrs.family = ADDR_IPV4;
	pkt->macs.known = 0;
	pkt->vlans = 0;
	pkt->realm = 0;
	pkt->tunnel = (struct tunnel){0};
	if (bits_unlikely(!w.at)) /* the compiler then knows that no header is NULL */
		return PACKET_bad_frame;
	pkt->ts_ns = frame->ts_ns;
	pkt->clock_ns = frame->clock_ns;
	pkt->late_us = frame->late_us;
	pkt->verified = 0;
	/* The layers of most packets, without the loop that packet_walk_rest() has. */
	enum layer layer = LAYER_link;
	if (bits_likely(frame->link_type == FRAME_LINK_ETHERNET))
		layer = layer_ethernet(&w);
	if (layer == LAYER_ethertype)
		layer = layer_ethertype(&w);
	if (bits_likely(layer == LAYER_ipv4))
		layer = layer_ipv4(&w);
	else if (layer == LAYER_ipv6)
		layer = layer_ipv6(&w);
	if (bits_likely(layer == LAYER_udp))
		layer = layer_udp(&w);
	else if (layer == LAYER_tcp)
		layer = layer_tcp(&w);
	if (bits_likely(layer == LAYER_end)) {
		pkt->verified = frame->verified;
		if (bits_unlikely(conf->wanted))
			packet_set_wanted(conf, pkt, w.mac);
		return w.verdict;
	}
	/* Copies each field, because a copy of `w` as a whole would keep it in memory all the way.
	 */
	return packet_walk_rest((struct walk){.at = w.at,
					.end = w.end,
					.mac = w.mac,
					.cut = w.cut,
					.ip = w.ip,
					.next = w.next,
					.announced = w.announced,
					.missing = w.missing,
					.conf = conf,
					.pkt = pkt},
		layer);
}
