/*
 * test_token.c - magento-mcp token
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run_cli.h"

#include "auth/token.h"
#include "cli/cli.h"
#include "config/config.h"

/* Cuts off the first line. */
static const char *
first_line(char *out)
{
	char *end = strchr(out, '\n');

	assert_non_null(end);
	*end = '\0';
	return end + 1;
}

static void
test_lines_are_a_configuration(void **state)
{
	static struct run_cli run;
	char hash[TOKEN_SHA256_HEX_LEN + 1], text[1024];
	const char *lines;
	struct config *cfg;
	struct err err;

	(void)state;
	run_cli(cli_token,
		WORDS("token", "alice", "--scopes", "read write", "--stores", "main", "--expires=2030-12-31"), &run);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.err, "");
	lines = first_line(run.out);
	assert_int_equal(strncmp(run.out, "mmcp_", 5), 0);
	assert_int_equal(strlen(run.out), 48);
	assert_int_equal(strncmp(lines, "[principal \"alice\"]\ntoken_sha256 = ", 35), 0);
	assert_null(strstr(lines, run.out));

	snprintf(text, sizeof(text), "[store \"main\"]\nbase_url = http://a\n[auth]\nmode = token\n%s", lines);
	assert_int_equal(config_parse_rendered(slice_from_str(text), &cfg, &err), 0);
	token_sha256_hex(NULL, slice_from_str(run.out), hash);
	assert_string_equal(cfg->principals[0].token_sha256, hash);
	assert_int_equal(cfg->principals[0].scopes.n, 2);
	assert_string_equal(cfg->principals[0].stores.items[0], "main");
	assert_true(cfg->principals[0].expires > 0);
	config_free(&cfg);
}

static void
test_tokens_differ(void **state)
{
	static struct run_cli one, two;

	(void)state;
	run_cli(cli_token, WORDS("token", "a"), &one);
	run_cli(cli_token, WORDS("token", "a"), &two);
	(void)first_line(one.out);
	(void)first_line(two.out);
	assert_string_not_equal(one.out, two.out);
}

static void
test_refusals(void **state)
{
	static struct run_cli run;

	(void)state;
	run_cli(cli_token, WORDS("token"), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "write the caller's name"));
	run_cli(cli_token, WORDS("token", "a b"), &run);
	assert_int_equal(run.status, 2);
	run_cli(cli_token, WORDS("token", "a", "--expires", "tomorrow"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(
	    run.err, "magento-mcp: --expires: \"tomorrow\" is no date, write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ\n");
	assert_string_equal(run.out, "");
	run_cli(cli_token, WORDS("token", "a", "--scopes", "r\nworkers=1"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.out, "");
	run_cli(cli_token, WORDS("token", "a", "--stores", "x, \"y\""), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.out, "");
	run_cli(cli_token, WORDS("token", "anonymous"), &run);
	assert_int_equal(run.status, 2);
}

static void
test_stores_of_a_file(void **state)
{
	static struct run_cli run;
	struct run_file file;

	(void)state;
	/* token needs a principal: here the one that is being made. */
	run_file_make(&file, "[auth]\nmode = token\n[store \"main\"]\nbase_url = http://a\n");
	run_cli(cli_token, WORDS("token", "a", "-c", file.path, "--stores", "main"), &run);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "\nstores = main\n"));
	run_cli(cli_token, WORDS("token", "a", "-c", file.path, "--stores", "other"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err,
			    "magento-mcp: --stores: there is no store other, write the name of a [store] section\n");
	run_file_remove(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_are_a_configuration),
	    cmocka_unit_test(test_tokens_differ),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_stores_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
