/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_hold.h"

#include <errno.h>
#include <stdlib.h>

int feed_hold_init(struct feed_hold *h)
{
	*h = (struct feed_hold){.memory = malloc(CLOCK_CONFIRM * (size_t)CAPFILE_FRAME_MAX)};
	return h->memory ? 0 : -ENOMEM;
}

void feed_hold_free(struct feed_hold *h)
{
	free(h->memory);
	*h = (struct feed_hold){0};
}

void feed_hold_enqueue(struct feed_hold *h, const struct capfile_frame *frame)
{
	unsigned i = (h->first + h->n++) % CLOCK_CONFIRM;
	uint8_t *data = h->memory + i * (size_t)CAPFILE_FRAME_MAX;

	memcpy(data, frame->data, frame->cap_len);
	h->frame[i] = *frame;
	h->frame[i].data = data;
}

const struct capfile_frame *feed_hold_dequeue(struct feed_hold *h)
{
	const struct capfile_frame *frame = &h->frame[h->first];

	h->first = (h->first + 1) % CLOCK_CONFIRM;
	h->n--;
	return frame;
}

const struct capfile_frame *feed_hold_last(const struct feed_hold *h)
{
	return &h->frame[(h->first + h->n - 1) % CLOCK_CONFIRM];
}
