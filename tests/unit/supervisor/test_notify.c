/*
 * test_notify.c - against a bound datagram socket that stands in for systemd's
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/notify.h"

struct manager {
	int fd;
	char name[100];
	char text[2048];
};

static void
manager_open(struct manager *m, bool abstract)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t len;

	(void)snprintf(m->name, sizeof(m->name), "%s/tmp/test_notify.%d", abstract ? "@" : "", (int)getpid());
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(m->name));
	memcpy(addr.sun_path, m->name, strlen(m->name));
	if (abstract)
		addr.sun_path[0] = '\0';
	else
		(void)unlink(m->name);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(bind(m->fd, (const struct sockaddr *)&addr, len), 0);
}

static void
manager_close(struct manager *m)
{
	fd_close(&m->fd);
	if (m->name[0] == '/')
		(void)unlink(m->name);
}

/* The next message, or "" when there is none. */
static const char *
next(struct manager *m)
{
	ssize_t n = recv(m->fd, m->text, sizeof(m->text) - 1, 0);

	m->text[n > 0 ? n : 0] = '\0';
	return m->text;
}

static void
check_messages(bool abstract)
{
	struct manager m;
	struct notify n;
	struct err err;

	manager_open(&m, abstract);
	assert_int_equal(notify_init(&n, m.name, NULL, NULL, 1, &err), 0);
	notify_ready(&n, "serving");
	assert_string_equal(next(&m), "READY=1\nSTATUS=serving");
	notify_ready(&n, NULL);
	assert_string_equal(next(&m), "READY=1");
	notify_reloading(&n, 123456789012345ULL);
	assert_string_equal(next(&m), "RELOADING=1\nMONOTONIC_USEC=123456789012345\nSTATUS=reloading");
	notify_stopping(&n, "draining");
	assert_string_equal(next(&m), "STOPPING=1\nSTATUS=draining");
	notify_status(&n, "one line\nREADY=1"); /* a status cannot smuggle in another assignment */
	assert_string_equal(next(&m), "STATUS=one line");
	notify_fini(&n);
	manager_close(&m);
}

static void
descriptors_are_stored_by_name(void **state)
{
	struct manager m;
	struct notify n;
	struct err err;
	int fds[FD_PASS_MAX];
	size_t n_fds = 0;
	int len;

	(void)state;
	manager_open(&m, true);
	assert_int_equal(notify_init(&n, m.name, NULL, NULL, 1, &err), 0);
	notify_store_fd(&n, "stored-table", STDIN_FILENO);
	len = fd_recv(m.fd, m.text, sizeof(m.text), fds, &n_fds);
	assert_int_equal(len, strlen("FDSTORE=1\nFDNAME=stored-table"));
	assert_memory_equal(m.text, "FDSTORE=1\nFDNAME=stored-table", (size_t)len);
	assert_int_equal(n_fds, 1);
	fd_close(&fds[0]);
	notify_forget_fd(&n, "stored-table");
	assert_string_equal(next(&m), "FDSTOREREMOVE=1\nFDNAME=stored-table");
	notify_fini(&n);
	notify_store_fd(&n, "stored-table", STDIN_FILENO);
	manager_close(&m);
}

static void
messages_reach_a_path(void **state)
{
	(void)state;
	check_messages(false);
}

static void
messages_reach_an_abstract_name(void **state)
{
	(void)state;
	check_messages(true);
}

static void
long_status_is_cut(void **state)
{
	struct manager m;
	struct notify n;
	struct err err;
	char text[4000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	manager_open(&m, true);
	assert_int_equal(notify_init(&n, m.name, NULL, NULL, 1, &err), 0);
	notify_status(&n, text);
	assert_int_equal(strlen(next(&m)), 1023);
	notify_fini(&n);
	manager_close(&m);
}

static void
watchdog_comes_at_half_time_and_only_when_healthy(void **state)
{
	struct manager m;
	struct notify n;
	struct err err;

	(void)state;
	manager_open(&m, true);
	assert_int_equal(notify_init(&n, m.name, "20000000", "4711", 4711, &err), 0);
	assert_int_equal(n.watchdog_ms, 10000);
	notify_watchdog(&n, false, 1000);
	assert_string_equal(next(&m), "");
	notify_watchdog(&n, true, 1000);
	assert_string_equal(next(&m), "WATCHDOG=1");
	notify_watchdog(&n, true, 10999);
	assert_string_equal(next(&m), "");
	notify_watchdog(&n, true, 11000);
	assert_string_equal(next(&m), "WATCHDOG=1");
	notify_fini(&n);
	manager_close(&m);
}

static void
watchdog_of_another_process_is_left_alone(void **state)
{
	struct manager m;
	struct notify n;
	struct err err;

	(void)state;
	manager_open(&m, true);
	assert_int_equal(notify_init(&n, m.name, "20000000", "4711", 4712, &err), 0);
	notify_watchdog(&n, true, 1000);
	assert_string_equal(next(&m), "");
	notify_fini(&n);
	manager_close(&m);
}

static void
without_systemd_it_is_silent(void **state)
{
	struct notify n;
	struct err err;

	(void)state;
	assert_int_equal(notify_init(&n, NULL, NULL, NULL, 1, &err), 0);
	assert_int_equal(n.fd, -1);
	notify_ready(&n, "x");
	notify_watchdog(&n, true, 1);
	assert_int_equal(notify_init(&n, "relative/path", NULL, NULL, 1, &err), ERR_INVALID);
	notify_ready(&n, "x");
	assert_int_equal(notify_init(&n, "/nonexistent/notify", NULL, NULL, 1, &err), ERR_IO);
	assert_int_equal(n.fd, -1);
}

static void
wrong_watchdog_values_are_refused(void **state)
{
	struct manager m;
	struct notify n;
	struct err err;

	(void)state;
	manager_open(&m, true);
	assert_int_equal(notify_init(&n, m.name, "soon", NULL, 1, &err), ERR_INVALID);
	notify_fini(&n);
	assert_int_equal(notify_init(&n, m.name, "0", NULL, 1, &err), ERR_INVALID);
	notify_fini(&n);
	assert_int_equal(notify_init(&n, m.name, "1000", "me", 1, &err), ERR_INVALID);
	notify_fini(&n);
	manager_close(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(descriptors_are_stored_by_name),
	    cmocka_unit_test(messages_reach_a_path),
	    cmocka_unit_test(messages_reach_an_abstract_name),
	    cmocka_unit_test(long_status_is_cut),
	    cmocka_unit_test(watchdog_comes_at_half_time_and_only_when_healthy),
	    cmocka_unit_test(watchdog_of_another_process_is_left_alone),
	    cmocka_unit_test(without_systemd_it_is_silent),
	    cmocka_unit_test(wrong_watchdog_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
