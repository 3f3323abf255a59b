/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/const.h"

const char *dns_error_name(enum dns_error error)
{
	switch (error) {
#define DNS_ERROR(symbol, name)                                                                    \
	case symbol:                                                                               \
		return name;
#include "dns/const.def"
#undef DNS_ERROR
	case DNS_OK: break;
	}
	return "ok";
}

static bool put_opcode(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_OPCODE(value, name)                                                                    \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_OPCODE
	default: return false;
	}
}

static bool put_rcode(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_RCODE(value, name)                                                                     \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_RCODE
	default: return false;
	}
}

static bool put_class(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_CLASS(value, name)                                                                     \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_CLASS
	default: return false;
	}
}

static bool put_cert(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_CERT(value, name)                                                                      \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_CERT
	default: return false;
	}
}

static bool put_algorithm(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_ALGORITHM(value, name)                                                                 \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_ALGORITHM
	default: return false;
	}
}

static bool put_dso(struct text *t, unsigned number)
{
	switch (number) {
#define DNS_DSO(value, name)                                                                       \
	case value:                                                                                \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_DSO
	default: return false;
	}
}

void dns_opcode_text(struct text *t, unsigned opcode)
{
	if (!put_opcode(t, opcode)) {
		text_lit(t, "OPCODE");
		text_u64(t, opcode);
	}
}

void dns_rcode_text(struct text *t, unsigned rcode)
{
	if (!put_rcode(t, rcode)) {
		text_lit(t, "RCODE");
		text_u64(t, rcode);
	}
}

void dns_class_text(struct text *t, uint16_t rrclass)
{
	if (!put_class(t, rrclass)) {
		text_lit(t, "CLASS");
		text_u64(t, rrclass);
	}
}

void dns_dso_text(struct text *t, unsigned type)
{
	if (!put_dso(t, type)) {
		text_lit(t, "DSOTYPE");
		text_u64(t, type);
	}
}

void dns_tsig_error_text(struct text *t, unsigned error)
{
	if (error == 16)
		text_lit(t, "BADSIG");
	else if (!put_rcode(t, error))
		text_u64(t, error);
}

void dns_cert_text(struct text *t, unsigned type)
{
	if (!put_cert(t, type))
		text_u64(t, type);
}

void dns_algorithm_text(struct text *t, unsigned algorithm)
{
	if (!put_algorithm(t, algorithm))
		text_u64(t, algorithm);
}
