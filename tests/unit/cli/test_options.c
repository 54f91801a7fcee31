/*
 * test_options.c - the options all subcommands share
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run_cli.h"

#include "cli/options.h"

static int own_val;
static const char *own_arg;

static int
take(void *ctx, int val, const char *arg, struct err *err)
{
	(void)ctx;
	own_val = val;
	own_arg = arg;
	if (arg != NULL && strcmp(arg, "bad") == 0)
		return err_set(err, ERR_INVALID, "--own wants something else");
	return 0;
}

static const struct option own[] = {
    {"own", required_argument, NULL, OPTIONS_FIRST_OWN}, {"flag", no_argument, NULL, OPTIONS_FIRST_OWN + 1}, {0}};

/* Prints what was parsed. */
static int
subject(int argc, char **argv)
{
	const struct options_spec spec = {
	    .usage = "subject [WORD]", .help = "Help of it.\n", .extra = own, .take = take, .max_operands = 2};
	struct options options;
	size_t i;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	printf("c=%s", options.config_path != NULL ? options.config_path : "-");
	for (i = 0; i < options.n_settings; i++)
		printf(" s=%s", options.settings[i]);
	for (i = 0; i < options.n_operands; i++)
		printf(" w=%s", options.operands[i]);
	printf(" own=%d,%s\n", own_val, own_arg != NULL ? own_arg : "-");
	return 77;
}

static void
test_forms(void **state)
{
	static struct run_cli run;

	(void)state;
	run_cli(subject, WORDS("subject"), &run);
	assert_string_equal(run.out, "c=- own=0,-\n");
	assert_int_equal(run.status, 77);
	run_cli(subject, WORDS("subject", "-c", "f", "-s", "a.b=c", "-sd.e=f"), &run);
	assert_string_equal(run.out, "c=f s=a.b=c s=d.e=f own=0,-\n");
	run_cli(subject, WORDS("subject", "x", "--config=f", "--set", "a.b=c", "y", "--own=1"), &run);
	assert_string_equal(run.out, "c=f s=a.b=c w=x w=y own=1000,1\n");
	run_cli(subject, WORDS("subject", "--flag", "--", "-c"), &run);
	assert_string_equal(run.out, "c=- w=-c own=1001,-\n");
}

static void
test_help_and_version(void **state)
{
	static struct run_cli run;

	(void)state;
	run_cli(subject, WORDS("subject", "--help", "--nonsense"), &run);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "Usage: magento-mcp subject [WORD]\n\nHelp of it.\n"));
	assert_non_null(strstr(run.out, "--config=FILE"));
	assert_string_equal(run.err, "");
	run_cli(subject, WORDS("subject", "-V"), &run);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.out, "magento-mcp " MAGENTO_MCP_VERSION "\n");
}

static void
test_wrong_usage(void **state)
{
	static const char usage[] = "Usage: magento-mcp subject [WORD]\n";
	static struct run_cli run;

	(void)state;
	run_cli(subject, WORDS("subject", "--nonsense=hunter2"), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "magento-mcp: --nonsense is no option"));
	assert_null(strstr(run.err, "hunter2"));
	assert_non_null(strstr(run.err, usage));
	run_cli(subject, WORDS("subject", "-c"), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "-c wants an argument"));
	run_cli(subject, WORDS("subject", "--flag=1"), &run);
	assert_int_equal(run.status, 2);
	run_cli(subject, WORDS("subject", "a", "b", "c"), &run);
	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.err, "c is one argument too many"));
	run_cli(subject, WORDS("subject", "--own=bad"), &run);
	assert_int_equal(run.status, 2);
	assert_string_equal(run.err, "magento-mcp: --own wants something else\n");
	assert_string_equal(run.out, "");
}

static void
test_statuses(void **state)
{
	(void)state;
	assert_int_equal(options_status(ERR_NOMEM), 1);
	assert_int_equal(options_status(ERR_INVALID), 2);
	assert_int_equal(options_status(ERR_IO), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_help_and_version),
	    cmocka_unit_test(test_wrong_usage),
	    cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
