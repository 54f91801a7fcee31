#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../../../src/worker/hosts.c"
#include "base/fd.h"

static struct config_list no_list;

static struct hosts
loopback(const struct config_list *names, const struct config_list *origins)
{
	return (struct hosts){
	    .listeners = {{.text = "127.0.0.1:8765", .port = 8765, .is_loopback = true}},
	    .n_listeners = 1,
	    .allowed_hosts = names,
	    .allowed_origins = origins,
	};
}

static void
check(const struct hosts *hosts, const char *host, bool served)
{
	if (hosts_serve_host(hosts, slice_from_str(host)) != served)
		fail_msg("Host %s should %sbe served", host, served ? "" : "not ");
}

static void
watchers_come_by_address(void **state)
{
	static const char *const foreign[] = {"evil.example", "localhost.evil.example:8765", "1.2.3.4.nip.io", "0x7f.1",
					      "a"};
	static const char *const fine[] = {"127.0.0.1", "10.0.0.1:1", "[::1]:8765", "localhost", "Localhost:9", "mine",
					   ""};
	static const char *const names[] = {"mine"};
	struct config_list list = {.items = names, .n = 1};
	struct hosts h = loopback(&list, &no_list);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		assert_true(hosts_is_foreign_name(&h, slice_from_str(foreign[i])));
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		assert_false(hosts_is_foreign_name(&h, slice_from_str(fine[i])));
	h.listeners[0].is_loopback = false;
	assert_false(hosts_is_foreign_name(&h, SLICE_LIT("evil.example")));
	h.listeners[0] = (struct hosts_listener){.is_loopback = true}; /* a Unix socket */
	assert_false(hosts_is_foreign_name(&h, SLICE_LIT("evil.example")));
}

static void
loopback_serves_local_names_with_its_port(void **state)
{
	struct hosts h = loopback(&no_list, &no_list);

	(void)state;
	check(&h, "127.0.0.1:8765", true);
	check(&h, "localhost:8765", true);
	check(&h, "LocalHost:8765", true);
	check(&h, "[::1]:8765", true);
	check(&h, "localhost", false);
	check(&h, "localhost:80", false);
	check(&h, "evil.example:8765", false);
	check(&h, "localhost.evil.example:8765", false);
	check(&h, "127.0.0.1:87650", false);
	check(&h, "", false);
}

static void
port_80_may_be_left_out(void **state)
{
	struct hosts h = loopback(&no_list, &no_list);

	(void)state;
	h.listeners[0] = (struct hosts_listener){.text = "127.0.0.1:80", .port = 80, .is_loopback = true};
	check(&h, "localhost", true);
	check(&h, "localhost:80", true);
}

static void
configured_names(void **state)
{
	static const char *const items[] = {"mcp.example.com", "other.example:444"};
	const struct config_list names = {.items = items, .n = 2};
	struct hosts h = loopback(&names, &no_list);

	(void)state;
	check(&h, "mcp.example.com", true);
	check(&h, "MCP.example.com:443", true);
	check(&h, "mcp.example.com:", true);
	check(&h, "mcp.example.com.evil", false);
	check(&h, "xmcp.example.com", false);
	check(&h, "other.example:444", true);
	check(&h, "other.example", false);
	check(&h, "other.example:445", false);
}

/* Beyond loopback a token is needed, and a foreign page has none. */
static void
public_listener_without_names_serves_every_host(void **state)
{
	static const char *const items[] = {"mcp.example.com"};
	const struct config_list names = {.items = items, .n = 1};
	struct hosts h = loopback(&no_list, &no_list);

	(void)state;
	h.listeners[0] = (struct hosts_listener){.text = "0.0.0.0:8765", .port = 8765};
	check(&h, "whatever.example", true);
	h.allowed_hosts = &names;
	check(&h, "whatever.example", false);
	check(&h, "mcp.example.com", true);
}

static void
origins(void **state)
{
	static const char *const items[] = {"https://app.example.com"};
	const struct config_list list = {.items = items, .n = 1};
	struct hosts h = loopback(&no_list, &list);

	(void)state;
	assert_true(hosts_allow_origin(&h, SLICE_LIT("https://app.example.com")));
	assert_true(hosts_is_listed_origin(&h, SLICE_LIT("https://app.example.com")));
	assert_true(hosts_allow_origin(&h, SLICE_LIT("http://localhost:8765")));
	assert_false(hosts_is_listed_origin(&h, SLICE_LIT("http://localhost:8765")));
	assert_false(hosts_allow_origin(&h, SLICE_LIT("http://localhost:3000")));
	assert_false(hosts_allow_origin(&h, SLICE_LIT("https://app.example.com.evil")));
	assert_false(hosts_allow_origin(&h, SLICE_LIT("null")));
	assert_false(hosts_allow_origin(&h, SLICE_LIT("")));
}

static void
real_socket(void **state)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	struct config config = {.n_stores = 0};
	struct err err;
	struct hosts h;
	char host[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	hosts_init(&h, &config);
	assert_int_equal(hosts_add_listener(&h, fd, &err), 0);
	assert_int_equal(h.n_listeners, 1);
	assert_true(h.listeners[0].is_loopback);
	assert_int_not_equal(h.listeners[0].port, 0);
	snprintf(host, sizeof(host), "localhost:%u", h.listeners[0].port);
	check(&h, host, true);
	fd_close(&fd);
	assert_int_equal(hosts_add_listener(&h, fd, &err), ERR_IO); /* or all of its callers would be refused */
	assert_int_equal(h.n_listeners, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(watchers_come_by_address),
	    cmocka_unit_test(loopback_serves_local_names_with_its_port),
	    cmocka_unit_test(port_80_may_be_left_out),
	    cmocka_unit_test(configured_names),
	    cmocka_unit_test(public_listener_without_names_serves_every_host),
	    cmocka_unit_test(origins),
	    cmocka_unit_test(real_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
