/*
 * replay.c - gives a fuzz target the inputs of its corpus, without a fuzzer: FOLDER...
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From memory of just the size, so that reading beyond is seen. */
static int
replay_file(const char *path, uint8_t *room)
{
	FILE *file = fopen(path, "rb");
	size_t size = file != NULL ? fread(room, 1, INPUT_MAX, file) : 0;
	uint8_t *input = malloc(size > 0 ? size : 1);

	if (file == NULL || input == NULL) {
		perror(path);
		return -1;
	}
	fclose(file);
	for (size_t i = 0; i < size; i++)
		input[i] = room[i];
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return 0;
}

static int
replay_folder(const char *folder, uint8_t *room)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(folder);
	int n = 0;

	if (dir == NULL) {
		perror(folder);
		return -1;
	}
	for (entry = readdir(dir); entry != NULL && n >= 0; entry = readdir(dir)) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		n = replay_file(path, room) < 0 ? -1 : n + 1;
	}
	closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	uint8_t *room = malloc(INPUT_MAX);
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = room != NULL ? replay_folder(argv[i], room) : -1;

		if (n < 0)
			return 1;
		total += n;
	}
	free(room);
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
