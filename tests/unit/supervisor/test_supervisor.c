/*
 * test_supervisor.c - the service from start to stop, with real processes
 */
#include "fake_house.h"

#include <netinet/in.h>
#include <sys/stat.h>

static int
connect_to_port(int port)
{
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		fd_close(&fd);
	return fd;
}

static int
port_in_status(struct fake_house *f)
{
	const char *p = strstr(fake_ctl(f, "status json"), "\"listen\":[\"127.0.0.1:");

	assert_non_null(p);
	return atoi(p + strlen("\"listen\":[\"127.0.0.1:"));
}

static void
starts_serves_and_stops_on_term(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];
	struct stat st;
	char path[128];
	int fd;

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", pids), 2);
	fd = connect_to_port(port_in_status(f));
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_true(fake_log_has(f, "\"event\":\"listening\",\"listen\":\"127.0.0.1:"));
	assert_true(fake_status_has(f, "\"state\":\"running\""));
	assert_non_null(strstr(fake_ctl(f, "status"), "running, generation 1"));
	(void)snprintf(path, sizeof(path), "%s/state", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	assert_string_equal(fake_notified(f), "FDSTORE=1\nFDNAME=stored-table|FDSTORE=1\nFDNAME=stored-keys|"
					      "FDSTORE=1\nFDNAME=stored-listen|FDSTORE=1\nFDNAME=stored-admin|"
					      "READY=1|STATUS=generation 1, 2 workers serve" FAKE_NO_STORE "|");
	assert_int_equal(fake_stop(f, SIGTERM), 0);
	assert_true(fake_is_gone(f, &pids[0]) && fake_is_gone(f, &pids[1]));
	(void)snprintf(path, sizeof(path), "%s/state/control.sock", f->dir);
	assert_int_equal(stat(path, &st), -1);
	assert_string_equal(fake_notified(f), "STOPPING=1\nSTATUS=draining|"
					      "FDSTOREREMOVE=1\nFDNAME=stored-table|"
					      "FDSTOREREMOVE=1\nFDNAME=stored-keys|"
					      "FDSTOREREMOVE=1\nFDNAME=stored-listen|"
					      "FDSTOREREMOVE=1\nFDNAME=stored-admin|");
}

static void
stops_on_int_at_once(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "mode", "stubborn");
	fake_start_and_wait(f, 2);
	assert_int_equal(fake_stop(f, SIGINT), 0);
	assert_true(fake_log_has(f, "\"stopping_now\""));
}

static void
second_term_means_now(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "mode", "stubborn");
	fake_start_and_wait(f, 2);
	assert_int_equal(kill(f->pid, SIGTERM), 0);
	fake_until_count(f, "retiring", 2);
	assert_non_null(strstr(fake_ctl(f, "reload wait"), "ERROR the service stops"));
	assert_int_equal(fake_stop(f, SIGQUIT), 0);
}

static void
stop_by_ctl_answers_when_all_is_over(void **state)
{
	struct fake_house *f = *state;

	fake_start_and_wait(f, 2);
	assert_string_equal(fake_ctl(f, "stop wait"), "OK\n");
	assert_int_equal(fake_wait_exit(f), 0);
}

static void
stops_while_nobody_is_ready(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "mode", "mute");
	fake_start(f);
	fake_until_count(f, "starting", 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
wrong_configuration_is_exit_2(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "conf", "[server]\nno_such_key = 1\n");
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_non_null(strstr(fake_read(f, "log"), "no_such_key"));
}

static void
workers_that_refuse_end_the_start_with_exit_2(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "mode", "refuse");
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_non_null(strstr(fake_read(f, "log"), ": no such shop\n"));
}

static void
second_server_on_the_same_control_socket_is_exit_2(void **state)
{
	struct fake_house *f = *state;
	pid_t first;

	fake_start_and_wait(f, 2);
	first = f->pid;
	f->pid = -1;
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_true(fake_log_has(f, "another server is running"));
	f->pid = first;
	assert_true(fake_status_has(f, "\"running\"")); /* the first one's socket is untouched */
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
taken_port_is_exit_1(void **state)
{
	struct fake_house *f = *state;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
	} bound;
	socklen_t len = sizeof(bound);
	char line[200];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, &bound.sa, &len), 0);
	(void)snprintf(line, sizeof(line), "[server]\nlisten = 127.0.0.1:%u\nstate_dir = %s/state\n",
		       ntohs(bound.in.sin_port), f->dir);
	fake_write(f, "conf", line);
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 1);
	assert_true(fake_log_has(f, "is in use; stop the other program or choose another address"));
	fd_close(&fd);
}

static void
missing_parent_of_the_state_folder_is_exit_2(void **state)
{
	struct fake_house *f = *state;
	char text[200];

	(void)snprintf(text, sizeof(text), "[server]\nlisten = 127.0.0.1:0\nstate_dir = %s/no/such\n", f->dir);
	fake_write(f, "conf", text);
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_true(fake_log_has(f, "server.state_dir: cannot make"));
}

static void
socket_of_systemd_stands_in_for_the_configured_one(void **state)
{
	struct fake_house *f = *state;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
	} bound;
	socklen_t len = sizeof(bound);

	f->passed_fd = fcntl(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), F_DUPFD_CLOEXEC, 50);
	assert_int_equal(bind(f->passed_fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->passed_fd, 5), 0);
	assert_int_equal(getsockname(f->passed_fd, &bound.sa, &len), 0);
	fake_start_and_wait(f, 2);
	assert_int_equal(port_in_status(f), ntohs(bound.in.sin_port));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* Without authentication a socket of systemd that is open to the world is refused like a configured one. */
static void
open_socket_of_systemd_without_authentication_is_exit_2(void **state)
{
	struct fake_house *f = *state;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_ANY)}};

	f->passed_fd = fcntl(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), F_DUPFD_CLOEXEC, 50);
	assert_int_equal(bind(f->passed_fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->passed_fd, 5), 0);
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_true(fake_log_has(f, "set auth.mode = token"));
}

static void
usr1_reopens_the_log_here_and_in_the_workers(void **state)
{
	struct fake_house *f = *state;
	char line[200], old_path[128], new_path[128];

	(void)snprintf(line, sizeof(line), "log_file = %s/server.log", f->dir);
	fake_config(f, 2, line);
	fake_start(f);
	fake_until_count(f, "ready", 2);
	(void)snprintf(old_path, sizeof(old_path), "%s/server.log", f->dir);
	(void)snprintf(new_path, sizeof(new_path), "%s/server.log.1", f->dir);
	assert_int_equal(rename(old_path, new_path), 0);
	assert_string_equal(fake_ctl(f, "reopen"), "OK\n");
	assert_string_equal(fake_ctl(f, "stop wait"), "OK\n");
	assert_int_equal(fake_wait_exit(f), 0);
	assert_non_null(strstr(fake_read(f, "server.log.1"), "\"listening\""));
	assert_non_null(strstr(fake_read(f, "server.log"), "\"reopened\""));
	assert_non_null(strstr(f->text, "worker 0 writes here\n"));
	assert_non_null(strstr(f->text, "worker 1 writes here\n"));
}

static void
winch_retires_the_workers_and_hup_brings_them_back(void **state)
{
	struct fake_house *f = *state;
	int fd, port;

	fake_start_and_wait(f, 2);
	port = port_in_status(f);
	assert_int_equal(kill(f->pid, SIGWINCH), 0);
	fake_until(f, fake_status_has, "\"state\":\"drained\"", "drained");
	fake_until(f, fake_status_has, "\"workers\":[],", "no worker");
	fd = connect_to_port(port); /* the socket is kept: clients wait in its backlog */
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	fake_until_count(f, "ready", 2);
	assert_true(fake_status_has(f, "\"state\":\"running\""));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    LIVE(starts_serves_and_stops_on_term),
	    LIVE(stops_on_int_at_once),
	    LIVE(second_term_means_now),
	    LIVE(stop_by_ctl_answers_when_all_is_over),
	    LIVE(stops_while_nobody_is_ready),
	    LIVE(wrong_configuration_is_exit_2),
	    LIVE(workers_that_refuse_end_the_start_with_exit_2),
	    LIVE(second_server_on_the_same_control_socket_is_exit_2),
	    LIVE(taken_port_is_exit_1),
	    LIVE(missing_parent_of_the_state_folder_is_exit_2),
	    LIVE(socket_of_systemd_stands_in_for_the_configured_one),
	    LIVE(open_socket_of_systemd_without_authentication_is_exit_2),
	    LIVE(usr1_reopens_the_log_here_and_in_the_workers),
	    LIVE(winch_retires_the_workers_and_hup_brings_them_back),
	};
	int role = fake_main(argc, argv);

	return role >= 0 ? role : cmocka_run_group_tests(tests, NULL, NULL);
}
