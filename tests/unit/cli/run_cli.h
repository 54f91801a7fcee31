/*
 * run_cli.h - running a subcommand in a child and keeping what it prints
 *
 * A child, because option parsing has state of its own and because standard output and error are the process's.
 * Included by test programs after cmocka.h.
 */
#ifndef TEST_RUN_CLI_H
#define TEST_RUN_CLI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"

struct run_cli {
	int status;
	char out[65536];
	char err[8192];
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void
run_cli_read(int fd, char *text, size_t cap)
{
	ssize_t n = pread(fd, text, cap - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

/* Starts it; finish with run_cli_end().  `keep_fd` (or -1) is descriptor 9 of the child. */
static inline pid_t
run_cli_begin(int (*main_fn)(int, char **), const char *const *words, int keep_fd, int fds_r[2])
{
	char *argv[32];
	int argc = 0;
	pid_t pid;

	while (words[argc] != NULL) {
		assert_true(argc < 31);
		argv[argc] = strdup(words[argc]);
		assert_non_null(argv[argc]);
		argc++;
	}
	argv[argc] = NULL;
	fds_r[0] = memfd_create("out", 0);
	fds_r[1] = memfd_create("err", 0);
	assert_true(fds_r[0] >= 0 && fds_r[1] >= 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int status;

		dup2(fds_r[0], STDOUT_FILENO);
		dup2(fds_r[1], STDERR_FILENO);
		if (keep_fd >= 0)
			dup2(keep_fd, 9);
		status = main_fn(argc, argv);
		fflush(NULL);
		_exit(status);
	}
	while (argc > 0)
		free(argv[--argc]);
	return pid;
}

static inline void
run_cli_end(pid_t pid, const int fds[2], struct run_cli *run_r)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	run_r->status = WEXITSTATUS(status);
	run_cli_read(fds[0], run_r->out, sizeof(run_r->out));
	run_cli_read(fds[1], run_r->err, sizeof(run_r->err));
}

static inline void
run_cli(int (*main_fn)(int, char **), const char *const *words, struct run_cli *run_r)
{
	int fds[2];
	pid_t pid = run_cli_begin(main_fn, words, -1, fds);

	run_cli_end(pid, fds, run_r);
}

/* A file with this text in a new directory. */
struct run_file {
	char dir[32];
	char path[64];
};

static inline void
run_file_make(struct run_file *file, const char *text)
{
	FILE *f;

	snprintf(file->dir, sizeof(file->dir), "/tmp/cli-test-XXXXXX");
	assert_non_null(mkdtemp(file->dir));
	snprintf(file->path, sizeof(file->path), "%s/test.conf", file->dir);
	f = fopen(file->path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void
run_file_remove(struct run_file *file)
{
	unlink(file->path);
	rmdir(file->dir);
}

#endif
