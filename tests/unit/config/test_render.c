/*
 * test_render.c - canonical text there and back, and what differs between two configurations
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#include "base/fd.h"
#include "config/keys.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char full[] =
    "[server]\nlisten = 127.0.0.1:0 [::1]:5\nname = Caf\xc3\xa9\nallowed_hosts =\nlog_level = debug\ndrain_ms = 1500\n"
    "[admin]\nlisten = unix:/run/a.sock\n[auth]\nmode = token\nallowed_base_urls = http://x:80/, https://y/z\n"
    "[guardrails]\nmax_discount_pct = 12.5\ncms_block_update_fields =\n[audit]\npath = /a\n"
    "[fastly]\nservice_id = f\napi_token = ft\n"
    "[store \"B.1\"]\nbase_url = http://b\nintegration_token = \"#;= x\"\nvarnish_hosts = v:1\n"
    "[store \"a\"]\nbase_url = https://a\nadmin_username = u\nadmin_password = hunter2\nis_default = yes\n"
    "[principal \"p\"]\ntoken_sha256 = " HASH_A "\nscopes = r w\nstores = a\nexpires = 2030-01-31\n"
    "[principal \"q\"]\ntoken_sha256 = " HASH_B "\n";

static void
render(const struct config *cfg, struct buf *out)
{
	buf_init_secret(out, CONFIG_RENDERED_MAX);
	assert_int_equal(config_render(cfg, out), 0);
}

static void
check_round_trip(const char *file)
{
	struct config *cfg = sources_good(file, NULL, NULL), *again;
	struct buf first, second, changed, restart;
	struct err err;
	int fd;

	render(cfg, &first);
	fd = fd_memfd_sealed("rendered", buf_slice(&first), &err);
	assert_true(fd >= 0);
	if (config_read_rendered(fd, &again, &err) < 0)
		fail_msg("%s", err.text);
	fd_close(&fd);
	render(again, &second);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));

	buf_init(&changed, 4096);
	buf_init(&restart, 4096);
	assert_int_equal(config_diff(cfg, again, &changed, &restart), 0);
	assert_string_equal(buf_cstr(&changed), "");
	assert_string_equal(buf_cstr(&restart), "");
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&changed);
	buf_fini(&restart);
	config_free(&cfg);
	config_free(&again);
}

static void
test_round_trip(void **state)
{
	(void)state;
	check_round_trip("");
	check_round_trip(full);
}

/* The largest that is allowed still fits. */
static void
test_round_trip_of_the_largest(void **state)
{
	struct buf text;
	size_t i, k;

	(void)state;
	buf_init(&text, CONFIG_FILE_MAX);
	for (i = 0; i < CONFIG_STORES_MAX; i++) {
		(void)buf_printf(&text, "[store \"s%zu\"]\nbase_url = https://h/%0400d\n", i, 0);
		for (k = 0; k < keys_count; k++) {
			if (keys_table[k].type == TYPE_SECRET && (keys_table[k].flags & KEY_PER_STORE))
				(void)buf_printf(&text, "%s = %0511d\n", keys_table[k].key, 0);
		}
		(void)buf_printf(&text, "fastly_service_id = x\n");
	}
	for (i = 0; i < CONFIG_PRINCIPALS_MAX; i++)
		(void)buf_printf(&text, "[principal \"p%zu\"]\ntoken_sha256 = %064zx\nscopes = %0500d\n", i, i, 0);
	assert_int_equal(text.failed, 0);
	check_round_trip(buf_cstr(&text));
	buf_fini(&text);
}

/* No line is left out: a rendered text says the value of each key. */
static void
test_every_key_is_rendered(void **state)
{
	struct config *cfg = sources_good(full, NULL, NULL);
	struct buf out;
	size_t i;

	(void)state;
	render(cfg, &out);
	for (i = 0; i < keys_count; i++) {
		char line[128];

		snprintf(line, sizeof(line), "\n%s = ", keys_table[i].key);
		if (keys_table[i].fallback != NULL && strstr(buf_cstr(&out), line) == NULL)
			fail_msg("%s.%s is not rendered", keys_table[i].section, keys_table[i].key);
	}
	assert_non_null(strstr(buf_cstr(&out), "\nadmin_password = hunter2\n"));
	assert_non_null(strstr(buf_cstr(&out), "\nexpires = 2030-02-01T00:00:00Z\n"));
	buf_fini(&out);
	config_free(&cfg);
}

static void
check_diff(const char *a, const char *const *more, const char *changed_text, const char *restart_text)
{
	struct config *one = sources_good(a, NULL, NULL), *two = sources_good(a, more, NULL);
	struct buf changed, restart;

	buf_init(&changed, 4096);
	buf_init(&restart, 4096);
	assert_int_equal(config_diff(one, two, &changed, &restart), 0);
	assert_string_equal(buf_cstr(&changed), changed_text);
	assert_string_equal(buf_cstr(&restart), restart_text);
	buf_clear(&changed);
	buf_clear(&restart);
	assert_int_equal(config_diff(two, one, &changed, &restart), 0);
	assert_string_equal(buf_cstr(&changed), changed_text);
	assert_string_equal(buf_cstr(&restart), restart_text);
	buf_fini(&changed);
	buf_fini(&restart);
	config_free(&one);
	config_free(&two);
}

static void
test_diff(void **state)
{
	(void)state;
	check_diff(full, LIST("server.workers=3"), "server.workers", "");
	check_diff(full, LIST("session.idle_ms=1s", "server.table_slots=128"), "server.table_slots, session.idle_ms",
		   "server.table_slots");
	check_diff("", LIST("server.state_dir=/x"), "server.state_dir, server.control_socket, audit.path, keeper.path",
		   "server.state_dir, server.control_socket, keeper.path");
	check_diff(full, LIST("store.a.admin_password=hunter3", "store.a.label=x"),
		   "store.a.admin_password, store.a.label", "");
	check_diff(full, LIST("store.c.base_url=http://c"), "store.c", "");
	check_diff(full, LIST("principal.p.expires=2031-01-01", "fastly.api_token=hunter3"),
		   "fastly.api_token, principal.p.expires", "");
	check_diff(full,
		   LIST("principal.r.token_sha256=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"),
		   "principal.r", "");
	/* The same value in another form is the same. */
	check_diff("", LIST("session.idle_ms=3600000", "http.max_body_bytes=4096K", "magento.verify_tls=1"), "", "");
}

static void
test_rendered_text_is_checked(void **state)
{
	struct config *cfg;
	struct err err;

	(void)state;
	assert_int_equal(config_parse_rendered(SLICE_LIT("[server]\nworkers = x\n"), &cfg, &err), ERR_INVALID);
	assert_null(cfg);
	assert_int_equal(config_parse_rendered(SLICE_LIT("[server]\nlisten = 0.0.0.0:1\n"), &cfg, NULL), ERR_INVALID);
	assert_null(cfg);
}

static void
test_too_small_buffer(void **state)
{
	struct config *cfg = sources_good(full, NULL, NULL);
	struct buf out;

	(void)state;
	buf_init_secret(&out, 1000);
	assert_int_equal(config_render(cfg, &out), ERR_LIMIT);
	buf_fini(&out);
	config_free(&cfg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_round_trip_of_the_largest),
	    cmocka_unit_test(test_every_key_is_rendered),
	    cmocka_unit_test(test_diff),
	    cmocka_unit_test(test_rendered_text_is_checked),
	    cmocka_unit_test(test_too_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
