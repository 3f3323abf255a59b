/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/capfile.h"

#include "base/text.h"
#include "base/when.h"
#include "rx/capfile_inner.h"
#include "rx/linktype.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FILE_HEAD = 24,
	RECORD_HEAD = 16,
	READ_MAX = 128 * 1024, /* at a time: still in the core's cache when it is parsed */
	RECORD_HEAD_MODIFIED = 24, /* with interface index, protocol and packet type */
};

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define MAGIC_MODIFIED 0xa1b2cd34u

/* The link-type field: LINKTYPE_, reserved bits, a flag, and FCS length in units of 16 bits. */
#define LINK_TYPE(v) ((v)&0xffffu)
#define LINK_RESERVED(v) ((v)&0x03ff0000u)
#define LINK_FCS_LEN(v) ((v)&0x04000000u ? ((v) >> 28) * 2 : 0)

/* Known formats that are not captures; tool: what makes a capture of one. */
static const struct stranger {
	uint8_t len;
	char magic[17];
	const char *what;
	const char *tool;
} strangers[] = {
	{2, "\x1f\x8b", "compressed with gzip", "zcat"},
	{2, "\x1f\x9d", "compressed with compress", "zcat"},
	{3, "BZh", "compressed with bzip2", "bzcat"},
	{4, "\x04\x22\x4d\x18", "compressed with lz4", "lz4cat"},
	{4, "\x28\xb5\x2f\xfd", "compressed with zstd", "zstdcat"},
	{6, "\xfd\x37\x7a\x58\x5a\0", "compressed with xz", "xzcat"},
	{4, "PK\3\4", "a zip archive", "unzip -p"},
	{8, "snoop\0\0\0", "a snoop capture", NULL},
	{8, "btsnoop\0", "a Bluetooth btsnoop capture", NULL},
	{4, "RTSS", "a Windows Network Monitor 1 capture", NULL},
	{4, "GMBU", "a Windows Network Monitor 2 capture", NULL},
	{4, "XCP\0", "a NetXRay capture", NULL},
	{16, "TRSNIFF data    ", "a Sniffer capture", NULL},
	{8, "iptrace ", "an AIX iptrace capture", NULL},
	{16, "ObserverPktBuffe", "an Observer capture", NULL},
};

int capfile_init(struct capfile *c)
{
	memset(c, 0, sizeof(*c));
	c->buffer =
		malloc(CAPFILE_BUFFER + CAPFILE_INTERFACES_MAX * sizeof(struct capfile_interface));
	if (!c->buffer)
		return -ENOMEM;
	c->interfaces = (struct capfile_interface *)(void *)(c->buffer + CAPFILE_BUFFER);
	c->status = -EBADF;
	return 0;
}

void capfile_free(struct capfile *c)
{
	free(c->buffer);
	memset(c, 0, sizeof(*c));
	c->status = -EBADF;
}

int capfile_fail(struct capfile *c, int error, const char *format, ...)
{
	uint64_t octet = c->base + (uint64_t)(c->at - c->buffer);
	struct text t = text_of(c->message, sizeof(c->message) - 1);
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	text_format(&t, "%.700s: %s", c->name, what);
	if (octet > 0)
		text_format(&t, " (octet %" PRIu64 ", frame %" PRIu64 ")", octet, c->frames + 1);
	*t.at = '\0';
	c->status = error;
	return error;
}

int capfile_truncated(struct capfile *c, int need, const char *what, uint64_t wanted)
{
	if (need < 0)
		return need;
	return capfile_fail(c, -ENODATA,
		"the file is truncated: it ends in the middle of %s of %" PRIu64
		" octets; copy it again",
		what, wanted);
}

int capfile_need(struct capfile *c, size_t n)
{
	while ((size_t)(c->end - c->at) < n) {
		size_t have = (size_t)(c->end - c->at);
		if (c->eof)
			return 0;
		if (c->at != c->buffer) {
			c->base += (uint64_t)(c->at - c->buffer);
			memmove(c->buffer, c->at, have);
			c->at = c->buffer;
			c->end = c->buffer + have;
		}
		size_t space = CAPFILE_BUFFER - have;
		ssize_t got =
			c->read(c->source, c->buffer + have, space < READ_MAX ? space : READ_MAX);
		if (got < 0)
			return capfile_fail(c, (int)got, "cannot be read: %s", strerror((int)-got));
		c->eof = got == 0;
		c->end += got;
	}
	return 1;
}

int capfile_skip(struct capfile *c, uint64_t n)
{
	for (;;) {
		size_t have = (size_t)(c->end - c->at);
		if (n <= have) {
			c->at += n;
			return 1;
		}
		n -= have;
		c->at = c->end;
		int r = capfile_need(c, 1);
		if (r <= 0)
			return r;
	}
}

static ssize_t read_fd(void *source, void *buffer, size_t n)
{
	const struct capfile *c = source;
	ssize_t got;

	do
		got = read(c->fd, buffer, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int capfile_open(struct capfile *c, int fd, const char *name)
{
	c->fd = fd;
	return capfile_open_from(c, read_fd, c, name);
}

/* True if the first record looks like one of an ERF file, which has no magic number. */
static bool looks_like_erf(const uint8_t *p, size_t n)
{
	if (n < 16)
		return false;
	uint32_t seconds = (uint32_t)p[7] << 24 | (uint32_t)p[6] << 16 | p[5] << 8 | p[4];
	unsigned type = p[8] & 0x7f;
	return seconds > 800000000 && type >= 1 && type <= 48 && bits_be16(p + 10) >= 16 &&
	       bits_be16(p + 14) > 0;
}

/* Fails with a message of what the file is, not being a capture. */
static int refuse(struct capfile *c)
{
	size_t n = (size_t)(c->end - c->at);
	char start[64];
	struct text t = text_of(start, sizeof(start) - 1);
	bool readable = true;

	for (size_t i = 0; i < BITS_COUNT(strangers); i++) {
		const struct stranger *s = &strangers[i];
		if (n < s->len || memcmp(c->at, s->magic, s->len) != 0)
			continue;
		if (s->tool)
			return capfile_fail(c, -ENOTSUP,
				"is %s: unpack it first, as in"
				" '%s FILE | dnsloupe -r -'",
				s->what, s->tool);
		return capfile_fail(c, -ENOTSUP,
			"is %s: convert it first, as in"
			" 'editcap -F pcapng FILE NEW'",
			s->what);
	}
	n = n < 20 ? n : 20;
	for (size_t i = 0; i < n; i++)
		readable = readable && ((c->at[i] >= 0x20 && c->at[i] < 0x7f) || c->at[i] == '\n' ||
					       c->at[i] == '\r' || c->at[i] == '\t');
	if (!readable && looks_like_erf(c->at, n))
		return capfile_fail(c, -ENOTSUP,
			"looks like an ERF capture: convert it first, as in"
			" 'editcap -F pcapng FILE NEW'");
	for (size_t i = 0; i < n; i++)
		if (!readable)
			text_format(&t, " %02x", c->at[i]);
		else
			text_char(&t, c->at[i] < 0x20 ? ' ' : (char)c->at[i]);
	*t.at = '\0';
	return capfile_fail(c, -EINVAL,
		readable ? "is not a capture file, but text: \"%s\""
			 : "is not a capture file: it starts with%s",
		start);
}

/* Reads the header of a classic file whose magic number is `magic` in native byte order. */
static int open_classic(struct capfile *c, uint32_t magic)
{
	int r = capfile_need(c, FILE_HEAD);

	if (r <= 0)
		return capfile_truncated(c, r, "its header", FILE_HEAD);
	uint16_t major = capfile_u16(c, c->at + 4);
	uint16_t minor = capfile_u16(c, c->at + 6);
	uint32_t link = capfile_u32(c, c->at + 20);
	if (!(major == 2 && minor <= 4) && !(major == 543 && minor == 0))
		return capfile_fail(
			c, -ENOTSUP, "pcap version %u.%u is not supported", major, minor);
	if (LINK_RESERVED(link))
		return capfile_fail(c, -ENOTSUP, "link type 0x%" PRIx32 " is not supported", link);
	c->link_type = (uint16_t)LINK_TYPE(link);
	c->undecoded_link = c->link_type;
	c->undecoded = !linktype_is_decoded(c->link_type);
	c->fcs_len = (uint8_t)LINK_FCS_LEN(link);
	c->frac_ns = magic == MAGIC_NS ? 1 : WHEN_NS_PER_US;
	c->head_len = magic == MAGIC_MODIFIED ? RECORD_HEAD_MODIFIED : RECORD_HEAD;
	/* Before 2.3 the original length came first, and some writers of 2.3 still do so. */
	c->lengths_swapped = major == 543 || minor < 3;
	c->lengths_doubtful = major == 2 && minor == 3;
	c->at += FILE_HEAD;
	return 0;
}

static bool is_magic(uint32_t number)
{
	return number == MAGIC_US || number == MAGIC_NS || number == MAGIC_MODIFIED;
}

bool capfile_is_magic(uint32_t number)
{
	return is_magic(number) || is_magic(__builtin_bswap32(number));
}

int capfile_refuse_joined(struct capfile *c)
{
	uint32_t magic, link = 0;
	const char *kind = "pcapng", *name = NULL;
	char type[64] = "";

	memcpy(&magic, c->at, sizeof(magic));
	if (capfile_is_magic(magic)) {
		kind = "pcap";
		if (capfile_need(c, FILE_HEAD) > 0) {
			memcpy(&link, c->at + FILE_HEAD - sizeof(link), sizeof(link));
			link = LINK_TYPE(is_magic(magic) ? link : __builtin_bswap32(link));
			name = linktype_name((uint16_t)link);
			snprintf(type, sizeof(type), " of link type %" PRIu32 "%s%s%s", link,
				name ? " (" : "", name ? name : "", name ? ")" : "");
		}
	}
	return capfile_fail(c, -EBADMSG,
		"another %s file%s begins in its middle, joined by cat; join with 'mergecap -a -w "
		"NEW FILE...', or give each with -r",
		kind, type);
}

/* True if another file begins in place of a record. */
static bool is_joined(struct capfile *c)
{
	uint32_t magic, version;

	memcpy(&magic, c->at, sizeof(magic));
	if (magic == PCAPNG_SECTION) /* the block's length and byte order follow */
		return capfile_need(c, 12) > 0 && pcapng_is_order(c->at + 8);
	if (!capfile_is_magic(magic))
		return false;
	memcpy(&version, c->at + 4, sizeof(version)); /* 2.4, two numbers of 16 bits */
	return is_magic(magic) ? version == (4u << 16 | 2)
			       : __builtin_bswap32(version) == (2u << 16 | 4);
}

int capfile_open_from(struct capfile *c, capfile_read_fn *read, void *source, const char *name)
{
	uint32_t magic, other;
	int r;

	c->at = c->end = c->buffer;
	c->base = c->frames = 0;
	c->read = read;
	c->source = source;
	c->name = name;
	c->status = 0;
	c->eof = c->ended = c->swapped = c->pcapng = c->undecoded = false;
	c->n_interfaces = 0;
	c->message[0] = '\0';

	r = capfile_need(c, FILE_HEAD);
	if (r < 0)
		return r;
	if (c->at == c->end)
		return capfile_fail(c, -ENODATA, "is empty");
	if (c->end - c->at < 4)
		return refuse(c);
	memcpy(&magic, c->at, sizeof(magic));
	if (magic == PCAPNG_SECTION) {
		c->pcapng = true;
		r = pcapng_open(c);
		return r == -EINVAL ? refuse(c) : r;
	}
	other = __builtin_bswap32(magic);
	if (!capfile_is_magic(magic))
		return refuse(c);
	c->swapped = is_magic(other);
	return open_classic(c, c->swapped ? other : magic);
}

static int next_classic(struct capfile *c, struct capfile_frame *frame)
{
	size_t head = c->head_len;
	int r = capfile_need(c, head);

	if (bits_unlikely(r <= 0))
		return r == 0 && c->at == c->end ? 0
						 : capfile_truncated(c, r, "a record header", head);
	uint32_t cap_len = capfile_u32(c, c->at + 8);
	uint32_t wire_len = capfile_u32(c, c->at + 12);
	if (bits_unlikely(c->lengths_swapped || (c->lengths_doubtful && cap_len > wire_len))) {
		uint32_t t = cap_len;
		cap_len = wire_len;
		wire_len = t;
	}
	/* The header of a joined file has 0 or a magic number here. */
	if (bits_unlikely(cap_len - 1 >= CAPFILE_FRAME_MAX)) {
		if (is_joined(c))
			return capfile_refuse_joined(c);
		if (cap_len > CAPFILE_FRAME_MAX)
			return capfile_fail(c, -EBADMSG, "a frame of %" PRIu32 " octets", cap_len);
	}
	r = capfile_need(c, head + cap_len);
	if (bits_unlikely(r <= 0))
		return capfile_truncated(c, r, "a frame", cap_len);

	/* A fraction may be a second or more; it is added, as in libpcap. */
	frame->ts_ns = (int64_t)capfile_u32(c, c->at) * WHEN_NS_PER_S +
		       (int64_t)capfile_u32(c, c->at + 4) * c->frac_ns;
	frame->data = c->at + head;
	frame->cap_len = cap_len;
	frame->wire_len = wire_len;
	frame->link_type = c->link_type;
	frame->fcs_len = c->fcs_len;
	frame->untimed = false;
	frame->time = FRAME_TIME_CAPTURE;
	c->at += head + cap_len;
	return 1;
}

int capfile_next(struct capfile *c, struct capfile_frame *frame)
{
	if (bits_unlikely(c->status < 0 || c->ended))
		return c->status;
	int r = c->pcapng ? pcapng_next(c, frame) : next_classic(c, frame);
	if (bits_likely(r > 0))
		c->frames++;
	else
		c->ended = true;
	return r;
}
