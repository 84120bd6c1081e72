/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer: every file of the folder in LANE_CORPUS (or of the
 * arguments), each of its prefixes, and copies with one bit flipped. Fails when there is nothing to
 * run.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 16, VARIANTS_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** In memory of exactly this size, so that a sanitizer sees the first byte read beyond it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	if (copy == NULL) {
		abort();
	}
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_near(uint8_t *data, size_t size)
{
	run(data, size);
	size_t stride = size / VARIANTS_MAX + 1;
	for (size_t i = 0; i < size; i += stride) {
		run(data, i);
		data[i] ^= (uint8_t)(1U << (i % 8));
		run(data, size);
		data[i] ^= (uint8_t)(1U << (i % 8));
	}
}

static int replay_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	size_t size = fread(data, 1, sizeof(data), file);
	fclose(file);
	run_near(data, size);
	return 0;
}

static int replay_folder(const char *folder)
{
	if (chdir(folder) != 0) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return 1;
	}
	struct dirent **entries = NULL;
	int count = scandir(".", &entries, NULL, alphasort);
	int files = 0;
	int failed = 0;
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			failed |= replay_file(entries[i]->d_name);
			files++;
		}
		free(entries[i]);
	}
	free(entries);
	printf("%s: %d inputs\n", folder, files);
	return failed != 0 || files == 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		failed |= replay_file(argv[i]);
	}
	const char *folder = getenv("LANE_CORPUS");
	if (argc == 1) {
		failed = folder == NULL || replay_folder(folder) != 0;
	}
	return failed;
}
