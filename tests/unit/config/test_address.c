/*
 * test_address.c - listen addresses: text to sockaddr
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "config/address.h"

static void
test_inet(void **state)
{
	static const struct {
		const char *text;
		const char *normal;
		int family;
		uint16_t port;
		bool is_loopback;
	} cases[] = {
	    {"127.0.0.1:8765", "127.0.0.1:8765", AF_INET, 8765, true},
	    {"127.9.9.9:0", "127.9.9.9:0", AF_INET, 0, true},
	    {"localhost:1", "127.0.0.1:1", AF_INET, 1, true},
	    {"0.0.0.0:65535", "0.0.0.0:65535", AF_INET, 65535, false},
	    {"128.0.0.1:1", "128.0.0.1:1", AF_INET, 1, false},
	    {"[::1]:80", "[::1]:80", AF_INET6, 80, true},
	    {"[0:0::0001]:80", "[::1]:80", AF_INET6, 80, true},
	    {"[::]:80", "[::]:80", AF_INET6, 80, false},
	    {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", AF_INET6, 80, false},
	};
	struct pool *pool = pool_new(65536);
	struct config_address address;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(address_parse_inet(slice_from_str(cases[i].text), pool, &address, &err), 0);
		assert_int_equal(address.kind, CONFIG_ADDRESS_INET);
		assert_string_equal(address.text, cases[i].normal);
		assert_int_equal(address.addr.ss_family, cases[i].family);
		assert_int_equal(address.is_loopback, cases[i].is_loopback);
		if (cases[i].family == AF_INET) {
			struct sockaddr_in in;

			assert_int_equal(address.addr_len, sizeof(in));
			memcpy(&in, &address.addr, sizeof(in));
			assert_int_equal(ntohs(in.sin_port), cases[i].port);
		} else {
			struct sockaddr_in6 in6;

			assert_int_equal(address.addr_len, sizeof(in6));
			memcpy(&in6, &address.addr, sizeof(in6));
			assert_int_equal(ntohs(in6.sin6_port), cases[i].port);
		}
	}
	pool_free(&pool);
}

static void
test_others(void **state)
{
	struct pool *pool = pool_new(65536);
	struct config_address address;
	struct sockaddr_un un;
	struct err err;

	(void)state;
	assert_int_equal(address_parse(SLICE_LIT("off"), pool, &address, &err), 0);
	assert_int_equal(address.kind, CONFIG_ADDRESS_OFF);
	assert_string_equal(address.text, "off");

	assert_int_equal(address_parse(SLICE_LIT("unix:/run/a.sock"), pool, &address, &err), 0);
	assert_int_equal(address.kind, CONFIG_ADDRESS_UNIX);
	assert_string_equal(address.text, "unix:/run/a.sock");
	assert_true(address.is_loopback);
	memcpy(&un, &address.addr, sizeof(un));
	assert_int_equal(un.sun_family, AF_UNIX);
	assert_string_equal(un.sun_path, "/run/a.sock");
	pool_free(&pool);
}

static void
test_refusals(void **state)
{
	static const char *const cases[] = {"",
					    "8765",
					    ":8765",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:65536",
					    "127.0.0.1:-1",
					    "127.0.0.1:80a",
					    "127.1:80",
					    "*:80",
					    "::1:80",
					    "[::1]",
					    "[::1]:",
					    "[127.0.0.1]:80",
					    "[]:80",
					    "example.com:80",
					    "unix:",
					    "unix:a.sock",
					    "none",
					    "OFF",
					    "http://127.0.0.1:80",
					    "unix:/"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct pool *pool = pool_new(65536);
	struct config_address address;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (address_parse(slice_from_str(cases[i]), pool, &address, &err) != ERR_INVALID)
			fail_msg("taken: %s", cases[i]);
	}
	assert_int_equal(address_parse_inet(SLICE_LIT("off"), pool, &address, &err), ERR_INVALID);
	assert_int_equal(address_parse_inet(SLICE_LIT("unix:/a"), pool, &address, &err), ERR_INVALID);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inet),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
