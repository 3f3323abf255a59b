/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/capfile_inner.h"

#include "base/text.h"
#include "base/when.h"
#include "rx/linktype.h"

#include <errno.h>

/* Block types. */
enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
};

/* Options, of interfaces and of packets. */
enum {
	OPTION_END = 0,
	OPTION_PACKET_FLAGS = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_FCSLEN = 13,
	OPTION_IF_TSOFFSET = 14,
};

enum {
	BLOCK_FRAME = 12, /* type, length, and the length once more at the end */
	BLOCK_MAX = CAPFILE_BUFFER, /* of those that are read as a whole */
	SECTION_HEAD = 24, /* type, length, byte order, version, section length */
	INTERFACE_HEAD = 16,
	PACKET_HEAD = 28,
	SIMPLE_HEAD = 12,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

/* Converts an interface's ticks to nanoseconds since the epoch. */
static int64_t timestamp_ns(const struct capfile_interface *i, uint64_t ticks)
{
	uint64_t plain;

	if (bits_likely((i->div == 1) & (i->shift == 0) & (i->offset_s == 0)))
		return !__builtin_mul_overflow(ticks, i->mul, &plain) && plain <= INT64_MAX
			       ? (int64_t)plain
			       : INT64_MAX;

	/* mul is 10^9 at most, and 1 wherever div is not 1: nothing overflows 128 bits. */
	__int128 ns = i->div == 1 ? (__int128)(((unsigned __int128)ticks * i->mul) >> i->shift)
				  : (__int128)(ticks / i->div);
	ns += (__int128)i->offset_s * WHEN_NS_PER_S;
	if (ns > INT64_MAX)
		return INT64_MAX;
	return ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* if_tsresol: 10^-n, or 2^-n where the top bit is set. Any n is valid; a tick too short for 64 bits
 * counts as 0.
 */
static void set_resolution(struct capfile_interface *i, uint8_t resolution)
{
	unsigned n = resolution & 0x7f;

	i->mul = 1;
	i->div = 1;
	i->shift = 0;
	if (resolution & 0x80) {
		i->mul = WHEN_NS_PER_S;
		i->shift = (uint8_t)n;
	} else if (n <= 9) {
		i->mul = text_tens[9 - n];
	} else if (n - 9 < BITS_COUNT(text_tens)) {
		i->div = text_tens[n - 9];
	} else {
		i->mul = 0;
	}
}

/* Parses one option of an interface. Returns 0 or -EBADMSG. */
static int interface_option(struct capfile *c, struct capfile_interface *i, uint16_t code,
	const uint8_t *value, uint16_t len)
{
	uint64_t offset;

	switch (code) {
	case OPTION_IF_TSRESOL:
		if (len != 1)
			break;
		set_resolution(i, value[0]);
		return 0;
	case OPTION_IF_FCSLEN:
		if (len != 1)
			break;
		/* The draft says bits and gives the example 4: writers do both. */
		i->fcs_len = value[0] < 8 ? value[0] : value[0] / 8;
		return 0;
	case OPTION_IF_TSOFFSET:
		if (len != 8)
			break;
		memcpy(&offset, value, sizeof(offset));
		i->offset_s = (int64_t)(c->swapped ? __builtin_bswap64(offset) : offset);
		return 0;
	default: return 0;
	}
	return capfile_fail(c, -EBADMSG, "option %u of an interface has %u octets", code, len);
}

/*
 * Parses the next option of a list that ends at `end`. Returns 1; 0 at the end of the list;
 * -EBADMSG if it runs over the end.
 */
static int next_option(const struct capfile *c, const uint8_t **at, const uint8_t *end,
	uint16_t *code, uint16_t *len, const uint8_t **value)
{
	size_t left = (size_t)(end - *at);

	if (left == 0)
		return 0;
	if (left < 4)
		return -EBADMSG;
	*code = capfile_u16(c, *at);
	*len = capfile_u16(c, *at + 2);
	if (*code == OPTION_END)
		return 0;
	size_t padded = ((size_t)*len + 3) & ~(size_t)3;
	if (left - 4 < padded)
		return -EBADMSG;
	*value = *at + 4;
	*at += 4 + padded;
	return 1;
}

/* Parses an Interface Description of `len` octets at c->at. Returns 0 or -EBADMSG. */
static int parse_interface(struct capfile *c, uint32_t len)
{
	if (len < INTERFACE_HEAD + 4)
		return capfile_fail(c, -EBADMSG, "an interface block of %u octets", len);
	if (c->n_interfaces == CAPFILE_INTERFACES_MAX)
		return capfile_fail(c, -EBADMSG, "more than %u interfaces in a section",
			CAPFILE_INTERFACES_MAX);

	struct capfile_interface *i = &c->interfaces[c->n_interfaces];
	const uint8_t *at = c->at + INTERFACE_HEAD;
	const uint8_t *end = c->at + len - 4;
	const uint8_t *value;
	uint16_t code, option_len;
	int r;

	*i = (struct capfile_interface){
		.link_type = capfile_u16(c, c->at + 8),
		.snaplen = capfile_u32(c, c->at + 12),
	};
	i->undecoded = !linktype_is_decoded(i->link_type);
	set_resolution(i, 6);
	while ((r = next_option(c, &at, end, &code, &option_len, &value)) > 0) {
		r = interface_option(c, i, code, value, option_len);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return capfile_fail(c, r, "an interface's options run over the end of their block");
	c->n_interfaces++;
	return 0;
}

/*
 * Parses a Section Header, of which 12 octets are at c->at: sets the byte order and removes all
 * interfaces. The section's length is not used: blocks are read one by one.
 */
static int parse_section(struct capfile *c)
{
	int r = capfile_need(c, SECTION_HEAD);
	uint32_t magic;

	if (r <= 0)
		return capfile_truncated(c, r, "a section header", SECTION_HEAD);
	memcpy(&magic, c->at + 8, sizeof(magic));
	if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC))
		return capfile_fail(c, -EBADMSG, "a section header without its byte-order mark");
	c->swapped = magic != BYTE_ORDER_MAGIC;

	uint32_t len = capfile_u32(c, c->at + 4);
	uint16_t major = capfile_u16(c, c->at + 12);
	uint16_t minor = capfile_u16(c, c->at + 14);
	if (len < SECTION_HEAD + 4)
		return capfile_fail(c, -EBADMSG, "a section header of %u octets", len);
	if (major != 1 || (minor != 0 && minor != 2))
		return capfile_fail(
			c, -ENOTSUP, "pcapng version %u.%u is not supported", major, minor);
	c->n_interfaces = 0;
	return 0;
}

/* Checks that a block's length is the same at its end as at its start. */
static int check_trailer(struct capfile *c, const uint8_t *trailer, uint32_t len)
{
	uint32_t again = capfile_u32(c, trailer);

	if (bits_likely(again == len))
		return 0;
	return capfile_fail(
		c, -EBADMSG, "a block says %u octets at its start and %u at its end", len, again);
}

/* Reads a block of len octets to c->at. Returns 0 or -errno. */
static int read_block(struct capfile *c, uint32_t len)
{
	if (len > BLOCK_MAX)
		return capfile_fail(c, -EBADMSG, "a packet or interface block of %u octets", len);
	int r = capfile_need(c, len);
	if (bits_unlikely(r <= 0))
		return capfile_truncated(c, r, "a block", len);
	return check_trailer(c, c->at + len - 4, len);
}

/* Skips a block of any length. Returns 0 or -errno. */
static int skip_block(struct capfile *c, uint32_t len)
{
	int r = capfile_skip(c, len - 4);

	if (r > 0)
		r = capfile_need(c, 4);
	if (r <= 0)
		return capfile_truncated(c, r, "a block", len);
	r = check_trailer(c, c->at, len);
	c->at += r == 0 ? 4 : 0;
	return r;
}

/* Parses a packet's options: bits 5 to 8 of its flags override the interface's FCS length. */
static void packet_options(
	struct capfile *c, const uint8_t *at, const uint8_t *end, struct capfile_frame *frame)
{
	uint16_t code, len;
	const uint8_t *value;

	while (next_option(c, &at, end, &code, &len, &value) > 0)
		if (code == OPTION_PACKET_FLAGS && len == 4) {
			uint8_t fcs_len = capfile_u32(c, value) >> 5 & 15;
			if (fcs_len)
				frame->fcs_len = fcs_len;
		}
}

/* Parses the data and options of any packet block, whose header has `head` octets. Returns 1 or
 * -errno. */
static int parse_data(struct capfile *c, uint32_t len, uint32_t head, struct capfile_frame *frame)
{
	if (bits_unlikely(frame->cap_len > CAPFILE_FRAME_MAX))
		return capfile_fail(c, -EBADMSG, "a frame of %u octets", frame->cap_len);
	if (bits_unlikely(frame->cap_len > len - head - 4))
		return capfile_fail(
			c, -EBADMSG, "a frame of %u octets in a block of %u", frame->cap_len, len);
	frame->data = c->at + head;

	uint32_t padded = (frame->cap_len + 3) & ~3u;
	if (head == PACKET_HEAD && bits_unlikely(len - head - 4 > padded))
		packet_options(c, frame->data + padded, c->at + len - 4, frame);
	c->at += len;
	return 1;
}

/* Parses a packet block of any of the three kinds. Returns 1 or -errno. */
static int parse_packet(struct capfile *c, uint32_t type, uint32_t len, struct capfile_frame *frame)
{
	uint32_t head = type == BLOCK_SIMPLE ? SIMPLE_HEAD : PACKET_HEAD;
	int r = read_block(c, len);

	if (bits_unlikely(r < 0))
		return r;
	if (bits_unlikely(len < head + 4))
		return capfile_fail(c, -EBADMSG, "a packet block of %u octets", len);

	const uint8_t *p = c->at;
	uint32_t id = 0;
	if (type != BLOCK_SIMPLE)
		id = type == BLOCK_ENHANCED ? capfile_u32(c, p + 8) : capfile_u16(c, p + 8);
	if (bits_unlikely(id >= c->n_interfaces))
		return capfile_fail(
			c, -EBADMSG, "a packet of interface %u, which is not described", id);

	const struct capfile_interface *i = &c->interfaces[id];
	frame->link_type = i->link_type;
	if (bits_unlikely(i->undecoded) && !c->undecoded) {
		c->undecoded = true;
		c->undecoded_link = i->link_type;
	}
	frame->fcs_len = i->fcs_len;
	frame->untimed = type == BLOCK_SIMPLE;
	frame->time = FRAME_TIME_CAPTURE;
	if (frame->untimed) {
		frame->ts_ns = 0;
		frame->wire_len = capfile_u32(c, p + 8);
		frame->cap_len = frame->wire_len;
		if (i->snaplen && frame->cap_len > i->snaplen)
			frame->cap_len = i->snaplen;
	} else {
		uint64_t ticks = (uint64_t)capfile_u32(c, p + 12) << 32 | capfile_u32(c, p + 16);
		frame->ts_ns = timestamp_ns(i, ticks);
		frame->cap_len = capfile_u32(c, p + 20);
		frame->wire_len = capfile_u32(c, p + 24);
	}
	return parse_data(c, len, head, frame);
}

bool pcapng_is_order(const uint8_t *p)
{
	uint32_t magic;
	memcpy(&magic, p, sizeof(magic));
	return magic == BYTE_ORDER_MAGIC || magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
}

int pcapng_open(struct capfile *c)
{
	int r = capfile_need(c, BLOCK_FRAME);

	if (r < 0)
		return r;
	if (r == 0 || !pcapng_is_order(c->at + 8))
		return -EINVAL;
	return parse_section(c);
}

int pcapng_next(struct capfile *c, struct capfile_frame *frame)
{
	for (;;) {
		int r = capfile_need(c, BLOCK_FRAME);
		if (bits_unlikely(r <= 0))
			return r == 0 && c->at == c->end
				       ? 0
				       : capfile_truncated(c, r, "a block", BLOCK_FRAME);

		uint32_t type = capfile_u32(c, c->at);
		if (type == PCAPNG_SECTION) {
			r = parse_section(c);
			if (r < 0)
				return r;
		}
		uint32_t len = capfile_u32(c, c->at + 4);
		if (bits_unlikely(capfile_is_magic(type)))
			return capfile_refuse_joined(c);
		if (bits_unlikely(len < BLOCK_FRAME || len % 4 != 0))
			return capfile_fail(c, -EBADMSG, "a block of %u octets", len);
		if (type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET)
			return parse_packet(c, type, len, frame);
		if (type == BLOCK_INTERFACE) {
			r = read_block(c, len);
			if (r == 0)
				r = parse_interface(c, len);
			if (r < 0)
				return r;
		}
		r = skip_block(c, len);
		if (r < 0)
			return r;
	}
}
