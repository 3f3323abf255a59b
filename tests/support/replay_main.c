/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target on every file of its corpus, so that every build replays what fuzzing found.
 */
#include "support/guard.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay(const char *path)
{
	static uint8_t octets[1 << 20];
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	size_t len = fread(octets, 1, sizeof(octets), f);
	fclose(f);
	uint8_t *input = guard_copy(octets, len);
	LLVMFuzzerTestOneInput(input, len);
	guard_free(input, len);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	int bad = 0;
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *e; (e = readdir(dir));) {
			char path[4096];
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			bad |= replay(path);
			files++;
		}
		closedir(dir);
	}
	printf("%u files replayed\n", files);
	return bad || files == 0;
}
