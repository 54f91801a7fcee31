/*
 * test_check.c - magento-mcp check
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run_cli.h"

#include "cli/cli.h"
#include "config/config.h"

static void
test_fine(void **state)
{
	static struct run_cli run;
	struct run_file file;
	char text[128];

	(void)state;
	run_file_make(&file, "[store \"a\"]\nbase_url = http://a\n");
	run_cli(cli_check, WORDS("check", "-c", file.path), &run);
	assert_int_equal(run.status, 0);
	snprintf(text, sizeof(text), "%s: fine, 1 store, 0 principals\n", file.path);
	assert_string_equal(run.out, text);
	assert_string_equal(run.err, "");
	run_file_remove(&file);
}

static void
test_refusal_is_one_line(void **state)
{
	static struct run_cli run;
	struct run_file file;
	char text[128];

	(void)state;
	run_file_make(&file, "[server]\nworkers = 999\n");
	run_cli(cli_check, WORDS("check", "-c", file.path), &run);
	assert_int_equal(run.status, 2);
	snprintf(text, sizeof(text), "%s:2: server.workers: 999 is out of range, write 0 to 32\n", file.path);
	assert_string_equal(run.err, text);
	assert_string_equal(run.out, "");
	run_cli(cli_check, WORDS("check", "-c", file.path, "-s", "server.workers=1", "operand"), &run);
	assert_int_equal(run.status, 2);
	run_file_remove(&file);

	run_cli(cli_check, WORDS("check", "-c", "/nowhere/x.conf"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err, "cannot open /nowhere/x.conf: No such file or directory\n");
}

static void
test_what_a_reload_would_change(void **state)
{
	static struct run_cli run;
	struct run_file file, old;
	char text[512];

	(void)state;
	run_file_make(&file, "[server]\nlog_level = debug\ntable_slots = 128\n[store \"a\"]\nbase_url = http://a\n");
	run_file_make(&old, "");
	run_cli(cli_check, WORDS("check", "-c", file.path, "--compare", old.path), &run);
	assert_int_equal(run.status, 0);
	snprintf(text, sizeof(text),
		 "%s: fine, 1 store, 0 principals\n"
		 "differs from %s in: server.log_level, server.table_slots, store.a\n"
		 "needs a restart, a reload refuses: server.table_slots\n",
		 file.path, old.path);
	assert_string_equal(run.out, text);
	assert_string_equal(run.err, "");
	run_cli(cli_check, WORDS("check", "-c", file.path, "--compare", file.path), &run);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "the same as "));
	run_cli(cli_check, WORDS("check", "-c", file.path, "--compare", "/nowhere/x.conf"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err, "cannot open /nowhere/x.conf: No such file or directory\n");
	run_file_remove(&old);
	run_file_remove(&file);
}

/* As many names as there can be: a reload must not fail because the list of them is long. */
static void
test_long_list_of_differences(void **state)
{
	static struct run_cli run;
	struct run_file file, old;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < CONFIG_PRINCIPALS_MAX; i++)
		buf_printf(&text, "[principal \"a-name-that-is-rather-long-%d\"]\ntoken_sha256 = %064d\n", i, i);
	run_file_make(&file, buf_cstr(&text));
	run_file_make(&old, "");
	run_cli(cli_check, WORDS("check", "-c", file.path, "--compare", old.path), &run);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "principal.a-name-that-is-rather-long-255\n"));
	run_file_remove(&old);
	run_file_remove(&file);
	buf_fini(&text);
}

static void
test_warnings_are_told(void **state)
{
	static struct run_cli run;
	struct run_file file;

	(void)state;
	run_file_make(&file, "");
	run_cli(cli_check, WORDS("check", "-c", file.path, "-s", "magento.verify_tls=no"), &run);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.err, "magento-mcp: warning: magento.verify_tls is off"));
	run_file_remove(&file);
}

static void
test_descriptions(void **state)
{
	static struct run_cli run;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	run_cli(cli_check, WORDS("check", "--print-sample"), &run);
	assert_int_equal(run.status, 0);
	assert_int_equal(config_describe_sample(&text), 0);
	assert_string_equal(run.out, buf_cstr(&text));
	buf_clear(&text);
	run_cli(cli_check, WORDS("check", "--print-man"), &run);
	assert_int_equal(run.status, 0);
	assert_int_equal(config_describe_man(&text), 0);
	assert_string_equal(run.out, buf_cstr(&text));
	buf_fini(&text);
}

/* The descriptor gets all, standard output nothing. */
static void
test_emit(void **state)
{
	static struct run_cli run;
	static char text[65536];
	int memfd = memfd_create("emit", 0);
	struct run_file file;
	struct config *cfg;
	struct err err;
	int fds[2];

	(void)state;
	assert_true(memfd >= 0);
	run_file_make(&file, "[store \"a\"]\nbase_url = http://a\nintegration_token = hunter2\n");
	run_cli_end(run_cli_begin(cli_check, WORDS("check", "--emit-fd", "9", "-c", file.path), memfd, fds), fds, &run);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.out, "");
	run_cli_read(memfd, text, sizeof(text));
	assert_int_equal(config_parse_rendered(slice_from_str(text), &cfg, &err), 0);
	assert_true(slice_is(secret_slice(&cfg->stores[0].integration_token), "hunter2"));
	config_free(&cfg);

	run_cli(cli_check, WORDS("check", "--emit-fd", "987", "-c", file.path), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "cannot write to descriptor 987"));
	run_cli(cli_check, WORDS("check", "--emit-fd", "x"), &run);
	assert_int_equal(run.status, 2);
	run_file_remove(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fine),
	    cmocka_unit_test(test_refusal_is_one_line),
	    cmocka_unit_test(test_warnings_are_told),
	    cmocka_unit_test(test_what_a_reload_would_change),
	    cmocka_unit_test(test_long_list_of_differences),
	    cmocka_unit_test(test_descriptions),
	    cmocka_unit_test(test_emit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
