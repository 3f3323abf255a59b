/* SPDX-License-Identifier: BSD-3-Clause */
#define ALLOW_EXPERIMENTAL_API /* rte_bpf_convert() in DPDK 22.11 */
#include "rx/bpf.h"

#include "base/bits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef RX_BPF
#include "rx/bpf_safe.h"

#include <rte_bpf.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#define LINKS 300 /* no decoded link type is as high */
#define SNAPLEN 262144

struct program {
	struct bpf_program code; /* libpcap's; bf_insns NULL: not compiled */
	struct rte_bpf *bpf;
	uint64_t (*jit)(void *); /* of bpf; NULL: libpcap interprets the code */
	uint8_t verdict; /* enum bpf_verdict where there is no code */
};

struct bpf {
	struct program of[LINKS];
};

static const uint16_t links[] = {
#define LINK(name, number) number,
#include "rx/links.def"
#undef LINK
};

bool bpf_available(void)
{
	return true;
}

/* Opens a pcap handle of a link type by reading an empty capture file of it: libpcap then maps the
 * file's LINKTYPE_ to its DLT_. */
static pcap_t *handle_of(uint16_t link)
{
	const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, SNAPLEN, link};
	char why[PCAP_ERRBUF_SIZE];
	FILE *f = fmemopen((void *)(uintptr_t)header, sizeof(header), "r");
	pcap_t *p = f ? pcap_fopen_offline(f, why) : NULL;

	if (f && !p)
		fclose(f);
	return p;
}

/* Compiles the expression for one link type. On failure to->verdict is set, and `why` is libpcap's
 * message. */
static void compile(struct program *to, const char *expression, uint16_t link, char *why)
{
	pcap_t *p = handle_of(link);

	to->verdict = BPF_UNFIT;
	why[0] = '\0';
	if (!p) {
		snprintf(why, PCAP_ERRBUF_SIZE, "libpcap does not know the link type");
		return;
	}
	if (pcap_compile(p, &to->code, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		to->code.bf_insns = NULL;
		snprintf(why, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
		/* for example IPv6 on a link type that carries IPv4 only */
		if (strstr(why, "rejects all"))
			to->verdict = BPF_OUT;
	}
	pcap_close(p);
}

/* Compiles a program to machine code if DPDK compiles it correctly (rx/bpf_safe.h). */
static void translate(struct program *to)
{
	struct rte_bpf_jit jit;
	struct rte_bpf_prm *prm;

	if (!bpf_is_safe(to->code.bf_insns, to->code.bf_len))
		return;
	prm = rte_bpf_convert(&to->code);
	if (!prm)
		return;
	bpf_repair((struct ebpf_insn *)(uintptr_t)prm->ins, prm->nb_ins);
	to->bpf = rte_bpf_load(prm);
	rte_free(prm);
	if (to->bpf && rte_bpf_get_jit(to->bpf, &jit) == 0)
		to->jit = jit.func;
}

/* Compiles for all link types. Returns 0, -ENOMEM, or -EINVAL with libpcap's message for Ethernet.
 */
static int compile_all(struct bpf **b, const char *expression, char *why, size_t size)
{
	char error[PCAP_ERRBUF_SIZE];
	unsigned count = 0;

	*b = calloc(1, sizeof(**b));
	if (!*b)
		return -ENOMEM;
	for (size_t i = 0; i < BITS_COUNT(links); i++) {
		compile(&(*b)->of[links[i]], expression, links[i], error);
		count += (*b)->of[links[i]].code.bf_insns != NULL;
		if (links[i] == FRAME_LINK_ETHERNET)
			snprintf(why, size, "%s", error);
	}
	if (count)
		return 0;
	bpf_close(*b);
	*b = NULL;
	return -EINVAL;
}

int bpf_check(const char *expression, char *why, size_t size)
{
	struct bpf *b;
	int error = compile_all(&b, expression, why, size);

	bpf_close(b);
	return error;
}

int bpf_open(struct bpf **b, const char *expression, char *why, size_t size)
{
	int error = compile_all(b, expression, why, size);

	for (size_t i = 0; i < BITS_COUNT(links) && error == 0; i++)
		if ((*b)->of[links[i]].code.bf_insns)
			translate(&(*b)->of[links[i]]);
	return error;
}

void bpf_close(struct bpf *b)
{
	for (size_t i = 0; b && i < LINKS; i++) {
		if (b->of[i].bpf)
			rte_bpf_destroy(b->of[i].bpf);
		if (b->of[i].code.bf_insns)
			pcap_freecode(&b->of[i].code);
	}
	free(b);
}

/* Runs the machine code, which reads mbufs: the mbuf made here only points to the frame. */
static uint64_t run(const struct program *p, const struct frame *frame)
{
	struct rte_mbuf m;

	m.buf_addr = (void *)(uintptr_t)frame->data;
	m.data_off = 0;
	m.nb_segs = 1;
	m.next = NULL;
	m.data_len = (uint16_t)frame->len;
	m.pkt_len = frame->len;
	return p->jit(&m);
}

enum bpf_verdict bpf_match(const struct bpf *b, const struct frame *frame)
{
	if (bits_unlikely(frame->link_type >= LINKS))
		return BPF_PASS;
	const struct program *p = &b->of[frame->link_type];
	if (bits_likely(p->jit && frame->len <= UINT16_MAX))
		return run(p, frame) ? BPF_PASS : BPF_OUT;
	if (bits_unlikely(!p->code.bf_insns))
		return (enum bpf_verdict)p->verdict;
	return bpf_filter(p->code.bf_insns, frame->data, frame->wire_len, frame->len) ? BPF_PASS
										      : BPF_OUT;
}

bool bpf_is_compiled(const struct bpf *b)
{
	return b->of[FRAME_LINK_ETHERNET].jit != NULL;
}

#else

bool bpf_available(void)
{
	return false;
}

int bpf_check(const char *expression, char *why, size_t size)
{
	(void)expression;
	snprintf(why, size, "this dnsloupe was built without libpcap");
	return -EINVAL;
}

int bpf_open(struct bpf **b, const char *expression, char *why, size_t size)
{
	*b = NULL;
	return bpf_check(expression, why, size);
}

void bpf_close(struct bpf *b)
{
	(void)b;
}

enum bpf_verdict bpf_match(const struct bpf *b, const struct frame *frame)
{
	(void)b;
	(void)frame;
	return BPF_PASS;
}

bool bpf_is_compiled(const struct bpf *b)
{
	(void)b;
	return false;
}

#endif
