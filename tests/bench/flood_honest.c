/* SPDX-License-Identifier: BSD-3-Clause */
/* The packets of honest clients, each at its time. */
#include "bench/flood.h"

#include "base/bits.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS = 1 << 16, SITES = 20000, TCP_SHARE = 5 };

struct honest_one honest_one(uint64_t number)
{
	uint64_t r = flood_random(number << 1), s = flood_random(number << 1 | 1);
	/* a few sites get most of the queries */
	uint64_t site = s % SITES * (s >> 20 & 1023) >> 10;
	struct honest_one one = {
		.ends = {.src = FLOOD_HONEST(r % CLIENTS),
			.dst = FLOOD_SERVER,
			.sport = (uint16_t)(1024 + (r >> 20) % 60000),
			.dport = 53},
		.id = (uint16_t)(r >> 40),
		.tcp = number % TCP_SHARE == 0,
		.isn = (uint32_t)s,
		.latency_ns = (20 + (int64_t)((s >> 32) % 181)) * (int64_t)WHEN_NS_PER_MS,
	};
	if (one.tcp) /* an address of its own, so that no two connections have the same ends */
		one.ends.src = FLOOD_HONEST(CLIENTS + number % (1 << 20));
	snprintf(one.name, sizeof(one.name), "www.site%u.example", (unsigned)site);
	return one;
}

void honest_init(struct honest *h, int64_t every_ns)
{
	*h = (struct honest){.every_ns = every_ns, .max_steps = 1 << 17};
	h->steps = calloc(h->max_steps, sizeof(*h->steps));
	if (!h->steps)
		exit(2);
	for (uint32_t i = 0; i < h->max_steps; i++)
		h->steps[i].next = i + 2 <= h->max_steps ? i + 2 : 0;
	h->free = 1;
}

void honest_free(struct honest *h)
{
	free(h->steps);
}

static void schedule(struct honest *h, uint64_t number, unsigned step, int64_t due_ns)
{
	unsigned ms = (unsigned)(due_ns / (int64_t)WHEN_NS_PER_MS) % HONEST_MS;
	uint32_t i = h->free;

	if (i == 0) {
		fprintf(stderr, "flood: too many honest transactions are open at a time\n");
		exit(2);
	}
	struct honest_step *s = &h->steps[i - 1];
	h->free = s->next;
	*s = (struct honest_step){.number = number, .due_ns = due_ns, .step = step};
	if (h->calendar[ms])
		h->steps[h->last[ms] - 1].next = i;
	else
		h->calendar[ms] = i;
	h->last[ms] = i;
}

static struct flood_ends reversed(struct flood_ends e)
{
	return (struct flood_ends){.src = e.dst, .dst = e.src, .sport = e.dport, .dport = e.sport};
}

static void udp_step(struct flood *f, const struct honest_one *one, const struct honest_step *s)
{
	uint8_t message[128];
	struct flood_ends e = s->step ? reversed(one->ends) : one->ends;
	uint32_t n = flood_message(message, one->id, s->step ? 0x8180 : 0x0100, one->name,
		s->step ? HONEST_ADDRESS : 0);

	flood_udp(f, &e, message, n);
	if (s->step == 0)
		schedule(&f->honest, s->number, 1, f->now_ns + one->latency_ns);
}

/* Sends handshake, query, reply, and a FIN from both sides. */
static void tcp_step(struct flood *f, const struct honest_one *one, const struct honest_step *s)
{
	uint8_t query[128], reply[128];
	uint32_t isn = one->isn, peer = ~one->isn;
	struct flood_ends to = one->ends, from = reversed(one->ends);
	uint32_t n = flood_message(query + 2, one->id, 0x0100, one->name, 0) + 2;
	uint32_t m = flood_message(reply + 2, one->id, 0x8180, one->name, HONEST_ADDRESS) + 2;
	int64_t wait_ns = WHEN_NS_PER_MS / 2;

	query[0] = reply[0] = 0;
	query[1] = (uint8_t)(n - 2);
	reply[1] = (uint8_t)(m - 2);
	switch (s->step) {
	case 0: flood_tcp(f, &to, FLOOD_SYN, isn, 0, NULL, 0); break;
	case 1: flood_tcp(f, &from, FLOOD_SYN | FLOOD_ACK, peer, isn + 1, NULL, 0); break;
	case 2: flood_tcp(f, &to, FLOOD_ACK, isn + 1, peer + 1, NULL, 0); break;
	case 3:
		flood_tcp(f, &to, FLOOD_ACK, isn + 1, peer + 1, query, n);
		wait_ns = one->latency_ns;
		break;
	case 4: flood_tcp(f, &from, FLOOD_ACK, peer + 1, isn + 1 + n, reply, m); break;
	case 5: flood_tcp(f, &to, FLOOD_FIN | FLOOD_ACK, isn + 1 + n, peer + 1 + m, NULL, 0); break;
	default:
		flood_tcp(f, &from, FLOOD_FIN | FLOOD_ACK, peer + 1 + m, isn + 2 + n, NULL, 0);
		return;
	}
	schedule(&f->honest, s->number, s->step + 1, f->now_ns + wait_ns);
}

static void do_step(struct flood *f, const struct honest_step *s)
{
	struct honest_one one = honest_one(s->number);

	f->honest.sent += s->step == (one.tcp ? 3 : 0);
	if (one.tcp)
		tcp_step(f, &one, s);
	else
		udp_step(f, &one, s);
}

bool honest_packet(struct flood *f, int64_t until_ns, bool begin)
{
	struct honest *h = &f->honest;

	for (; h->now_ms < until_ns / WHEN_NS_PER_MS; h->now_ms++) {
		uint32_t *first = &h->calendar[h->now_ms % HONEST_MS], i = *first;
		if (i == 0)
			continue;
		struct honest_step s = h->steps[i - 1];
		*first = s.next;
		h->steps[i - 1].next = h->free;
		h->free = i;
		do_step(f, &s);
		return true;
	}
	if (!begin || h->every_ns == 0 || h->next_ns > until_ns)
		return false;
	h->next_ns += h->every_ns;
	do_step(f, &(struct honest_step){.number = h->begun++});
	return true;
}
