/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the reader of capture files. However a file is cut into reads, the reader returns the same
 * frames and the same result; a frame lies within what was read and is not too long; a failure has
 * a message of one line that names the file, and is permanent.
 */
#include "rx/capfile.h"

#include "rx/source.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t sum;
	uint64_t frames;
	int end;
	char message[CAPFILE_MESSAGE];
};

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static void add(struct outcome *o, uint64_t v)
{
	o->sum = (o->sum ^ v) * 0x9e3779b97f4a7c15u;
	o->sum ^= o->sum >> 29;
}

static void add_frame(struct outcome *o, const struct capfile_frame *f)
{
	demand(f->cap_len <= CAPFILE_FRAME_MAX);
	demand(!f->untimed || f->ts_ns == 0);
	add(o, (uint64_t)f->ts_ns);
	add(o, (uint64_t)f->cap_len << 32 | f->wire_len);
	add(o, (uint64_t)f->link_type << 16 | (uint64_t)f->fcs_len << 8 | f->untimed);
	for (uint32_t i = 0; i < f->cap_len; i++)
		add(o, f->data[i]);
	o->frames++;
}

/* Reads a whole file. Returns the end of what the reader touched. */
static uint8_t *read_all(struct capfile *c, struct source s, struct outcome *o)
{
	struct capfile_frame f;
	int r = capfile_open_from(c, source_read, &s, "fuzz");

	*o = (struct outcome){.sum = 1};
	while (r >= 0 && (r = capfile_next(c, &f)) > 0)
		add_frame(o, &f);
	o->end = r;
	demand(c->frames == o->frames);
	demand(capfile_next(c, &f) == r && capfile_next(c, &f) == r);
	demand(!!c->message[0] == (r < 0));
	demand(r == 0 || strncmp(c->message, "fuzz: ", 6) == 0);
	demand(!strchr(c->message, '\n'));
	memcpy(o->message, c->message, sizeof(o->message));
	return s.high;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct capfile c; /* one for all inputs, as one reads all files */
	static uint8_t *high;
	struct outcome whole, pieces;

	if (!c.buffer)
		demand(capfile_init(&c) == 0);
	struct source s = {.at = data, .left = size, .step = SIZE_MAX, .high = high};
	high = read_all(&c, s, &whole);
	s.step = 1 + size % 61;
	s.high = high;
	high = read_all(&c, s, &pieces);
	demand(whole.sum == pieces.sum && whole.frames == pieces.frames && whole.end == pieces.end);
	demand(strcmp(whole.message, pieces.message) == 0);
	return 0;
}
