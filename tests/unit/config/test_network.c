/*
 * test_network.c - addresses and networks of clients
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "config/network.h"

static int
is_in(const char *network_text, const char *peer)
{
	struct config_network network;
	uint8_t address[CONFIG_ADDRESS_BYTES];

	assert_int_equal(config_network_parse(slice_from_str(network_text), &network), 0);
	assert_int_equal(config_network_peer(slice_from_str(peer), address), 0);
	return config_network_has(&network, address);
}

static void
who_is_in_a_network(void **state)
{
	(void)state;
	assert_true(is_in("127.0.0.0/8", "127.9.9.9:1"));
	assert_false(is_in("127.0.0.0/8", "128.0.0.1:1"));
	assert_true(is_in("192.0.2.7", "192.0.2.7:65535"));
	assert_false(is_in("192.0.2.7", "192.0.2.8:1"));
	assert_true(is_in("192.0.2.77/30", "192.0.2.79:1")); /* bits behind the network do not matter */
	assert_false(is_in("192.0.2.77/30", "192.0.2.80:1"));
	assert_true(is_in("0.0.0.0/0", "8.8.8.8:1"));
	assert_false(is_in("0.0.0.0/0", "[2001:db8::1]:1"));
	assert_true(is_in("::/0", "[2001:db8::1]:1"));
	assert_true(is_in("::1", "[::1]:80"));
	assert_false(is_in("::1", "127.0.0.1:80"));
	assert_true(is_in("2001:db8::/33", "[2001:db8:7fff::1]:1"));
	assert_false(is_in("2001:db8::/33", "[2001:db8:8000::1]:1"));
	assert_true(is_in("10.0.0.0/8", "[::ffff:10.1.2.3]:1")); /* by a socket for both */
}

static void
what_is_no_network(void **state)
{
	static const char *const rows[] = {"",		 "x",
					   "1.2.3",	 "1.2.3.4/",
					   "1.2.3.4/33", "1.2.3.4/-1",
					   "1.2.3.4/a",	 "localhost",
					   "::1/129",	 "[::1]",
					   "1.2.3.4:80", "/8",
					   "01.2.3.4x",	 "::ffff:1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18"};
	static const char *const peers[] = {"", "unix", ":1", "x:1", "[]:1", "[::1:1", "1.2.3.4"};
	struct config_network network;
	uint8_t address[CONFIG_ADDRESS_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (config_network_parse(slice_from_str(rows[i]), &network) != ERR_INVALID)
			fail_msg("taken: %s", rows[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		if (config_network_peer(slice_from_str(peers[i]), address) != ERR_INVALID)
			fail_msg("taken: %s", peers[i]);
	}
}

static void
under_which_name_somebody_is_counted(void **state)
{
	static const char *const rows[][2] = {
	    {"192.0.2.7:4711", "192.0.2.7"},
	    {"[::ffff:192.0.2.7]:4711", "192.0.2.7"},
	    {"[2001:db8:1:2:3:4:5:6]:1", "2001:db8:1:2::/64"},
	    {"[2001:db8:1:2::9]:1", "2001:db8:1:2::/64"},
	    {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "ffff:ffff:ffff:ffff::/64"},
	};
	uint8_t address[CONFIG_ADDRESS_BYTES];
	char name[CONFIG_NETWORK_NAME_CAP];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(config_network_peer(slice_from_str(rows[i][0]), address), 0);
		config_network_name(address, name);
		assert_string_equal(name, rows[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_in_a_network),
	    cmocka_unit_test(what_is_no_network),
	    cmocka_unit_test(under_which_name_somebody_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
