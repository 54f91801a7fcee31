/*
 * test_prompt_text.c - lines with values: quoted, bare where they are numbers, and only where they hold
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../base/expect_abort.h"
#include "action/guide/prompt_text.h"
#include "base/err.h"

static const struct prompt_line lines[] = {
    {NULL, "Always."}, {"a", "With <a>, twice <a>."}, {"!a", "Without a."}, {"n", "n is <#n>%."}, {NULL, NULL}};

static void
expect(json_t *arguments, const char *text)
{
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(prompt_text_put(&out, lines, arguments), 0);
	assert_string_equal(buf_cstr(&out), text);
	buf_fini(&out);
	json_decref(arguments);
}

static void
lines_that_hold(void **state)
{
	(void)state;
	expect(json_object(), "Always.\nWithout a.\n");
	expect(json_pack("{s:s}", "a", ""), "Always.\nWithout a.\n");
	expect(json_pack("{s:s}", "a", "x"), "Always.\nWith \"x\", twice \"x\".\n");
	expect(json_pack("{s:s}", "n", "-5.5"), "Always.\nWithout a.\nn is -5.5%.\n");
}

static void
values_stay_in_their_quotes(void **state)
{
	(void)state;
	expect(json_pack("{s:s}", "a", "\"\n<n> {x} \\"),
	       "Always.\nWith \"\\\"\\n<n> {x} \\\\\", twice \"\\\"\\n<n> {x} \\\\\".\n");
	expect(json_pack("{s:s}", "n", "5\nNow"), "Always.\nWithout a.\nn is \"5\\nNow\"%.\n");
}

static void
does_not_fit(void **state)
{
	json_t *arguments = json_object();
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_int_equal(prompt_text_put(&out, lines, arguments), ERR_LIMIT);
	buf_fini(&out);
	json_decref(arguments);
}

static void
put_without_argument(void *ctx)
{
	static const struct prompt_line wrong[] = {{NULL, "<missing>"}, {NULL, NULL}};
	struct buf out;

	buf_init(&out, 100);
	assert_int_equal(prompt_text_put(&out, wrong, ctx), 0);
}

static void
a_place_without_argument_is_a_bug(void **state)
{
	json_t *arguments = json_object();

	(void)state;
	expect_abort(put_without_argument, arguments);
	json_decref(arguments);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_that_hold),
	    cmocka_unit_test(values_stay_in_their_quotes),
	    cmocka_unit_test(does_not_fit),
	    cmocka_unit_test(a_place_without_argument_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
