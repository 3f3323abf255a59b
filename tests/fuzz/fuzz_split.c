/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the framing of streams. The input is: side and mode, the sizes of 15 pieces, the stream.
 * However the stream is cut into pieces, the same messages are found at the same offsets, and only
 * octets that need more remain. With gaps, nothing outside the pieces is read.
 */
#include "reasm/tcp_split.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 16

struct outcome {
	uint64_t sum;
	uint32_t messages, skipped;
};

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static void note(struct outcome *o, const struct tcp_split_result *piece, uint32_t at)
{
	o->skipped += piece->skipped;
	if (!piece->data)
		return;
	demand(piece->len > 0 && piece->len <= TCP_MESSAGE_MAX);
	uint64_t last = piece->data[piece->len - 1];
	o->sum = (o->sum ^ at ^ (uint64_t)piece->len << 32 ^ last << 24) * 0x9e3779b97f4a7c15u;
	o->messages++;
}

/* Processes n octets at offset `at` of the stream. Returns how many were used. */
static uint32_t parse(struct tcp_split *s, const uint8_t *data, uint32_t n, uint32_t at,
	enum tcp_side side, bool last, struct outcome *o)
{
	uint32_t used = 0;
	for (;;) {
		struct tcp_split_result piece;
		uint32_t step = tcp_split_parse(s, data + used, n - used, side, last, &piece);
		demand(step <= n - used);
		used += step;
		note(o, &piece, at + used);
		if (!piece.data)
			return used;
		demand(piece.data + piece.len == data + used);
	}
}

/* Processes the stream in pieces, each in memory of its own. */
static void run(const uint8_t *head, const uint8_t *data, uint32_t n, bool cut, struct outcome *o)
{
	struct tcp_split s = {.mode = head[0] & 1 ? TCP_SPLIT_SEARCH : TCP_SPLIT_FRAME};
	enum tcp_side side = head[0] / 2 % 3;
	uint32_t at = 0, kept = 0;

	*o = (struct outcome){0};
	for (uint32_t i = 0; at + kept < n; i++) {
		uint32_t len = cut ? kept + 1 + head[1 + i % (HEAD - 1)] : n;
		if (len > n - at)
			len = n - at;
		uint8_t *piece = malloc(len ? len : 1);
		memcpy(piece, data + at, len);
		uint32_t used = parse(&s, piece, len, at, side, false, o);
		free(piece);
		at += used;
		kept = len - used;
		/* What remains is the start of a message, or may be one; of a runt nothing
		 * remains. */
		demand(s.mode != TCP_SPLIT_DISCARD ||
			(kept == 0 && s.len > 0 && s.len < TCP_SPLIT_HEADER));
		demand(s.mode != TCP_SPLIT_SEARCH || kept < TCP_SPLIT_LOOK);
		demand(s.mode != TCP_SPLIT_FRAME || s.have < 2 || kept < s.len);
	}
}

/* Processes every other piece; the rest are gaps. */
static void run_gaps(const uint8_t *head, const uint8_t *data, uint32_t n)
{
	struct tcp_split s = {.mode = TCP_SPLIT_FRAME};
	enum tcp_side side = head[0] / 2 % 3;
	struct outcome o = {0};
	uint32_t at = 0;

	for (uint32_t i = 0; at < n; i++) {
		uint32_t len = 1 + head[1 + i % (HEAD - 1)];
		if (len > n - at)
			len = n - at;
		uint8_t *piece = malloc(len);
		memcpy(piece, data + at, len);
		uint32_t kept = len - parse(&s, piece, len, at, side, true, &o);
		free(piece);
		at += len;
		/* `kept` octets of a message were processed */
		demand(kept == 0 || (s.mode == TCP_SPLIT_FRAME && s.have == 2 && kept < s.len));
		len = 1 + head[1 + (i + 7) % (HEAD - 1)];
		tcp_split_gap(&s, kept, len);
		demand(s.mode != TCP_SPLIT_DISCARD || s.len > 0);
		at = len < n - at ? at + len : n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;

	if (size < HEAD)
		return 0;
	run(data, data + HEAD, (uint32_t)(size - HEAD), false, &whole);
	run(data, data + HEAD, (uint32_t)(size - HEAD), true, &pieces);
	demand(whole.sum == pieces.sum && whole.messages == pieces.messages);
	demand(whole.skipped == pieces.skipped);
	run_gaps(data, data + HEAD, (uint32_t)(size - HEAD));
	return 0;
}
