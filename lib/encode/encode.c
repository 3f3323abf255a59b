/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/encode.h"

#define ENCODING(choice, kind) extern const struct encode_kind kind;
#include "encode/encodings.def"
#undef ENCODING

const struct encode_kind encode_kind_json = {.name = "json"};

const struct encode_kind *encode_kind_of(enum conf_choice choice)
{
	switch (choice) {
#define ENCODING(choice, kind)                                                                     \
	case choice:                                                                               \
		return &kind;
#include "encode/encodings.def"
#undef ENCODING
	default: return &encode_kind_json;
	}
}
