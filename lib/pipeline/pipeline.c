/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pipeline.h"

/* Queries let go after each burst: more than a burst can open, so that the table cannot grow old.
 */
#define EXPIRE_PER_BURST (2 * PIPELINE_BURST)

/* Reads header and question of the message in pkt, and asks for the memory of its transaction. */
static void read_message(struct pipeline *p, struct txn_message *m, const struct pkt *pkt)
{
	m->pkt = pkt;
	m->error = dns_msg_read(&m->msg, pkt->payload, pkt->len);
	if (bits_likely(pkt->len >= 4)) {
		m->reply = m->msg.flags & DNS_QR;
	} else { /* no QR bit to go by */
		m->reply = packet_port_is(p->packets, pkt->sport) &&
			   !packet_port_is(p->packets, pkt->dport);
	}
	if (m->error == DNS_SHORT && pkt->cut)
		m->error = DNS_SNAP;
	txn_key(&p->txn, m);
	table_prefetch(&p->txn.table, m->hash);
}

unsigned pipeline_burst(struct pipeline *p, struct frame *frames, unsigned n, bool steered)
{
	unsigned count = 0, others = 0;

	for (unsigned i = 0; i < n; i++) {
		struct frame *frame = &frames[i];
		struct pkt *pkt = &p->pkts[count];
		enum packet_verdict verdict = packet_walk(p->packets, frame, pkt);

		frame->owner = p->self;
		if (bits_unlikely(frame->clock_ns > p->clock_ns))
			p->clock_ns = frame->clock_ns;
		if (verdict == PACKET_dns && p->workers > 1 && !steered) {
			frame->owner = (uint16_t)((uint64_t)packet_flow_hash(&p->secret, pkt) *
							  p->workers >>
						  32);
			if (frame->owner != p->self) {
				others++;
				continue;
			}
		}
		packet_count(&p->metrics->packet, verdict);
		if (verdict == PACKET_dns)
			read_message(p, &p->messages[count++], pkt);
	}
	for (unsigned i = 0; i < count; i++)
		table_prefetch_entry(&p->txn.table, p->messages[i].hash);
	for (unsigned i = 0; i < count; i++)
		txn_take(&p->txn, &p->messages[i]);
	txn_expire(&p->txn, p->clock_ns, EXPIRE_PER_BURST);
	record_flush(p->txn.out);
	return others;
}
