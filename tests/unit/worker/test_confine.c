/*
 * test_confine.c - what a confined process can still do, and what not any more
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../../src/worker/confine.c"

static bool
has_landlock(void)
{
	return syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION) >= 1;
}

/* In a child, since it is for good.  Gives what fn gives. */
static int
confined(int (*fn)(const char *dir), const char *dir, const char *ca_file)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(confine_self(ca_file) ? fn(dir) : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static bool
is_denied(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC, 0600) < 0 && errno == EACCES;
}

static int
nothing_can_be_written(const char *dir)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/there", dir);
	if (!is_denied(dir, "there", O_RDONLY) || !is_denied(dir, "there", O_WRONLY) ||
	    !is_denied(dir, "fresh", O_WRONLY | O_CREAT))
		return 1;
	if (unlink(path) == 0 || mkdir(path, 0700) == 0 || !is_denied("/etc", "hosts", O_WRONLY))
		return 2;
	return 0;
}

static int
libraries_find_their_files(const char *dir)
{
	struct addrinfo *found = NULL;

	(void)dir;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 || open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
		return 1;
	if (getaddrinfo("localhost", "80", NULL, &found) != 0)
		return 2;
	freeaddrinfo(found);
	return 0;
}

static int
sockets_are_reached(const char *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%.80s/socket", dir);
	return connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 ? 0 : 1;
}

static int
own_certificates_are_read(const char *dir)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/there", dir);
	return open(path, O_RDONLY | O_CLOEXEC) >= 0 && is_denied(dir, "there", O_WRONLY) ? 0 : 1;
}

static int
nothing_can_be_executed(const char *dir)
{
	char program[] = "/bin/true";
	char *argv[] = {program, NULL};

	(void)dir;
	(void)execv(program, argv);
	return errno == EACCES ? 0 : 1;
}

static int
set_up(void **state)
{
	char path[64];
	static char dir[] = "/tmp/test_confine.XXXXXX";
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, sock;

	*state = mkdtemp(dir);
	(void)snprintf(path, sizeof(path), "%s/there", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", dir);
	if (*state == NULL || fd < 0 || bind(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(sock, 8) < 0)
		return -1;
	(void)close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/there", (char *)*state);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/socket", (char *)*state);
	(void)unlink(path);
	return rmdir(*state);
}

static void
confined_process_keeps_what_it_needs_and_no_more(void **state)
{
	char ca_file[PATH_MAX];

	if (!has_landlock()) {
		assert_int_equal(confined(nothing_can_be_written, *state, ""), 99);
		return;
	}
	(void)snprintf(ca_file, sizeof(ca_file), "%s/there", (char *)*state);
	assert_int_equal(confined(nothing_can_be_written, *state, ""), 0);
	assert_int_equal(confined(libraries_find_their_files, *state, ""), 0);
	assert_int_equal(confined(sockets_are_reached, *state, ""), 0);
	assert_int_equal(confined(own_certificates_are_read, *state, ca_file), 0);
	assert_int_equal(confined(nothing_can_be_executed, *state, ""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(confined_process_keeps_what_it_needs_and_no_more),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
