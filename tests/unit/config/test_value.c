/*
 * test_value.c - every type: what it takes, what it refuses, its bounds, and that what is written reads back the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sources.h"

#include "base/pool.h"
#include "config/keys.h"
#include "config/value.h"

static const struct config_key *
key_of(const char *section, const char *name)
{
	const struct config_key *key = keys_find(section, slice_from_str(name));

	assert_non_null(key);
	return key;
}

static void *
owner_new(void)
{
	void *owner = calloc(1, sizeof(struct config) + sizeof(struct config_store) + sizeof(struct config_principal));

	assert_non_null(owner);
	return owner;
}

/* Parses `text` and expects what is printed then; NULL: expects a refusal. */
static void
expect(const char *section, const char *name, const char *text, const char *printed)
{
	const struct config_key *key = key_of(section, name);
	struct pool *pool = pool_new(65536);
	void *owner = owner_new(), *again = owner_new();
	struct buf out, second;
	struct err err = {0};
	int r;

	buf_init(&out, 65536);
	buf_init(&second, 65536);
	r = value_parse(key, slice_from_str(text), pool, owner, &err);
	if (printed == NULL) {
		if (r != ERR_INVALID || err.text[0] == '\0')
			fail_msg("%s.%s took \"%s\"", section, name, text);
	} else {
		if (r < 0)
			fail_msg("%s.%s: %s", section, name, err.text);
		assert_int_equal(value_print(key, owner, &out), 0);
		assert_string_equal(buf_cstr(&out), printed);
		if (printed[0] != '\0' || key->type != TYPE_SECRET) {
			assert_int_equal(value_parse(key, buf_slice(&out), pool, again, &err), 0);
			assert_int_equal(value_print(key, again, &second), 0);
			assert_string_equal(buf_cstr(&second), printed);
		}
	}
	buf_fini(&out);
	buf_fini(&second);
	pool_free(&pool);
	free(owner);
	free(again);
}

static void
test_bool(void **state)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "YES", "True"};
	static const char *const no[] = {"0", "false", "no", "off", "Off"};
	static const char *const bad[] = {"", "2", "y", "ja", "yes no", "truee", "enabled"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(yes); i++)
		expect("magento", "verify_tls", yes[i], "yes");
	for (i = 0; i < ARRAY_LEN(no); i++)
		expect("magento", "verify_tls", no[i], "no");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("magento", "verify_tls", bad[i], NULL);
}

static void
test_forms_of_numbers(void **state)
{
	static const char *const bad[] = {"",	 "-1", "+1",  "1.5", "0x10",
					  "1e3", "a",  "1 2", "1k",  "99999999999999999999"};
	size_t i;

	(void)state;
	expect("server", "workers", "7", "7");
	expect("server", "workers", "007", "7");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("server", "workers", bad[i], NULL);
	expect("server", "workers", "4294967296", NULL);
}

static void
test_size(void **state)
{
	static const char *const bad[] = {"", "K", "1X", "1m", "-1", "1.5M", "1 M B", "18446744073709551615G"};
	size_t i;

	(void)state;
	expect("http", "max_body_bytes", "4194304", "4M");
	expect("http", "max_body_bytes", "4096K", "4M");
	expect("http", "max_body_bytes", "4 MiB", "4M");
	expect("http", "max_body_bytes", "1025", "1025");
	expect("http", "max_body_bytes", "1025B", "1025");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("http", "max_body_bytes", bad[i], NULL);
}

static void
test_duration(void **state)
{
	static const char *const bad[] = {"", "s", "1x", "-1s", "1.5s", "1h30m", "1H", "18446744073709551615d"};
	size_t i;

	(void)state;
	expect("session", "idle_ms", "3600000", "1h");
	expect("session", "idle_ms", "60m", "1h");
	expect("session", "idle_ms", "60 min", "1h");
	expect("session", "idle_ms", "90s", "90s");
	expect("session", "idle_ms", "1500", "1500ms");
	expect("session", "idle_ms", "2d", "2d");
	expect("server", "drain_ms", "0", "0ms");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("session", "idle_ms", bad[i], NULL);
}

static void
test_percent(void **state)
{
	static const char *const bad[] = {"", "%", "1.", ".5", "1.234", "-1", "1,5", "100.01", "101", "nan", "1e1"};
	size_t i;

	(void)state;
	expect("guardrails", "max_discount_pct", "0", "0");
	expect("guardrails", "max_discount_pct", "100", "100");
	expect("guardrails", "max_discount_pct", "12.5", "12.50");
	expect("guardrails", "max_discount_pct", "12.05 %", "12.05");
	expect("guardrails", "max_discount_pct", "99.99%", "99.99");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("guardrails", "max_discount_pct", bad[i], NULL);
}

/* One text per key and side of each bound: the bound itself is taken, one beyond is not. */
static void
test_bounds_of_every_number(void **state)
{
	unsigned seen = 0;
	size_t i;

	(void)state;
	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		struct pool *pool = pool_new(65536);
		void *owner = owner_new();
		char text[32];
		struct err err;

		if (key->type == TYPE_INT || key->type == TYPE_SIZE || key->type == TYPE_DURATION ||
		    key->type == TYPE_PERCENT) {
			assert_true(key->min < key->max);
			snprintf(text, sizeof(text), "%" PRIu64, key->min);
			assert_int_equal(value_parse(key, slice_from_str(text), pool, owner, &err), 0);
			snprintf(text, sizeof(text), "%" PRIu64, key->max);
			assert_int_equal(value_parse(key, slice_from_str(text), pool, owner, &err), 0);
			snprintf(text, sizeof(text), "%" PRIu64, key->max + 1);
			assert_int_equal(value_parse(key, slice_from_str(text), pool, owner, &err), ERR_INVALID);
			assert_non_null(strstr(err.text, "out of range"));
			if (key->min > 0) {
				snprintf(text, sizeof(text), "%" PRIu64, key->min - 1);
				assert_int_equal(value_parse(key, slice_from_str(text), pool, owner, &err),
						 ERR_INVALID);
			}
			seen++;
		}
		pool_free(&pool);
		free(owner);
	}
	assert_true(seen > 25);
}

static void
test_enum(void **state)
{
	(void)state;
	expect("server", "log_level", "debug", "debug");
	expect("server", "log_level", "error", "error");
	expect("server", "log_level", "Debug", NULL);
	expect("server", "log_level", "trace", NULL);
	expect("server", "log_level", "", NULL);
	expect("auth", "mode", "token", "token");
}

static void
test_string_and_path(void **state)
{
	char name[66];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[64] = '\0';
	expect("server", "environment", name, name);
	name[64] = 'x';
	name[65] = '\0';
	expect("server", "environment", name, NULL);
	expect("server", "environment", "", NULL);
	expect("server", "name", "Caf\xc3\xa9", "Caf\xc3\xa9");
	expect("server", "name", "\"quoted\"", NULL);
	expect("server", "name", "a\nb", NULL);
	expect("server", "name", "a\x1b[2J", NULL);
	expect("server", "name", "\xff", NULL);
	expect("server", "name", " a", NULL);
	expect("store", "label", "", "");

	expect("server", "state_dir", "/a/b", "/a/b");
	expect("server", "state_dir", "/a/b///", "/a/b");
	expect("server", "state_dir", "/", "/");
	expect("server", "state_dir", "/ /", "/");
	expect("server", "state_dir", "/a / /", "/a");
	expect("server", "state_dir", "a/b", NULL);
	expect("server", "log_file", "", "");
}

static void
test_secret(void **state)
{
	char text[SECRET_MAX + 2];

	(void)state;
	memset(text, 's', sizeof(text));
	text[SECRET_MAX] = '\0';
	expect("store", "oauth_token", text, text);
	text[SECRET_MAX] = 's';
	text[SECRET_MAX + 1] = '\0';
	expect("store", "oauth_token", text, NULL);
	expect("store", "oauth_token", "\"a#b;c=\"", "\"a#b;c=\"");
	expect("store", "oauth_token", "", NULL);
	expect("store", "oauth_token", "a\nb", NULL);
}

static void
test_digest_and_date(void **state)
{
	static const char lower[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char upper[] = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
	static const char *const bad[] = {
	    "2030-1-01", "2030-13-01", "2030-02-30",	       "2030-00-10",	      "2029-02-29",
	    "30-01-01",	 "1969-12-31", "2030-01-01T25:00:00Z", "2030-01-01T00:00:00", "2030-01-01 00:00:00",
	    "never",	 "2030/01/01"};
	size_t i;

	(void)state;
	expect("principal", "token_sha256", lower, lower);
	expect("principal", "token_sha256", upper, lower);
	expect("principal", "token_sha256", "", NULL);
	expect("principal", "token_sha256", lower + 1, NULL);
	expect("principal", "token_sha256", "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL);

	expect("principal", "expires", "2030-12-31", "2031-01-01T00:00:00Z");
	expect("principal", "expires", "2028-02-29", "2028-03-01T00:00:00Z");
	expect("principal", "expires", "2030-12-31T12:30:01Z", "2030-12-31T12:30:01Z");
	expect("principal", "expires", "", "");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		expect("principal", "expires", bad[i], NULL);
}

static void
test_lists(void **state)
{
	(void)state;
	expect("server", "allowed_hosts", "", "");
	expect("server", "allowed_hosts", " ,", NULL); /* begins with a space: never seen from a file */
	expect("server", "allowed_hosts", "A.example,b:80  [::1]:1", "a.example, b:80, [::1]:1");
	expect("server", "allowed_hosts", "http://a", NULL);
	expect("server", "allowed_hosts", "a,A", NULL);
	expect("server", "allowed_origins", "https://App.example:443/", "https://app.example");
	expect("server", "allowed_origins", "https://a/b", NULL);
	expect("server", "allowed_origins", "a", NULL);
	expect("auth", "allowed_base_urls", "HTTP://A/x/, https://b:8443", "http://a/x, https://b:8443");
	expect("auth", "allowed_base_urls", "ftp://a", NULL);
	expect("cache", "varnish_hosts", "v1:6081, 10.0.0.1:80", "v1:6081, 10.0.0.1:80");
	expect("cache", "varnish_hosts", "v1", NULL);
	expect("cache", "varnish_hosts", "v1:0", NULL);
	expect("cache", "varnish_hosts", ":80", NULL);
	expect("cache", "varnish_hosts", "v1:65536", NULL);
	expect("guardrails", "cms_block_update_fields", "title is_active", "title, is_active");
	expect("guardrails", "cms_block_update_fields", "title, identifier", NULL);
	expect("guardrails", "cms_block_update_fields", "", "");
	expect("principal", "scopes", "read write:all", "read, write:all");
	expect("principal", "scopes", "a\"b", NULL);
}

static void
test_list_bounds(void **state)
{
	struct buf text;
	size_t i;

	(void)state;
	buf_init(&text, 65536);
	for (i = 0; i < 64; i++)
		(void)buf_printf(&text, "%sw%zu", i > 0 ? ", " : "", i);
	expect("principal", "scopes", buf_cstr(&text), buf_cstr(&text));
	(void)buf_put_str(&text, ", w64");
	expect("principal", "scopes", buf_cstr(&text), NULL);

	/* Few items, but more bytes than a rendered line holds. */
	buf_clear(&text);
	for (i = 0; i < 40; i++)
		(void)buf_printf(&text, "%s%zu%0300d", i > 0 ? "," : "", i, 0);
	expect("principal", "scopes", buf_cstr(&text), NULL);
	buf_fini(&text);
}

static void
test_show(void **state)
{
	char shown[VALUE_SHOW_CAP];
	char text[100];

	(void)state;
	assert_string_equal(value_show(SLICE_LIT("a\nb\x7f"), shown), "a?b?");
	assert_string_equal(value_show(SLICE_NONE, shown), "");
	memset(text, 'x', sizeof(text));
	memcpy(text + 63, "\xc3\xa4", 2);
	assert_int_equal(strlen(value_show(slice_of(text, 64), shown)), 64);
	assert_int_equal(strlen(value_show(slice_of(text, 100), shown)), 66);
	assert_string_equal(shown + 60, "xxx...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bool),    cmocka_unit_test(test_forms_of_numbers),
	    cmocka_unit_test(test_size),    cmocka_unit_test(test_duration),
	    cmocka_unit_test(test_percent), cmocka_unit_test(test_bounds_of_every_number),
	    cmocka_unit_test(test_enum),    cmocka_unit_test(test_string_and_path),
	    cmocka_unit_test(test_secret),  cmocka_unit_test(test_digest_and_date),
	    cmocka_unit_test(test_lists),   cmocka_unit_test(test_list_bounds),
	    cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
