/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/ip_frag.h"

#include "base/when.h"

#define UNIT 8u /* octets: fragment offsets count these */
#define WORDS (65536 / UNIT / 64) /* of a bitmap of all units */

struct ip_frag_key {
	struct addr_pair addrs;
	uint8_t proto;
	uint8_t pad[2];
	uint32_t id;
	uint64_t realm;
};

_Static_assert(sizeof(struct ip_frag_key) == 48, "compared and hashed as octets: no padding");

struct ip_frag_datagram {
	struct ip_frag_key key;
	int64_t clock_ns; /* of its first fragment */
	int64_t last_ts_ns, last_clock_ns; /* of its latest fragment */
	struct slot slot; /* slot.next also links complete datagrams */
	uint32_t total; /* octets; 0: the last fragment has not arrived */
	uint32_t arrived; /* octets */
	uint32_t end; /* one past the last octet that has arrived */
	bool cut; /* the capture truncated a fragment: the datagram can never be complete */
	uint64_t units[WORDS]; /* one bit for each unit that has arrived */
};

static struct ip_frag_datagram *at(const struct ip_frag *f, uint32_t i)
{
	return &f->datagrams[i];
}

static uint8_t *buffer_of(const struct ip_frag *f, uint32_t i)
{
	return f->buffers + (size_t)(i - 1) * IP_FRAG_BUFFER;
}

static size_t datagrams_bytes(const struct ip_frag_conf *conf)
{
	return BITS_WHOLE_LINES(
		((size_t)conf->max_datagrams + 1) * sizeof(struct ip_frag_datagram));
}

size_t ip_frag_bytes(const struct ip_frag_conf *conf)
{
	return datagrams_bytes(conf) + (size_t)conf->max_datagrams * IP_FRAG_BUFFER +
	       2 * (size_t)bits_pow2(conf->max_datagrams) * sizeof(uint32_t);
}

void ip_frag_init(struct ip_frag *f, void *memory, const struct ip_frag_conf *conf,
	const struct hash_secret *secret, struct metrics_reasm *metrics)
{
	memset(f, 0, sizeof(*f));
	f->conf = *conf;
	f->datagrams = memory;
	f->buffers = (uint8_t *)memory + datagrams_bytes(conf);
	f->slots = (struct slots){.first = &f->datagrams->slot,
		.stride = sizeof(struct ip_frag_datagram),
		.buckets = (uint32_t *)(void *)(f->buffers +
						(size_t)conf->max_datagrams * IP_FRAG_BUFFER),
		.mask = 2 * bits_pow2(conf->max_datagrams) - 1,
		.capacity = conf->max_datagrams};
	f->secret = *secret;
	f->metrics = metrics;
}

/* Removes a datagram from its bucket and the list by age. */
static void unlink_one(struct ip_frag *f, uint32_t i)
{
	slots_remove(&f->slots, i);
	agelist_remove(&f->ages, slots_ages(&f->slots), i);
}

/* Removes a datagram and counts why, unless it was counted when a fragment was truncated. */
static void discard(struct ip_frag *f, uint32_t i, uint64_t *why)
{
	metrics_add(why, !at(f, i)->cut);
	unlink_one(f, i);
	slots_release(&f->slots, i);
}

/* Starts a datagram. Returns 0 if all slots hold complete ones. */
static uint32_t begin(
	struct ip_frag *f, const struct ip_frag_key *key, uint32_t hash, const struct pkt *fragment)
{
	uint32_t crowded = slots_crowded(&f->slots, hash);
	if (crowded)
		discard(f, crowded, &f->metrics->frag_evicted);
	else if (f->slots.used == f->slots.capacity && f->ages.oldest)
		discard(f, f->ages.oldest, &f->metrics->frag_evicted);
	uint32_t i = slots_alloc(&f->slots);
	if (i == 0)
		return 0;
	struct ip_frag_datagram *d = at(f, i);
	memset(d, 0, sizeof(*d));
	d->key = *key;
	d->clock_ns = d->last_clock_ns = fragment->clock_ns;
	d->last_ts_ns = fragment->ts_ns;
	slots_insert(&f->slots, i, hash);
	agelist_append(&f->ages, slots_ages(&f->slots), i);
	packet_datagram_of((struct packet_datagram *)buffer_of(f, i), fragment);
	metrics_add(&f->metrics->frag_started, 1);
	return i;
}

/* Returns the datagram of a fragment, which it starts if need be; or 0. */
static uint32_t find(struct ip_frag *f, const struct pkt *fragment)
{
	struct ip_frag_key key = {.addrs = fragment->addrs,
		.proto = fragment->frag_proto,
		.id = fragment->frag_id,
		.realm = fragment->realm};
	/* RFC 8200 section 4.5: addresses and identification tell IPv6 datagrams apart. */
	if (key.addrs.family == ADDR_IPV6)
		key.proto = 0;
	uint32_t hash = (uint32_t)(hash_bytes(&f->secret, &key, sizeof(key), 0) >> 32);
	for (uint32_t i = slots_bucket(&f->slots, hash); i; i = at(f, i)->slot.next)
		if (at(f, i)->slot.hash == hash && memcmp(&at(f, i)->key, &key, sizeof(key)) == 0) {
			if (when_since(fragment->clock_ns, at(f, i)->clock_ns) <=
				f->conf.timeout_ns)
				return i;
			/* The identification is reused: the old datagram has expired. */
			discard(f, i, &f->metrics->frag_timeouts);
			break;
		}
	return begin(f, &key, hash, fragment);
}

/* Returns how many of n units from `first` on have arrived. */
static uint32_t count_units(const struct ip_frag_datagram *d, uint32_t first, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t u = first; u < first + n;) {
		uint32_t bit = u % 64, step = 64 - bit;
		if (step > first + n - u)
			step = first + n - u;
		uint64_t mask = (step == 64 ? ~(uint64_t)0 : ((uint64_t)1 << step) - 1) << bit;
		count += (uint32_t)__builtin_popcountll(d->units[u / 64] & mask);
		u += step;
	}
	return count;
}

static void mark(struct ip_frag_datagram *d, uint32_t first, uint32_t n)
{
	for (uint32_t u = first; u < first + n;) {
		uint32_t bit = u % 64, step = 64 - bit;
		if (step > first + n - u)
			step = first + n - u;
		d->units[u / 64] |= (step == 64 ? ~(uint64_t)0 : ((uint64_t)1 << step) - 1) << bit;
		u += step;
	}
}

static void note_time(struct ip_frag_datagram *d, const struct pkt *fragment)
{
	if (fragment->clock_ns < d->last_clock_ns)
		return;
	d->last_clock_ns = fragment->clock_ns;
	d->last_ts_ns = fragment->ts_ns;
}

/* True for a fragment that no sender makes (RFC 791, RFC 8200 section 4.5). */
static bool is_invalid(const struct pkt *fragment)
{
	return fragment->len == 0 || fragment->frag_offset + fragment->wire_len > 65535 ||
	       (fragment->frag_more && fragment->wire_len % UNIT != 0);
}

/* True if a fragment agrees with the end of its datagram, if that is known. */
static bool agrees(const struct ip_frag_datagram *d, const struct pkt *fragment)
{
	uint32_t end = fragment->frag_offset + fragment->len;
	if (!fragment->frag_more)
		return d->end <= end && (d->total == 0 || d->total == end);
	return d->total == 0 || end <= d->total;
}

/* Outputs a datagram of which `len` octets were captured and `wire_len` sent. */
static void output(
	struct ip_frag *f, uint32_t i, uint32_t len, uint32_t wire_len, struct frame *whole)
{
	struct ip_frag_datagram *d = at(f, i);
	unlink_one(f, i);
	d->slot.next = f->complete;
	f->complete = i;
	*whole = (struct frame){.data = buffer_of(f, i),
		.len = (uint32_t)sizeof(struct packet_datagram) + len,
		.wire_len = (uint32_t)sizeof(struct packet_datagram) + wire_len,
		.ts_ns = d->last_ts_ns,
		.clock_ns = d->last_clock_ns,
		.link_type = FRAME_LINK_DATAGRAM};
}

/*
 * Processes a fragment that the capture truncated: its datagram can never be complete. The first
 * fragment holds the headers and the beginning of the message, and is output alone.
 */
static bool process_cut(struct ip_frag *f, const struct pkt *fragment, struct frame *whole)
{
	uint32_t i = find(f, fragment);
	metrics_add(&f->metrics->frag_cut, 1);
	if (i == 0)
		return false;
	if (at(f, i)->cut || fragment->frag_offset != 0) {
		metrics_add(&f->metrics->frag_incomplete, !at(f, i)->cut);
		at(f, i)->cut = true;
		return false;
	}
	struct packet_datagram *head = (struct packet_datagram *)buffer_of(f, i);
	head->proto = fragment->frag_proto;
	memcpy(head + 1, fragment->payload, fragment->len);
	note_time(at(f, i), fragment);
	metrics_add(&f->metrics->frag_whole, 1);
	/* More was sent than this fragment says, if others follow. */
	output(f, i, fragment->len, fragment->wire_len + (fragment->frag_more ? UNIT : 0), whole);
	return true;
}

bool ip_frag_process(struct ip_frag *f, const struct pkt *fragment, struct frame *whole)
{
	metrics_add(&f->metrics->frag_fragments, 1);
	if (is_invalid(fragment)) {
		metrics_add(&f->metrics->frag_bad, 1);
		return false;
	}
	if (fragment->len < fragment->wire_len)
		return process_cut(f, fragment, whole);
	uint32_t i = find(f, fragment);
	if (i == 0) {
		metrics_add(&f->metrics->frag_bad, 1);
		return false;
	}
	struct ip_frag_datagram *d = at(f, i);
	if (d->cut) {
		metrics_add(&f->metrics->frag_swallowed, 1);
		return false;
	}
	struct packet_datagram *head = (struct packet_datagram *)buffer_of(f, i);
	uint8_t *octets = (uint8_t *)(head + 1) + fragment->frag_offset;
	uint32_t first = fragment->frag_offset / UNIT, n = (fragment->len + UNIT - 1) / UNIT;
	uint32_t had = count_units(d, first, n);
	if (had == n && agrees(d, fragment)) { /* a copy (RFC 8200 section 4.5): the first counts */
		bool same = memcmp(octets, fragment->payload, fragment->len) == 0;
		metrics_add(same ? &f->metrics->frag_duplicates : &f->metrics->frag_conflicts, 1);
		return false;
	}
	if (had || !agrees(d, fragment)) { /* RFC 5722; as in Linux, what follows begins anew */
		discard(f, i, &f->metrics->frag_overlapped);
		return false;
	}
	memcpy(octets, fragment->payload, fragment->len);
	mark(d, first, n);
	note_time(d, fragment);
	d->arrived += fragment->len;
	if (fragment->frag_offset + fragment->len > d->end)
		d->end = fragment->frag_offset + fragment->len;
	if (!fragment->frag_more)
		d->total = d->end;
	if (fragment->frag_offset == 0) /* the first fragment says what the datagram carries */
		head->proto = fragment->frag_proto;
	if (d->total == 0 || d->arrived < d->total)
		return false;
	metrics_add(&f->metrics->frag_whole, 1);
	output(f, i, d->total, d->total, whole);
	return true;
}

void ip_frag_recycle(struct ip_frag *f)
{
	while (f->complete) {
		uint32_t i = f->complete;
		f->complete = at(f, i)->slot.next;
		slots_release(&f->slots, i);
	}
}

unsigned ip_frag_expire(struct ip_frag *f, int64_t clock_ns, unsigned max)
{
	unsigned n = 0;
	while (n < max && f->ages.oldest &&
		when_since(clock_ns, at(f, f->ages.oldest)->clock_ns) > f->conf.timeout_ns) {
		discard(f, f->ages.oldest, &f->metrics->frag_timeouts);
		n++;
	}
	return n;
}

void ip_frag_finish(struct ip_frag *f)
{
	while (f->ages.oldest)
		discard(f, f->ages.oldest, &f->metrics->frag_unfinished);
}
