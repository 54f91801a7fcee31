/*
 * test_sockets.c - what systemd passes, and what we open ourselves
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/sockets.h"

static char dir[] = "/tmp/test_sockets.XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* fails when a test left a socket behind */
}

/* ---- LISTEN_* ---- */

static void
passed_count_reads_what_systemd_says(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sockets_passed_count(NULL, NULL, 10, &err), 0);
	assert_int_equal(sockets_passed_count("10", NULL, 10, &err), 0);
	assert_int_equal(sockets_passed_count("10", "2", 10, &err), 2);
	assert_int_equal(sockets_passed_count("10", "2", 11, &err), 0);
	assert_int_equal(sockets_passed_count("10", "0", 10, &err), 0);
	assert_int_equal(sockets_passed_count("10", "64", 10, &err), 64);
	assert_int_equal(sockets_passed_count("10", "65", 10, &err), ERR_LIMIT);
	assert_int_equal(sockets_passed_count("ten", "2", 10, &err), ERR_INVALID);
	assert_int_equal(sockets_passed_count("10", "-1", 10, &err), ERR_INVALID);
}

static void
passed_names_are_split_at_colons(void **state)
{
	(void)state;
	assert_true(slice_is(sockets_passed_name("mcp:admin:", 0), "mcp"));
	assert_true(slice_is(sockets_passed_name("mcp:admin:", 1), "admin"));
	assert_int_equal(sockets_passed_name("mcp:admin:", 2).len, 0);
	assert_int_equal(sockets_passed_name("mcp", 1).len, 0);
	assert_int_equal(sockets_passed_name(NULL, 0).len, 0);
}

static int
listening_socket(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* Two neighbouring descriptors, as systemd passes them. */
static int
two_passed(void)
{
	int low = listening_socket();
	int high = listening_socket();
	int first = fcntl(low, F_DUPFD, 100);

	assert_int_equal(dup2(high, first + 1), first + 1);
	fd_close(&low);
	fd_close(&high);
	return first;
}

static void
passed_sockets_are_taken_by_name(void **state)
{
	struct listeners l;
	struct err err;
	int first = two_passed();

	(void)state;
	listeners_init(&l);
	assert_int_equal(listeners_take(&l, first, 2, "admin:magento-mcp.socket", &err), 0);
	assert_int_equal(l.n_mcp, 1);
	assert_int_equal(l.n_admin, 1);
	assert_int_equal(l.items[0].fd, first + 1);
	assert_false(l.items[0].is_admin);
	assert_int_equal(l.items[1].fd, first);
	assert_true(l.items[1].is_admin && l.items[1].is_passed && l.items[1].is_loopback);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
	listeners_close(&l);
}

static void
what_does_not_listen_is_not_taken(void **state)
{
	struct listeners l;
	struct err err;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	int file = open("/dev/null", O_RDONLY);

	(void)state;
	listeners_init(&l);
	assert_int_equal(listeners_take(&l, udp, 1, NULL, &err), ERR_INVALID);
	assert_int_equal(listeners_take(&l, tcp, 1, NULL, &err), ERR_INVALID);
	assert_int_equal(listeners_take(&l, file, 1, NULL, &err), ERR_INVALID);
	assert_int_equal(l.n_mcp, 0);
	fd_close(&udp);
	fd_close(&tcp);
	fd_close(&file);
}

/* ---- Our own ---- */

static struct config_address
inet_address(const char *text, uint16_t port)
{
	struct config_address a = {.kind = CONFIG_ADDRESS_INET, .text = text, .addr_len = sizeof(struct sockaddr_in)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

	memcpy(&a.addr, &in, sizeof(in));
	return a;
}

static void
port_zero_shows_its_real_number(void **state)
{
	struct config_address a = inet_address("127.0.0.1:0", 0);
	struct config_address off = {.kind = CONFIG_ADDRESS_OFF, .text = "off"};
	struct listeners l;
	struct err err;

	(void)state;
	listeners_init(&l);
	assert_int_equal(listeners_open(&l, &a, true, &err), 0);
	assert_int_equal(listeners_open(&l, &a, false, &err), 0);
	assert_int_equal(listeners_open(&l, &off, true, &err), 0);
	assert_int_equal(l.n_mcp, 1);
	assert_int_equal(l.n_admin, 1);
	assert_int_equal(strncmp(l.items[0].text, "127.0.0.1:", 10), 0);
	assert_int_not_equal(atol(l.items[0].text + 10), 0);
	assert_true(l.items[0].is_loopback);
	assert_string_not_equal(l.items[0].text, l.items[1].text);
	listeners_close(&l);
}

static void
taken_port_names_address_and_cure(void **state)
{
	struct config_address a = inet_address("127.0.0.1:0", 0);
	struct listeners l;
	struct err err;
	uint16_t port;

	(void)state;
	listeners_init(&l);
	assert_int_equal(listeners_open(&l, &a, false, &err), 0);
	port = (uint16_t)atoi(l.items[0].text + 10);
	a = inet_address(l.items[0].text, port);
	assert_int_equal(listeners_open(&l, &a, false, &err), ERR_EXISTS);
	assert_non_null(strstr(err.text, l.items[0].text));
	assert_non_null(strstr(err.text, "choose another"));
	assert_int_equal(l.n_mcp, 1);
	listeners_close(&l);
}

static void
too_many_listeners_are_refused(void **state)
{
	struct config_address a = inet_address("127.0.0.1:0", 0);
	struct listeners l;
	struct err err;
	int i;

	(void)state;
	listeners_init(&l);
	for (i = 0; i < HERITAGE_LISTENERS_MAX; i++)
		assert_int_equal(listeners_open(&l, &a, i % 2 == 0, &err), 0);
	assert_int_equal(listeners_open(&l, &a, false, &err), ERR_LIMIT);
	for (i = 0; i < HERITAGE_LISTENERS_MAX; i++)
		assert_int_equal(l.items[i].is_admin, i >= HERITAGE_LISTENERS_MAX / 2);
	listeners_close(&l);
}

static void
unix_listener_is_private_and_removed(void **state)
{
	char text[120];
	struct config_address a = {.kind = CONFIG_ADDRESS_UNIX, .text = text};
	struct listeners l;
	struct stat st;
	struct err err;

	(void)state;
	(void)snprintf(text, sizeof(text), "unix:%s/admin.sock", dir);
	listeners_init(&l);
	assert_int_equal(listeners_open(&l, &a, true, &err), 0);
	assert_string_equal(l.items[0].text, text);
	assert_int_equal(stat(text + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	listeners_close(&l);
	assert_int_equal(stat(text + 5, &st), -1);
}

static void
stale_socket_is_replaced_living_one_is_not(void **state)
{
	char path[100];
	struct err err;
	int first, second;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	first = sockets_open_unix(path, &err);
	assert_true(first >= 0);
	assert_int_equal(sockets_open_unix(path, &err), ERR_EXISTS);
	fd_close(&first); /* its server died and left the file */
	second = sockets_open_unix(path, &err);
	assert_true(second >= 0);
	fd_close(&second);
	assert_int_equal(unlink(path), 0);
}

static void
other_files_are_never_removed(void **state)
{
	char path[100], longer[200];
	struct stat st;
	struct err err;
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/precious", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	fd_close(&fd);
	assert_int_equal(sockets_open_unix(path, &err), ERR_DENIED);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(unlink(path), 0);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(sockets_open_unix(longer, &err), ERR_INVALID);
	assert_int_equal(sockets_open_unix("", &err), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passed_count_reads_what_systemd_says),
	    cmocka_unit_test(passed_names_are_split_at_colons),
	    cmocka_unit_test(passed_sockets_are_taken_by_name),
	    cmocka_unit_test(what_does_not_listen_is_not_taken),
	    cmocka_unit_test(port_zero_shows_its_real_number),
	    cmocka_unit_test(taken_port_names_address_and_cure),
	    cmocka_unit_test(too_many_listeners_are_refused),
	    cmocka_unit_test(unix_listener_is_private_and_removed),
	    cmocka_unit_test(stale_socket_is_replaced_living_one_is_not),
	    cmocka_unit_test(other_files_are_never_removed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
