/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EDNS (RFC 6891): the OPT record, its options and their text. Of JSON, this knows t->quoted only;
 * the comments name the value of the native schema that a text is for.
 */
#ifndef DNS_EDNS_H
#define DNS_EDNS_H

#include "base/cursor.h"
#include "dns/msg.h"

/* What is wrong with a message's OPT records; each gives the message the error DNS_RDATA. */
enum edns_fault {
	EDNS_FINE,
	EDNS_SECTION, /* outside the additional section (RFC 6891 section 6.1.1) */
	EDNS_TWICE, /* a second one (ibid.) */
	EDNS_OWNER, /* the owner is not the root (section 6.1.2) */
	EDNS_OPTIONS, /* the lengths of the options do not fit the RDATA */
};

struct edns {
	bool present;
	uint8_t version;
	uint8_t rcode_high; /* the upper eight of the rcode's twelve bits */
	uint8_t fault; /* enum edns_fault: the first that was found */
	uint16_t udp; /* octets of UDP payload that the sender accepts */
	uint16_t flags; /* DO, CO and unassigned ones */
	uint16_t options_len;
	uint32_t options; /* offset in the message */
};

enum { EDNS_DO = 0x8000, EDNS_CO = 0x4000 }; /* RFC 3225; compact answers, RFC 9824 section 5.1 */

/*
 * Reads an OPT record that rr_next() found in any section; zero *e first for each message. The
 * first one in the additional section counts; of others it notes the fault. Returns DNS_OK, or
 * DNS_RDATA with e->fault set. It ignores questions for type OPT: DNS_OK.
 */
enum dns_error edns_read(struct edns *e, const struct name_space *space, const struct rr *rr);

/* Finds and reads the OPT records of a message. Other errors of its records are not returned. */
enum dns_error edns_find(
	struct edns *e, const struct dns_msg *msg, const uint8_t *data, uint32_t len);

/* Returns the word for a fault: "section", "twice", "owner", "options"; NULL for EDNS_FINE. */
const char *edns_fault_name(enum edns_fault fault);

/* Returns the rcode of twelve bits, from header and OPT record. */
static inline unsigned edns_rcode(const struct edns *e, uint16_t header_flags)
{
	return (unsigned)e->rcode_high << 4 | dns_rcode(header_flags);
}

/* Kinds of an option's value. The comments have the text that edns_option_text() appends, and what
 * it is in JSON: string (the text), number (the text), numbers (the text in brackets). */
enum edns_kind {
	EDNS_KIND_HEX, /* lower-case hexadecimal; string */
	EDNS_KIND_PRINT, /* printable ASCII as is, else hexadecimal; string */
	EDNS_KIND_SUBNET, /* "203.0.113.0/24/0" (RFC 7871 section 6); string */
	EDNS_KIND_COOKIE, /* hexadecimal (RFC 7873 section 4); string */
	EDNS_KIND_EDE, /* code, or code and text: see edns_ede_of(); string */
	EDNS_KIND_COUNT, /* the number of octets; number */
	EDNS_KIND_U16, /* decimal; number */
	EDNS_KIND_U32, /* decimal; number */
	EDNS_KIND_U8S, /* "8,13,15"; numbers */
	EDNS_KIND_U16S, /* "19036,20326"; numbers */
	EDNS_KIND_U32S, /* "3600" or "3600,7200"; numbers */
	EDNS_KIND_NAME, /* domain name without trailing dot; string */
	EDNS_KIND_ZONEVERSION, /* "2 SOA-SERIAL 2024010100" (RFC 9660 section 2); string */
	EDNS_KIND_LLQ, /* "version opcode error id lease" (RFC 8764 section 3.2); string */
};

/* A row of edns.def. */
struct edns_row {
	const char *name; /* the member of the native schema, if it has one */
	uint16_t code;
	uint8_t kind; /* enum edns_kind */
};

enum {
#define EDNS_OPTION(code, symbol, name, kind) EDNS_##symbol = code,
#include "dns/edns.def"
#undef EDNS_OPTION
};

/* Returns the row of an option, or NULL. */
const struct edns_row *edns_row_of(uint16_t code);

/* True if the value is a number; if it is a list of numbers. */
bool edns_kind_is_number(enum edns_kind kind);
bool edns_kind_is_numbers(enum edns_kind kind);

struct edns_option {
	uint16_t code;
	uint16_t len;
	const uint8_t *data; /* borrowed from the message */
};

struct edns_iter {
	struct cursor c; /* bad: the list is malformed here */
};

/* Starts an iterator over the options of an OPT record that edns_read() accepted. */
struct edns_iter edns_iter_of(const struct edns *e, const struct name_space *space);

/* Reads the next option. Returns false at the end, or, with it->c.bad set, where the rest is
 * malformed. */
bool edns_next(struct edns_iter *it, struct edns_option *o);

/*
 * Appends the value of an option in the form of its kind. Returns DNS_OK; or DNS_RDATA if the
 * octets do not fit the kind, after appending hexadecimal and setting *kind (if not NULL) to
 * EDNS_KIND_HEX, so that the caller writes a string. Of the options NSID, EXPIRE, KEEPALIVE, CHAIN
 * and ZONEVERSION, whose value is empty in a query, it appends nothing and sets EDNS_KIND_HEX.
 */
enum dns_error edns_option_text(struct text *t, const struct edns_option *o, enum edns_kind *kind);

/* Appends the octets of an option in lower-case hexadecimal: `data` of `options`. */
void edns_option_hex(struct text *t, const struct edns_option *o);

/*
 * Reads an extended DNS error (RFC 8914 section 2): {"code":15,"text":"..."}. The text is untrusted
 * UTF-8 for utf8_text(), without zeros at its end. Returns false if there is no code.
 */
struct edns_ede {
	uint16_t code;
	uint16_t text_len;
	const uint8_t *text;
};
bool edns_ede_of(const struct edns_option *o, struct edns_ede *ede);

/* Appends the name of an error code ("Stale Answer"). Returns false, and appends nothing, if it has
 * none. */
bool edns_ede_name(struct text *t, unsigned code);

#endif
