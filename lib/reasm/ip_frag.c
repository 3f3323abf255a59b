/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/ip_frag.h"

#include "base/when.h"
#define UNIT 8u /* octets: what offsets count in */
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
	int64_t clock_ns; /* when it was begun */
	int64_t last_ts_ns, last_clock_ns; /* of its latest fragment */
	uint32_t hash;
	uint32_t next; /* in its bucket; in the list of free or of finished ones */
	uint32_t younger, older;
	uint32_t total; /* octets; 0: the last fragment has not come */
	uint32_t there; /* octets that have come */
	uint32_t end; /* one past the last octet that has come */
	bool cut; /* the capture cut a fragment: it can never be whole */
	uint64_t units[WORDS]; /* one bit a unit that has come */
};

static struct ip_frag_datagram *at(const struct ip_frag *f, uint32_t i)
{
	return &f->datagrams[i - 1];
}

static uint8_t *room_of(const struct ip_frag *f, uint32_t i)
{
	return f->rooms + (size_t)(i - 1) * IP_FRAG_ROOM;
}

size_t ip_frag_bytes(const struct ip_frag_conf *conf)
{
	return (size_t)conf->max_datagrams * (sizeof(struct ip_frag_datagram) + IP_FRAG_ROOM) +
	       2 * (size_t)bits_pow2(conf->max_datagrams) * sizeof(uint32_t);
}

void ip_frag_init(struct ip_frag *f, void *memory, const struct ip_frag_conf *conf,
	const struct hash_secret *secret, struct metrics_reasm *metrics)
{
	memset(f, 0, sizeof(*f));
	f->conf = *conf;
	f->capacity = conf->max_datagrams;
	f->mask = 2 * bits_pow2(conf->max_datagrams) - 1;
	f->datagrams = memory;
	f->rooms = (uint8_t *)(f->datagrams + conf->max_datagrams);
	f->buckets = (uint32_t *)(f->rooms + (size_t)conf->max_datagrams * IP_FRAG_ROOM);
	f->secret = *secret;
	f->metrics = metrics;
}

static void age_remove(struct ip_frag *f, const struct ip_frag_datagram *d)
{
	if (d->older)
		at(f, d->older)->younger = d->younger;
	else
		f->oldest = d->younger;
	if (d->younger)
		at(f, d->younger)->older = d->older;
	else
		f->youngest = d->older;
}

/* Takes a datagram out of bucket and age list. */
static void remove_one(struct ip_frag *f, uint32_t i)
{
	struct ip_frag_datagram *d = at(f, i);
	uint32_t *link = &f->buckets[d->hash & f->mask];
	while (*link != i)
		link = &at(f, *link)->next;
	*link = d->next;
	age_remove(f, d);
}

static void give_back(struct ip_frag *f, uint32_t i)
{
	at(f, i)->next = f->free;
	f->free = i;
}

/* Forgets a datagram, and counts why; one that was cut was counted then. */
static void give_up(struct ip_frag *f, uint32_t i, uint64_t *why)
{
	metrics_add(why, !at(f, i)->cut);
	remove_one(f, i);
	give_back(f, i);
}

/* The oldest datagram of a bucket that is full (base/hash.h), or 0. */
static uint32_t crowded(const struct ip_frag *f, uint32_t hash)
{
	uint32_t oldest = 0;
	unsigned n = 0;

	for (uint32_t i = f->buckets[hash & f->mask]; i; i = at(f, i)->next, n++)
		oldest = i;
	return n < HASH_CHAIN ? 0 : oldest;
}

static uint32_t begin(
	struct ip_frag *f, const struct ip_frag_key *key, uint32_t hash, const struct pkt *fragment)
{
	uint32_t full = crowded(f, hash);
	if (full)
		give_up(f, full, &f->metrics->frag_evicted);
	else if (!f->free && f->virgin == f->capacity && f->oldest)
		give_up(f, f->oldest, &f->metrics->frag_evicted);
	uint32_t i = f->free;
	if (i)
		f->free = at(f, i)->next;
	else if (f->virgin < f->capacity)
		i = ++f->virgin;
	else
		return 0; /* all are finished and wait for ip_frag_recycle() */
	struct ip_frag_datagram *d = at(f, i);
	memset(d, 0, sizeof(*d));
	d->key = *key;
	d->hash = hash;
	d->clock_ns = d->last_clock_ns = fragment->clock_ns;
	d->last_ts_ns = fragment->ts_ns;
	d->next = f->buckets[hash & f->mask];
	f->buckets[hash & f->mask] = i;
	d->older = f->youngest;
	if (f->youngest)
		at(f, f->youngest)->younger = i;
	else
		f->oldest = i;
	f->youngest = i;
	packet_datagram_of((struct packet_datagram *)room_of(f, i), fragment);
	metrics_add(&f->metrics->frag_started, 1);
	return i;
}

static uint32_t find(struct ip_frag *f, const struct pkt *fragment)
{
	struct ip_frag_key key = {.addrs = fragment->addrs,
		.proto = fragment->frag_proto,
		.id = fragment->frag_id,
		.realm = fragment->realm};
	/* RFC 8200 section 4.5: of IPv6 datagrams only ends and identification count. */
	if (key.addrs.family == ADDR_IPV6)
		key.proto = 0;
	uint32_t hash = (uint32_t)(hash_bytes(&f->secret, &key, sizeof(key), 0) >> 32);
	for (uint32_t i = f->buckets[hash & f->mask]; i; i = at(f, i)->next)
		if (at(f, i)->hash == hash && memcmp(&at(f, i)->key, &key, sizeof(key)) == 0) {
			if (when_since(fragment->clock_ns, at(f, i)->clock_ns) <=
				f->conf.timeout_ns)
				return i;
			/* An identification comes round again: the old datagram's time is over. */
			give_up(f, i, &f->metrics->frag_timeouts);
			break;
		}
	return begin(f, &key, hash, fragment);
}

/* How many of the units from `first` on, `n` of them, have come. */
static uint32_t come(const struct ip_frag_datagram *d, uint32_t first, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t u = first; u < first + n;) {
		uint32_t bit = u % 64, take = 64 - bit;
		if (take > first + n - u)
			take = first + n - u;
		uint64_t mask = (take == 64 ? ~(uint64_t)0 : ((uint64_t)1 << take) - 1) << bit;
		count += (uint32_t)__builtin_popcountll(d->units[u / 64] & mask);
		u += take;
	}
	return count;
}

static void mark(struct ip_frag_datagram *d, uint32_t first, uint32_t n)
{
	for (uint32_t u = first; u < first + n;) {
		uint32_t bit = u % 64, take = 64 - bit;
		if (take > first + n - u)
			take = first + n - u;
		d->units[u / 64] |= (take == 64 ? ~(uint64_t)0 : ((uint64_t)1 << take) - 1) << bit;
		u += take;
	}
}

static void note_time(struct ip_frag_datagram *d, const struct pkt *fragment)
{
	if (fragment->clock_ns < d->last_clock_ns)
		return;
	d->last_clock_ns = fragment->clock_ns;
	d->last_ts_ns = fragment->ts_ns;
}

static bool impossible(const struct pkt *fragment)
{
	return fragment->len == 0 || fragment->frag_offset + fragment->wire_len > 65535 ||
	       (fragment->frag_more && fragment->wire_len % UNIT != 0);
}

/* Does the fragment agree with the end of the datagram, as far as that is known? */
static bool agrees(const struct ip_frag_datagram *d, const struct pkt *fragment)
{
	uint32_t end = fragment->frag_offset + fragment->len;
	if (!fragment->frag_more)
		return d->end <= end && (d->total == 0 || d->total == end);
	return d->total == 0 || end <= d->total;
}

/* Hands a datagram's octets out, `len` of them there and `wire_len` of them sent. */
static void hand_out(
	struct ip_frag *f, uint32_t i, uint32_t len, uint32_t wire_len, struct frame *whole)
{
	struct ip_frag_datagram *d = at(f, i);
	remove_one(f, i);
	d->next = f->finished;
	f->finished = i;
	*whole = (struct frame){.data = room_of(f, i),
		.len = (uint32_t)sizeof(struct packet_datagram) + len,
		.wire_len = (uint32_t)sizeof(struct packet_datagram) + wire_len,
		.ts_ns = d->last_ts_ns,
		.clock_ns = d->last_clock_ns,
		.link_type = FRAME_LINK_DATAGRAM};
}

/* A fragment of which the capture lacks the end: its datagram can never be whole. The first one
 * holds the headers and the beginning of the message, which is worth more than nothing. */
static bool take_cut(struct ip_frag *f, const struct pkt *fragment, struct frame *whole)
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
	struct packet_datagram *head = (struct packet_datagram *)room_of(f, i);
	head->proto = fragment->frag_proto;
	memcpy(head + 1, fragment->payload, fragment->len);
	note_time(at(f, i), fragment);
	metrics_add(&f->metrics->frag_whole, 1);
	/* More was sent than this fragment says, if others follow. */
	hand_out(f, i, fragment->len, fragment->wire_len + (fragment->frag_more ? UNIT : 0), whole);
	return true;
}

bool ip_frag_take(struct ip_frag *f, const struct pkt *fragment, struct frame *whole)
{
	metrics_add(&f->metrics->frag_fragments, 1);
	if (impossible(fragment)) {
		metrics_add(&f->metrics->frag_bad, 1);
		return false;
	}
	if (fragment->len < fragment->wire_len)
		return take_cut(f, fragment, whole);
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
	struct packet_datagram *head = (struct packet_datagram *)room_of(f, i);
	uint8_t *octets = (uint8_t *)(head + 1) + fragment->frag_offset;
	uint32_t first = fragment->frag_offset / UNIT, n = (fragment->len + UNIT - 1) / UNIT;
	uint32_t had = come(d, first, n);
	if (had == n && agrees(d, fragment)) { /* RFC 8200 errata 3089; the first octets count */
		bool same = memcmp(octets, fragment->payload, fragment->len) == 0;
		metrics_add(same ? &f->metrics->frag_duplicates : &f->metrics->frag_conflicts, 1);
		return false;
	}
	if (had || !agrees(d, fragment)) { /* RFC 5722; like Linux, what follows begins anew */
		give_up(f, i, &f->metrics->frag_overlapped);
		return false;
	}
	memcpy(octets, fragment->payload, fragment->len);
	mark(d, first, n);
	note_time(d, fragment);
	d->there += fragment->len;
	if (fragment->frag_offset + fragment->len > d->end)
		d->end = fragment->frag_offset + fragment->len;
	if (!fragment->frag_more)
		d->total = d->end;
	if (fragment->frag_offset == 0) /* the first fragment says what the datagram carries */
		head->proto = fragment->frag_proto;
	if (d->total == 0 || d->there < d->total)
		return false;
	metrics_add(&f->metrics->frag_whole, 1);
	hand_out(f, i, d->total, d->total, whole);
	return true;
}

void ip_frag_recycle(struct ip_frag *f)
{
	while (f->finished) {
		uint32_t i = f->finished;
		f->finished = at(f, i)->next;
		give_back(f, i);
	}
}

unsigned ip_frag_expire(struct ip_frag *f, int64_t clock_ns, unsigned most)
{
	unsigned n = 0;
	while (n < most && f->oldest &&
		when_since(clock_ns, at(f, f->oldest)->clock_ns) > f->conf.timeout_ns) {
		give_up(f, f->oldest, &f->metrics->frag_timeouts);
		n++;
	}
	return n;
}

void ip_frag_finish(struct ip_frag *f)
{
	while (f->oldest)
		give_up(f, f->oldest, &f->metrics->frag_unfinished);
}
