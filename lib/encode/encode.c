/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/encode.h"

#define ENCODING(choice, kind) extern const struct encode_kind kind;
#include "encode/encodings.def"
#undef ENCODING

const struct encode_kind encode_kind_json = {.name = "json"};

const struct encode_kind *encode_kind_of(enum conf_choice choice)
{
	static const struct {
		enum conf_choice choice;
		const struct encode_kind *kind;
	} rows[] = {
#define ENCODING(choice, kind) {choice, &kind},
#include "encode/encodings.def"
#undef ENCODING
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].choice == choice)
			return rows[i].kind;
	return &encode_kind_json;
}
