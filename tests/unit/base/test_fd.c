/*
 * test_fd.c - flags, files, sealed memory, passing descriptors, counting them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "expect_abort.h"

static void
test_flags_and_close(void **test_state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)test_state;
	assert_true(fd >= 0);
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_set_nonblock(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_RDWR);
	assert_int_equal(fd_set_nonblock(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_int_equal(fd_set_cloexec(-1, true), ERR_IO);
	assert_int_equal(fd_set_nonblock(-1, true), ERR_IO);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/test_fd.XXXXXX";
static char path[64];

static int
make_dir(void **test_state)
{
	(void)test_state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int
remove_dir(void **test_state)
{
	(void)test_state;
	unlink(path);
	return rmdir(dir);
}

static void
write_file(size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < len; i++)
		fputc('a' + (int)(i % 26), file);
	assert_int_equal(fclose(file), 0);
}

static void
test_read_file_sizes(void **test_state)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 20000};
	struct buf out;
	struct err err;

	(void)test_state;
	buf_init(&out, 100000);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		write_file(sizes[i]);
		buf_clear(&out);
		buf_put_str(&out, "+");
		assert_int_equal(fd_read_file(path, sizes[i], &out, &err), 0); /* `max` itself is allowed */
		assert_int_equal(out.len, sizes[i] + 1);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(out.ptr[j + 1], 'a' + j % 26);
		if (sizes[i] == 0)
			continue;
		assert_int_equal(fd_read_file(path, sizes[i] - 1, &out, &err), ERR_LIMIT);
		assert_int_equal(err.code, ERR_LIMIT);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(out.len, sizes[i] + 1); /* what was read is taken back */
	}
	buf_fini(&out);
}

static void
test_read_file_into_small_buffer(void **test_state)
{
	struct buf out;
	struct err err;

	(void)test_state;
	write_file(5000);
	buf_init(&out, 4999);
	assert_int_equal(fd_read_file(path, 10000, &out, &err), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	assert_int_equal(fd_read_file(path, 10000, &out, NULL), ERR_LIMIT);
	buf_fini(&out);
}

static void
test_read_file_that_is_none(void **test_state)
{
	struct buf out;
	struct err err;

	(void)test_state;
	buf_init(&out, 1000);
	assert_int_equal(fd_read_file("/nonexistent/x", 10, &out, &err), ERR_IO);
	assert_string_equal(err.text, "cannot open /nonexistent/x: No such file or directory");
	assert_int_equal(fd_read_file("/tmp", 10, &out, &err), ERR_IO);
	assert_string_equal(err.text, "/tmp is not a regular file");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fd_read_file(path, 10, &out, &err), ERR_IO); /* and it does not wait for a writer */
	assert_int_equal(fd_read_file("/dev/null", 10, &out, NULL), ERR_IO);
	assert_int_equal(fd_read_file("/proc/self/status", 1, &out, &err), ERR_LIMIT); /* its size is said to be 0 */
	unlink(path);
	buf_fini(&out);
}

static void
test_read_all_starts_at_0(void **test_state)
{
	struct buf out;
	struct err err;
	int fd, pipes[2];

	(void)test_state;
	write_file(10);
	buf_init(&out, 1000);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
	assert_int_equal(fd_read_all(fd, 10, &out, &err), 0);
	assert_string_equal(buf_cstr(&out), "abcdefghij");
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
	fd_close(&fd);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(fd_read_all(pipes[0], 10, &out, &err), ERR_IO);
	assert_string_equal(err.text, "cannot read: Illegal seek");
	close(pipes[0]);
	close(pipes[1]);
	buf_fini(&out);
}

static void
test_sealed_memfd(void **test_state)
{
	struct buf out;
	struct err err;
	void *map;
	int fd, r;

	(void)test_state;
	buf_init(&out, 1000);
	fd = fd_memfd_sealed("test", SLICE_LIT("sealed\0text"), &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 100, &out, &err), 0);
	assert_true(slice_eq(buf_slice(&out), SLICE_LIT("sealed\0text")));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 11), -1);
	assert_int_equal(ftruncate(fd, 5), -1);
	assert_int_equal(ftruncate(fd, 50), -1);
	map = mmap(NULL, 11, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_equal(map, MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	fd_close(&fd);
	fd = fd_memfd_sealed("empty", SLICE_NONE, &err);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	fd_close(&fd);
	r = fd_memfd_sealed((char[300]){[0 ... 298] = 'x'}, SLICE_NONE, &err);
	assert_int_equal(r, ERR_IO);
	buf_fini(&out);
}

/* ---- Passing ----------------------------------------------------------------------------------------------------- */

struct link {
	int ends[2];
	int n_before;
};

static int
count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int
make_link(void **test_state)
{
	static struct link link;

	link.n_before = count_open();
	*test_state = &link;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, link.ends);
}

static int
drop_link(void **test_state)
{
	struct link *link = *test_state;

	fd_close(&link->ends[0]);
	fd_close(&link->ends[1]);
	return count_open() == link->n_before ? 0 : -1; /* nothing that came along was left open */
}

static void
test_messages_keep_their_borders(void **test_state)
{
	struct link *link = *test_state;
	char text[32];
	size_t n_fds = 99;
	int fds[FD_PASS_MAX];

	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), ERR_AGAIN);
	assert_int_equal(fd_send(link->ends[0], "one", 3, NULL, 0), 0);
	assert_int_equal(fd_send(link->ends[0], "three", 5, NULL, 0), 0);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), 3);
	assert_memory_equal(text, "one", 3);
	assert_int_equal(n_fds, 0);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), NULL, NULL), 5);
	assert_memory_equal(text, "three", 5);
	fd_close(&link->ends[0]);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), 0);
	assert_int_equal(fd_send(link->ends[1], "x", 1, NULL, 0), ERR_CLOSED); /* and no SIGPIPE */
}

static void
test_descriptors_travel(void **test_state)
{
	struct link *link = *test_state;
	int sent[FD_PASS_MAX], got[FD_PASS_MAX];
	struct stat a, b;
	size_t n_fds = 0;
	char text[8];

	for (int i = 0; i < FD_PASS_MAX; i++)
		sent[i] = fd_memfd_sealed("x", slice_of("12345678", (size_t)i), NULL);
	for (size_t n = 1; n <= FD_PASS_MAX; n++) {
		assert_int_equal(fd_send(link->ends[0], "m", 1, sent, n), 0);
		assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), got, &n_fds), 1);
		assert_int_equal(n_fds, n);
		for (size_t i = 0; i < n; i++) {
			assert_int_not_equal(got[i], sent[i]);
			assert_int_equal(fcntl(got[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
			assert_int_equal(fstat(got[i], &a) | fstat(sent[i], &b), 0);
			assert_true(a.st_ino == b.st_ino && a.st_size == (off_t)i);
			fd_close(&got[i]);
		}
	}
	for (int i = 0; i < FD_PASS_MAX; i++)
		fd_close(&sent[i]);
}

static void
test_long_message_is_refused_and_leaks_nothing(void **test_state)
{
	struct link *link = *test_state;
	int fds[FD_PASS_MAX];
	size_t n_fds = 99;
	char text[8];

	assert_int_equal(fd_send(link->ends[0], "123456789", 9, (int[]){0, 1, 2}, 3), 0);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), ERR_LIMIT);
	assert_int_equal(n_fds, 0);
	assert_int_equal(fd_send(link->ends[0], "12345678", 8, NULL, 0), 0); /* exactly fits */
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), 8);
	assert_int_equal(fd_send(link->ends[0], "x", 1, (int[]){0}, 1), 0);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), NULL, NULL), ERR_LIMIT);
}

/* More than fd_send() would send, from a peer that does not use it. */
static void
test_too_many_descriptors(void **test_state)
{
	struct link *link = *test_state;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(20 * sizeof(int))];
	} control = {0};
	struct iovec iov = {(char[]){"x"}, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg;
	int zeros[20] = {0};
	int fds[FD_PASS_MAX];
	size_t n_fds;
	char text[8];

	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(zeros));
	memcpy(CMSG_DATA(cmsg), zeros, sizeof(zeros));
	assert_int_equal(sendmsg(link->ends[0], &msg, 0), 1);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), fds, &n_fds), ERR_LIMIT);
	assert_int_equal(n_fds, 0);
}

static void
test_full_socket_is_again(void **test_state)
{
	struct link *link = *test_state;
	char text[1024] = {0};
	int r = 0;

	for (int i = 0; i < 100000 && r == 0; i++)
		r = fd_send(link->ends[0], text, sizeof(text), NULL, 0);
	assert_int_equal(r, ERR_AGAIN);
	assert_int_equal(fd_recv(link->ends[1], text, sizeof(text), NULL, NULL), 1024);
	assert_int_equal(fd_send(link->ends[0], text, sizeof(text), NULL, 0), 0);
}

static void
test_message_larger_than_the_socket(void **test_state)
{
	struct link *link = *test_state;
	char *text = calloc(1, 16 << 20);

	assert_int_equal(fd_send(link->ends[0], text, 16 << 20, NULL, 0), ERR_LIMIT);
	free(text);
}

static void
send_nothing(void *arg)
{
	struct link *link = arg;
	int r = fd_send(link->ends[0], "", 0, NULL, 0);

	_exit(r == 0 ? 0 : 1);
}

static void
test_empty_message_aborts(void **test_state)
{
	expect_abort(send_nothing, *test_state);
}

/* ---- Which are open ---------------------------------------------------------------------------------------------- */

enum answer { ANSWER_TRUE = 100, ANSWER_WRONG = 101 }; /* anything lower is the culprit */

/* In a child with exactly `open_mask` open.  The exit status brings the answer back. */
static int
ask_in_child(unsigned open_mask, int n)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int culprit = ANSWER_WRONG;
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; fd < 16; fd++) {
			if (open_mask >> fd & 1)
				dup2(null, 30 + fd);
		}
		for (int fd = 0; fd < 16; fd++) {
			close(fd);
			if (open_mask >> fd & 1)
				dup2(30 + fd, fd);
		}
		for (int fd = 16; fd < 1024; fd++)
			close(fd);
		if (fd_only_open_below(n, &culprit))
			_exit(culprit == ANSWER_WRONG ? ANSWER_TRUE : ANSWER_WRONG);
		_exit(culprit);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_only_open_below(void **test_state)
{
	(void)test_state;
	assert_int_equal(ask_in_child(0x00FF, 8), ANSWER_TRUE);
	assert_int_equal(ask_in_child(0x0007, 3), ANSWER_TRUE);
	assert_int_equal(ask_in_child(0x0000, 0), ANSWER_TRUE);
	assert_int_equal(ask_in_child(0x00F7, 8), 3);
	assert_int_equal(ask_in_child(0x00FE, 8), 0);
	assert_int_equal(ask_in_child(0x007F, 8), 7);
	assert_int_equal(ask_in_child(0x01FF, 8), 8);
	assert_int_equal(ask_in_child(0x54FF, 8), 10);
	assert_int_equal(ask_in_child(0x80F7, 8), 3); /* what is missing comes first */
	assert_int_equal(ask_in_child(0x8000, 0), 15);
}

#define LINKED(fn) cmocka_unit_test_setup_teardown(fn, make_link, drop_link)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flags_and_close),
	    cmocka_unit_test(test_read_file_sizes),
	    cmocka_unit_test(test_read_file_into_small_buffer),
	    cmocka_unit_test(test_read_file_that_is_none),
	    cmocka_unit_test(test_read_all_starts_at_0),
	    cmocka_unit_test(test_sealed_memfd),
	    LINKED(test_messages_keep_their_borders),
	    LINKED(test_descriptors_travel),
	    LINKED(test_long_message_is_refused_and_leaks_nothing),
	    LINKED(test_too_many_descriptors),
	    LINKED(test_full_socket_is_again),
	    LINKED(test_message_larger_than_the_socket),
	    LINKED(test_empty_message_aborts),
	    cmocka_unit_test(test_only_open_below),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
