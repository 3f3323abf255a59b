/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader of capture files: classic pcap (draft-ietf-opsawg-pcap; microseconds, nanoseconds, the
 * 'modified' one of old Linux, versions 2.0 to 2.4 and 543.0, both byte orders) and pcapng
 * (draft-ietf-opsawg-pcapng, rx/pcapng.c). It only ever calls read, forwards, so that a pipe is as
 * good as a file; it allocates once, and is then fed one file after the other.
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
	CAPFILE_FRAME_MAX =
		262144 + 1024, /* longest frame taken for true: pcap's limit and slack */
	CAPFILE_BUFFER = 1 << 20,
	CAPFILE_INTERFACES_MAX = 65536, /* of one section of a pcapng file */
	CAPFILE_MESSAGE = 1024,
};

/* One frame. data stays valid until the next call with the same struct capfile. */
struct capfile_frame {
	const uint8_t *data;
	int64_t ts_ns; /* since the epoch; clamped to what 64 bits hold */
	uint32_t cap_len; /* octets at data: at most CAPFILE_FRAME_MAX */
	uint32_t wire_len; /* octets it had on the wire, as the file says: may be less than cap_len
			    */
	uint16_t link_type; /* LINKTYPE_ value as in the file; old files hold DLT_ values */
	uint8_t fcs_len; /* octets of frame check sequence at the frame's end; 0 none or unknown */
	uint8_t time; /* enum frame_time: FRAME_TIME_CAPTURE */
	bool untimed; /* the file has no time for it (pcapng's Simple Packet Block); ts_ns is 0 */
};

/* Reads at most n octets into `to`. Returns how many, 0 at the end, or -errno. */
typedef ssize_t capfile_read_fn(void *source, void *to, size_t n);

/* What a pcapng file says of an interface: ns = ticks * mul >> shift / div, plus offset_ns. */
struct capfile_interface {
	uint64_t mul, div;
	int64_t offset_s;
	uint32_t snaplen; /* 0: no limit */
	uint16_t link_type;
	uint8_t shift;
	uint8_t fcs_len;
	bool strange; /* the link type is not decoded */
};

struct capfile {
	const uint8_t *at; /* next octet; the fields up to `source` belong to the reader's core */
	const uint8_t *end; /* one past what has been read */
	uint8_t *buffer; /* CAPFILE_BUFFER octets */
	uint64_t base; /* offset in the file of *buffer */
	uint64_t frames; /* delivered */
	capfile_read_fn *read;
	void *source;
	const char *name;
	int fd; /* for capfile_open */
	int status; /* 0 while there may be more; else what open or next returned last */
	bool eof;
	bool over; /* clean end reached */
	bool swapped;
	bool pcapng;
	/* classic */
	bool lengths_swapped, lengths_doubtful;
	uint8_t head_len; /* octets of a record header */
	uint8_t fcs_len;
	uint16_t link_type;
	uint32_t frac_ns; /* nanoseconds in one unit of a timestamp's fraction */
	/* The link type of the first frame, or file, that is not decoded; of use if `strange` */
	uint16_t strange_link;
	bool strange;
	/* pcapng */
	struct capfile_interface *interfaces;
	uint32_t n_interfaces;
	/* one line of text: the file's name, what is wrong, octet offset and frame number */
	char message[CAPFILE_MESSAGE];
};

/* Allocates. 0 or -ENOMEM. capfile_free may follow in any case, also on a zeroed struct. */
int capfile_init(struct capfile *c);
void capfile_free(struct capfile *c);

/*
 * Starts with a file: reads its header from fd, which stays the caller's, must be at the start of
 * the capture and block. name is for messages and must outlive the reading. May be called again at
 * any time for the next file. 0, or -errno with c->message set:
 *   -ENODATA   empty, or cut in the middle of the file header
 *   -EINVAL    not a capture file
 *   -ENOTSUP   a known format that is not read, a version or a link type that is not supported
 *   -EBADMSG   the header contradicts itself
 *   other      what read failed with (-EISDIR: a directory)
 */
int capfile_open(struct capfile *c, int fd, const char *name);

/* The same from any source of octets. */
int capfile_open_from(struct capfile *c, capfile_read_fn *read, void *source, const char *name);

/*
 * The next frame. 1; 0 at the clean end of the file; or -errno with c->message set:
 *   -ENODATA   the file ends in the middle of a record (frames before it have been delivered)
 *   -EBADMSG   a length that cannot be, a block that contradicts itself, a packet of no interface
 *   -ENOTSUP   a section of an unsupported version
 *   other      what read failed with
 * After 0 or an error every further call says the same.
 */
int capfile_next(struct capfile *c, struct capfile_frame *frame);

/* --- shared by capfile.c and pcapng.c, for nobody else --- */

/* Makes n octets (at most CAPFILE_BUFFER) stand at c->at. 1; 0: the file ends before; -errno. */
int capfile_need(struct capfile *c, size_t n);

/* Goes n octets forward, whatever they are. 1; 0: the file ends before; -errno. */
int capfile_skip(struct capfile *c, uint64_t n);

/* Composes c->message, appends where it happened (at c->at), returns error and keeps it. */
int capfile_fail(struct capfile *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is it, in either byte order, what a classic capture file begins with? */
bool capfile_is_magic(uint32_t number);

/* At c->at another file begins that was joined to this one. Returns -EBADMSG with a message. */
int capfile_joined(struct capfile *c);

/* The outcome of capfile_need where the octets were indispensable: "ends in the middle of WHAT". */
int capfile_cut(struct capfile *c, int need, const char *what, uint64_t wanted);

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
