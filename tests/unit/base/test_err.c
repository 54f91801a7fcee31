/*
 * test_err.c - refusals, and must()
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/slice.h"
#include "expect_abort.h"

static void
test_set(void **test_state)
{
	struct err err;

	(void)test_state;
	assert_int_equal(err_set(&err, ERR_INVALID, "%s: %d", "limit", 7), ERR_INVALID);
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(err.text, "limit: 7");
	assert_int_equal(err_set(NULL, ERR_FULL, "%d", 1), ERR_FULL);
}

static void
test_set_errno(void **test_state)
{
	struct err err;

	(void)test_state;
	assert_int_equal(err_set_errno(&err, ERR_IO, ENOENT, "cannot open %s", "/x"), ERR_IO);
	assert_string_equal(err.text, "cannot open /x: No such file or directory");
	assert_int_equal(err_set_errno(NULL, ERR_IO, ENOENT, "x"), ERR_IO);
}

static void
test_prefix(void **test_state)
{
	struct err err;

	(void)test_state;
	err_set(&err, ERR_LIMIT, "too long");
	assert_int_equal(err_prefix(&err, "line %d", 3), ERR_LIMIT);
	assert_string_equal(err.text, "line 3: too long");
	assert_int_equal(err_prefix(NULL, "x"), ERR_INVALID);
}

static void
test_arguments_may_be_the_text_itself(void **test_state)
{
	struct err err;

	(void)test_state;
	err_set(&err, ERR_LIMIT, "inner");
	err_set(&err, ERR_INVALID, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	err_prefix(&err, "<%s>", err.text);
	assert_string_equal(err.text, "<outer (inner)>: outer (inner)");
}

static void
test_long_text_is_cut_between_characters(void **test_state)
{
	static const char *const characters[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
	char text[3 * ERR_TEXT_MAX];
	struct err err;

	(void)test_state;
	for (size_t kind = 0; kind < ARRAY_LEN(characters); kind++) {
		for (size_t shift = 0; shift < 5; shift++) {
			size_t size = strlen(characters[kind]);

			memset(text, '.', sizeof(text));
			for (size_t at = shift; at < (size_t)2 * ERR_TEXT_MAX; at += size)
				memcpy(text + at, characters[kind], size);
			text[3 * ERR_TEXT_MAX - 1] = '\0';
			err_set(&err, ERR_INVALID, "%s", text);
			assert_true(strlen(err.text) > ERR_TEXT_MAX - 1 - size);
			assert_true(slice_is_utf8(slice_from_str(err.text)));
			err_set(&err, ERR_INVALID, "inner");
			err_prefix(&err, "%s", text);
			assert_true(slice_is_utf8(slice_from_str(err.text)));
		}
	}
}

static void
test_names(void **test_state)
{
	(void)test_state;
	assert_string_equal(err_name(ERR_OK), "ok");
	assert_string_equal(err_name(ERR_NOMEM), "nomem");
	assert_string_equal(err_name(ERR_FULL), "full");
	assert_string_equal(err_name(ERR_UNSUPPORTED), "unsupported");
	assert_string_equal(err_name(ERR_UNSUPPORTED - 1), "unknown");
	assert_string_equal(err_name(1), "unknown");
	for (int code = ERR_UNSUPPORTED; code <= 0; code++) {
		assert_non_null(err_name(code));
		assert_string_not_equal(err_name(code), "unknown");
	}
}

/* ---- must() ------------------------------------------------------------------------------------------------------ */

static int words_pipe[2];

static void
leave_words(const char *text)
{
	ssize_t n = write(words_pipe[1], text, strlen(text));

	if (n < 0)
		_exit(1);
}

static void
break_with_hook(void *arg)
{
	int one = 1;

	(void)arg;
	must_set_hook(leave_words);
	must(one == 1);
	must(one == 2);
}

static void
test_must_calls_hook_then_aborts(void **test_state)
{
	char text[ERR_TEXT_MAX] = {0};
	ssize_t n;

	(void)test_state;
	assert_int_equal(pipe(words_pipe), 0);
	expect_abort(break_with_hook, NULL);
	n = read(words_pipe[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	assert_non_null(strstr(text, "test_err.c:"));
	assert_non_null(strstr(text, "must(one == 2)"));
	close(words_pipe[0]);
	close(words_pipe[1]);
}

static void
failing_hook(const char *text)
{
	must(text == NULL);
}

static void
break_with_failing_hook(void *arg)
{
	(void)arg;
	must_set_hook(failing_hook);
	must(arg != NULL);
}

static void
test_hook_that_fails_is_not_entered_again(void **test_state)
{
	(void)test_state;
	expect_abort(break_with_failing_hook, NULL);
}

static void
break_with_stderr_to_pipe(void *arg)
{
	(void)arg;
	dup2(words_pipe[1], STDERR_FILENO);
	must(arg != NULL);
}

static void
test_must_writes_to_stderr(void **test_state)
{
	char text[ERR_TEXT_MAX] = {0};
	ssize_t n;

	(void)test_state;
	assert_int_equal(pipe(words_pipe), 0);
	expect_abort(break_with_stderr_to_pipe, NULL);
	n = read(words_pipe[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	assert_non_null(strstr(text, "must(arg != NULL)"));
	assert_int_equal(text[n - 1], '\n');
	close(words_pipe[0]);
	close(words_pipe[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_set_errno),
	    cmocka_unit_test(test_prefix),
	    cmocka_unit_test(test_arguments_may_be_the_text_itself),
	    cmocka_unit_test(test_long_text_is_cut_between_characters),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_must_calls_hook_then_aborts),
	    cmocka_unit_test(test_hook_that_fails_is_not_entered_again),
	    cmocka_unit_test(test_must_writes_to_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
