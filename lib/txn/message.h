/* SPDX-License-Identifier: BSD-3-Clause */
/* The input of the transaction stage. */
#ifndef TXN_MESSAGE_H
#define TXN_MESSAGE_H

#include "packet/packet.h"
#include "txn/table.h"

/* A DNS message and its packet. */
struct txn_message {
	const struct pkt *pkt;
	struct dns_msg msg;
	struct txn_table_key key;
	uint32_t hash;
	enum dns_error error; /* of dns_msg_read() */
	int64_t rtt_ns; /* of the TCP handshake; 0: not seen */
	bool reply;
	uint8_t transfer; /* enum record_transfer; set by txn_process(), 0 before */
	uint8_t bad_checksum; /* of a reply over UDP; likewise */
	uint8_t ambiguous; /* RECORD_AMBIGUOUS_QUERY or _REPLY, of this message; else 0 */
};

#endif
