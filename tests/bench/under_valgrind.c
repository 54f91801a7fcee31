/*
 * under_valgrind.c - preloaded into `magento-mcp serve`: its worker runs under callgrind, everything else as always
 *
 * The supervisor starts its children as /proc/self/exe, which under valgrind is valgrind; so valgrind is put in at the
 * worker's exec instead.  BENCH_PROGRAM names the program, BENCH_VALGRIND its command up to there, words between
 * blanks.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 64

typedef int (*execve_fn)(const char *, char *const *, char *const *);
typedef DIR *(*opendir_fn)(const char *);

int execve(const char *path, char *const argv[], char *const envp[]);

int
execve(const char *path, char *const argv[], char *const envp[])
{
	execve_fn next = (execve_fn)dlsym(RTLD_NEXT, "execve");
	char *command = getenv("BENCH_VALGRIND");
	char *program = getenv("BENCH_PROGRAM");
	char *words[WORDS_MAX];
	size_t n = 0;
	char *rest;

	if (command == NULL || program == NULL || argv[0] == NULL || argv[1] == NULL || strcmp(argv[1], "worker") != 0)
		return next(path, argv, envp);
	command = strdup(command);
	if (command == NULL)
		return -1;
	for (char *word = strtok_r(command, " ", &rest); word != NULL && n < WORDS_MAX / 2;
	     word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	words[n++] = program;
	for (size_t i = 1; argv[i] != NULL && n < WORDS_MAX - 1; i++)
		words[n++] = argv[i];
	words[n] = NULL;
	return next(words[0], words, envp);
}

/* A worker refuses descriptors that it was not given, and valgrind has some: it is shown a folder without numbers. */
DIR *
opendir(const char *name)
{
	opendir_fn next = (opendir_fn)dlsym(RTLD_NEXT, "opendir");

	return next(strcmp(name, "/proc/self/fd") == 0 ? "/proc/self/ns" : name);
}
