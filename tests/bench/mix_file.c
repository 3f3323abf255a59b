/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/when.h"
#include "bench/mix.h"
#include "rx/capfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes a classic pcap file with nanosecond timestamps. */
void mix_write(const struct mix *mix, const char *path)
{
	const uint32_t head[6] = {0xa1b23c4d, 0x00040002, 0, 0, 262144, FRAME_LINK_ETHERNET};
	FILE *f = fopen(path, "wb");
	bool good = f && fwrite(head, sizeof(head), 1, f) == 1;
	for (size_t i = 0; good && i < mix->count; i++) {
		const struct frame *frame = &mix->frames[i];
		uint32_t record[4] = {(uint32_t)(frame->ts_ns / WHEN_NS_PER_S),
			(uint32_t)(frame->ts_ns % WHEN_NS_PER_S), frame->len, frame->wire_len};
		good = fwrite(record, sizeof(record), 1, f) == 1 &&
		       fwrite(frame->data, frame->len, 1, f) == 1;
	}
	if (!good || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void append(struct mix *mix, const struct capfile_frame *from)
{
	size_t lines = (from->cap_len + 63u) & ~(size_t)63;
	if (mix->count == mix->max_frames) {
		mix->max_frames = mix->max_frames ? 2 * mix->max_frames : 65536;
		mix->frames = realloc(mix->frames, mix->max_frames * sizeof(*mix->frames));
	}
	if (!mix->frames || mix->size - mix->used < lines)
		fail("the file takes more memory than was reserved");
	uint8_t *at = mix->octets + mix->used;
	memcpy(at, from->data, from->cap_len);
	int64_t before = mix->count ? mix->frames[mix->count - 1].clock_ns : from->ts_ns;
	mix->frames[mix->count++] = (struct frame){.data = at,
		.len = from->cap_len,
		.wire_len = from->wire_len > from->cap_len ? from->wire_len : from->cap_len,
		.ts_ns = from->ts_ns,
		.clock_ns = from->ts_ns > before ? from->ts_ns : before,
		.link_type = from->link_type};
	mix->used += lines;
}

void mix_read(struct mix *mix, const char *path)
{
	struct capfile file;
	struct capfile_frame frame;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		perror(path);
		exit(1);
	}
	memset(mix, 0, sizeof(*mix));
	mix->size = 8 * (size_t)size + 65536; /* a cache line for each frame, however short */
	mix->octets = aligned_alloc(64, mix->size & ~(size_t)63);
	if (!mix->octets || capfile_init(&file) < 0)
		fail("no memory");
	r = capfile_open(&file, fd, path);
	while (r >= 0 && (r = capfile_next(&file, &frame)) > 0)
		append(mix, &frame);
	if (r < 0 && mix->count == 0)
		fail(file.message);
	if (r < 0)
		fprintf(stderr, "bench: %s\n", file.message);
	capfile_free(&file);
	close(fd);
}
