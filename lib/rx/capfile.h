/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader of capture files: classic pcap (draft-ietf-opsawg-pcap; microseconds, nanoseconds, the
 * 'modified' one of old Linux, versions 2.0 to 2.4 and 543.0, both byte orders) and pcapng
 * (draft-ietf-opsawg-pcapng, rx/pcapng.c). It reads forwards only, so that a pipe will do; it
 * allocates once, and then reads one file after the other.
 */
#ifndef RX_CAPFILE_H
#define RX_CAPFILE_H

#include "base/bits.h"
#include "rx/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CAPFILE_FRAME_MAX = 262144 + 1024, /* longest frame accepted: pcap's limit and slack */
	CAPFILE_BUFFER = 1 << 20,
	CAPFILE_INTERFACES_MAX = 65536, /* of one section of a pcapng file */
	CAPFILE_MESSAGE = 1024,
};

/* One frame. data stays valid until the next call with the same struct capfile. */
struct capfile_frame {
	const uint8_t *data;
	int64_t ts_ns; /* since the epoch; clamped to 64 bits */
	uint32_t cap_len; /* octets at data: at most CAPFILE_FRAME_MAX */
	uint32_t wire_len; /* octets on the wire according to the file: may be less than cap_len */
	uint16_t link_type; /* LINKTYPE_ value of the file; old files hold DLT_ values */
	uint8_t fcs_len; /* octets of frame check sequence at the frame's end; 0 none or unknown */
	uint8_t time; /* enum frame_time: FRAME_TIME_CAPTURE */
	bool untimed; /* it has no timestamp (pcapng's Simple Packet Block); ts_ns is 0 */
};

/* Reads at most n octets into buffer. Returns how many, 0 at the end, or -errno. */
typedef ssize_t capfile_read_fn(void *source, void *buffer, size_t n);

/* An interface of a pcapng file: ns = (ticks * mul >> shift) / div + offset_s * 10^9. */
struct capfile_interface {
	uint64_t mul, div;
	int64_t offset_s;
	uint32_t snaplen; /* 0: no limit */
	uint16_t link_type;
	uint8_t shift;
	uint8_t fcs_len;
	bool undecoded; /* the link type is not decoded */
};

struct capfile {
	const uint8_t *at; /* next octet; the fields up to `source` belong to the reader's core */
	const uint8_t *end; /* end of the octets that were read */
	uint8_t *buffer; /* CAPFILE_BUFFER octets */
	uint64_t base; /* offset of *buffer in the file */
	uint64_t frames; /* delivered */
	capfile_read_fn *read;
	void *source;
	const char *name;
	int fd; /* for capfile_open */
	int status; /* 0 while there may be more; else the last result of open or next */
	bool eof;
	bool ended; /* clean end reached */
	bool swapped;
	bool pcapng;
	/* classic */
	bool lengths_swapped, lengths_doubtful;
	uint8_t head_len; /* octets of a record header */
	uint8_t fcs_len;
	uint16_t link_type;
	uint32_t frac_ns; /* nanoseconds of one unit of a timestamp's fraction */
	/* If `undecoded`: the link type of the first frame or file that is not decoded. */
	uint16_t undecoded_link;
	bool undecoded;
	/* pcapng */
	struct capfile_interface *interfaces;
	uint32_t n_interfaces;
	/* one line of text: the file's name, what is wrong, octet offset and frame number */
	char message[CAPFILE_MESSAGE];
};

/* Allocates the buffers. Returns 0 or -ENOMEM; capfile_free() may follow in any case, also on a
 * struct of zeros. */
int capfile_init(struct capfile *c);
void capfile_free(struct capfile *c);

/*
 * Starts to read a file: reads its header from fd, which the caller owns, and which must be at the
 * start of the capture and block. `name` is for messages and must stay valid while the file is
 * read. May be called again at any time for the next file. Returns 0, or -errno with c->message
 * set: -ENODATA   empty, or truncated within the file header -EINVAL    not a capture file -ENOTSUP
 * a known format that cannot be read, a version or link type that is not supported -EBADMSG   the
 * header contradicts itself other      the error of read() (-EISDIR: a directory)
 */
int capfile_open(struct capfile *c, int fd, const char *name);

/* Does the same with any source of octets, `source` being the argument of `read`. */
int capfile_open_from(struct capfile *c, capfile_read_fn *read, void *source, const char *name);

/*
 * Reads the next frame. Returns 1; 0 at the clean end of the file; or -errno with c->message set:
 *   -ENODATA   the file ends within a record (the frames before it were delivered)
 *   -EBADMSG   an impossible length, a block that contradicts itself, a packet of no interface
 *   -ENOTSUP   a section of an unsupported version
 *   other      the error of read()
 * After 0 or an error every further call returns the same.
 */
int capfile_next(struct capfile *c, struct capfile_frame *frame);

/* --- for capfile.c and pcapng.c only --- */

/* Reads until n octets (at most CAPFILE_BUFFER) are at c->at. Returns 1; 0: the file ends before;
 * or -errno. */
int capfile_need(struct capfile *c, size_t n);

/* Skips n octets. Returns 1; 0: the file ends before; or -errno. */
int capfile_skip(struct capfile *c, uint64_t n);

/* Composes c->message, with the offset of c->at; sets c->status to `error` and returns it. */
int capfile_fail(struct capfile *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True if it is the magic number of a classic capture file, in either byte order. */
bool capfile_is_magic(uint32_t number);

/* Refuses another file that begins at c->at, joined to this one. Returns -EBADMSG with c->message
 * set. */
int capfile_refuse_joined(struct capfile *c);

/* Fails where capfile_need() returned `need`, not 1: with its error, or because the file is
 * truncated within `what`, of `wanted` octets. */
int capfile_truncated(struct capfile *c, int need, const char *what, uint64_t wanted);

static inline uint16_t capfile_u16(const struct capfile *c, const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t capfile_u32(const struct capfile *c, const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return c->swapped ? __builtin_bswap32(v) : v;
}

#endif
