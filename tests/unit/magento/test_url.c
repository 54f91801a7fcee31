#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "magento/url.h"

static void
splits(void **state)
{
	static const struct {
		const char *url;
		bool tls;
		const char *host;
		uint16_t port;
		const char *path;
	} cases[] = {
	    {"https://shop.example", true, "shop.example", 443, ""}, {"HTTP://Shop/", false, "Shop", 80, "/"},
	    {"https://s:8443/a/b?c#d", true, "s", 8443, "/a/b"},     {"http://[::1]:81/x", false, "::1", 81, "/x"},
	    {"http://[2001:db8::1]", false, "2001:db8::1", 80, ""},  {"https://s?x", true, "s", 443, ""},
	    {"https://s\\@evil", true, "s", 443, "\\@evil"},
	};
	struct url_parts parts;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(url_split(slice_from_str(cases[i].url), &parts), 0);
		assert_int_equal(parts.tls, cases[i].tls);
		assert_true(slice_is(parts.host, cases[i].host));
		assert_int_equal(parts.port, cases[i].port);
		assert_true(slice_is(parts.path, cases[i].path));
	}
}

static void
refuses(void **state)
{
	static const char *const urls[] = {"",
					   "shop.example",
					   "ftp://s",
					   "https://",
					   "https:///x",
					   "https://u:p@s",
					   "https://s:0",
					   "https://s:65536",
					   "https://s:",
					   "https://s:8a",
					   "https://s:-1",
					   "https://[::1",
					   "https://[::1]x",
					   "https://:80",
					   "https://[]"};
	struct url_parts parts;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(urls); i++)
		assert_int_equal(url_split(slice_from_str(urls[i]), &parts), ERR_INVALID);
}

static void
judges_hosts(void **state)
{
	static const struct {
		const char *host;
		enum url_reach reach;
	} cases[] = {
	    {"", URL_PRIVATE},
	    {"shop.example.com", URL_NAME},
	    {"shop.example.com.", URL_NAME},
	    {"1st-shop.example", URL_NAME},
	    {"localhost", URL_PRIVATE},
	    {"LOCALHOST.", URL_PRIVATE},
	    {"a.localhost", URL_PRIVATE},
	    {"notlocalhost", URL_NAME},
	    {"printer.local", URL_PRIVATE},
	    {"metadata.google.internal", URL_PRIVATE},
	    {"8.8.8.8", URL_PUBLIC},
	    {"127.0.0.1", URL_PRIVATE},
	    {"127.255.0.3", URL_PRIVATE},
	    {"10.1.2.3", URL_PRIVATE},
	    {"11.1.2.3", URL_PUBLIC},
	    {"172.15.255.255", URL_PUBLIC},
	    {"172.16.0.1", URL_PRIVATE},
	    {"172.31.255.255", URL_PRIVATE},
	    {"172.32.0.0", URL_PUBLIC},
	    {"192.168.0.1", URL_PRIVATE},
	    {"169.254.169.254", URL_PRIVATE},
	    {"100.63.255.255", URL_PUBLIC},
	    {"100.64.0.1", URL_PRIVATE},
	    {"100.128.0.1", URL_PUBLIC},
	    {"198.17.0.1", URL_PUBLIC},
	    {"198.19.0.1", URL_PRIVATE},
	    {"198.20.0.1", URL_PUBLIC},
	    {"0.0.0.0", URL_PRIVATE},
	    {"224.0.0.1", URL_PRIVATE},
	    {"255.255.255.255", URL_PRIVATE},
	    /* odd spellings of 127.0.0.1, 169.254.169.254 and 8.8.8.8 */
	    {"2130706433", URL_PRIVATE},
	    {"0x7f000001", URL_PRIVATE},
	    {"0x7f.1", URL_PRIVATE},
	    {"127.1", URL_PRIVATE},
	    {"0177.0.0.1", URL_PRIVATE},
	    {"017700000001", URL_PRIVATE},
	    {"2852039166", URL_PRIVATE},
	    {"134744072", URL_PUBLIC},
	    {"0", URL_PRIVATE},
	    {"127.0.0.1.", URL_PRIVATE},
	    {"1.2.3.4.5", URL_PRIVATE},
	    {"256.256.256.256", URL_PRIVATE},
	    {"127.0.0.1 x", URL_PRIVATE},
	    /* IPv6 */
	    {"::1", URL_PRIVATE},
	    {"::", URL_PRIVATE},
	    {"0:0:0:0:0:0:0:1", URL_PRIVATE},
	    {"fe80::1", URL_PRIVATE},
	    {"fe80::1%eth0", URL_PRIVATE},
	    {"fc00::1", URL_PRIVATE},
	    {"fd12::1", URL_PRIVATE},
	    {"ff02::1", URL_PRIVATE},
	    {"2001:db8::1", URL_PRIVATE},
	    {"2001::1", URL_PRIVATE},
	    {"2606:4700::1", URL_PUBLIC},
	    {"::ffff:127.0.0.1", URL_PRIVATE},
	    {"::ffff:7f00:1", URL_PRIVATE},
	    {"::ffff:8.8.8.8", URL_PUBLIC},
	    {"::127.0.0.1", URL_PRIVATE},
	    {"64:ff9b::a00:1", URL_PRIVATE},
	    {"64:ff9b::808:808", URL_PUBLIC},
	    {"2002:7f00:1::", URL_PRIVATE},
	    {"2002:808:808::", URL_PUBLIC},
	    {":::", URL_PRIVATE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (url_judge_host(slice_from_str(cases[i].host)) != cases[i].reach)
			print_error("case %zu\n", i);
		assert_int_equal(url_judge_host(slice_from_str(cases[i].host)), cases[i].reach);
	}
}

static void
judges_addresses(void **state)
{
	static const uint8_t public_v4[4] = {8, 8, 8, 8};
	static const uint8_t loopback[16] = {[15] = 1};

	(void)state;
	assert_int_equal(url_judge_address(public_v4, 4), URL_PUBLIC);
	assert_int_equal(url_judge_address(loopback, 16), URL_PRIVATE);
	assert_int_equal(url_judge_address(public_v4, 3), URL_PRIVATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(splits),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(judges_hosts),
	    cmocka_unit_test(judges_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
