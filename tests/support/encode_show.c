/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encodes documents for tests: encode_show KIND reads documents, one a line, and writes the octets
 * of each in hexadecimal, or "bad" where it cannot be encoded; encode_show schema writes the Avro
 * schema. Tag and time are constant.
 */
#include "encode/encode.h"

#include <stdio.h>
#include <stdlib.h>

#define BUFFER_BYTES (64 << 20)

int main(int argc, char **argv)
{
	static const struct encode_kind *const kinds[] = {
		&encode_kind_msgpack, &encode_kind_tagged, &encode_kind_text, &encode_kind_avro};
	const struct encode_kind *kind = NULL;
	char *line = NULL, *buffer;
	size_t line_capacity = 0;
	ssize_t n;

	for (size_t i = 0; argc > 1 && i < BITS_COUNT(kinds); i++)
		if (strcmp(argv[1], kinds[i]->name) == 0)
			kind = kinds[i];
	if (argc > 1 && strcmp(argv[1], "schema") == 0)
		return puts(encode_avro_schema) < 0;
	buffer = kind ? malloc(BUFFER_BYTES) : NULL;
	if (!buffer)
		return 2;
	while ((n = getline(&line, &line_capacity, stdin)) > 0) {
		struct text t = text_of(buffer, BUFFER_BYTES / 3);
		struct encode_doc d = {line, (size_t)n - 1, "a.tag", 1444531212643494000};
		int rc = kind->encode(&t, &d);
		struct text hex =
			text_of(buffer + BUFFER_BYTES / 3, BUFFER_BYTES - BUFFER_BYTES / 3);
		text_hex(&hex, (uint8_t *)buffer, text_len(&t));
		printf("%.*s\n", rc || t.full ? 3 : (int)text_len(&hex),
			rc || t.full ? "bad" : hex.start);
	}
	free(line);
	free(buffer);
	return 0;
}
