/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/encode.h"

const struct encode_kind encode_kind_json = {.name = "json"};

const struct encode_kind *encode_kind_of(enum conf_choice choice)
{
	static const struct {
		enum conf_choice choice;
		const struct encode_kind *kind;
	} rows[] = {
#define ENCODING(kind, name, file, word) {CONF_ENCODING_##kind, &encode_kind_##name},
#include "config/sink.def"
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].choice == choice)
			return rows[i].kind;
	return &encode_kind_json;
}
