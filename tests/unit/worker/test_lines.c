/* Unit tests of src/worker/lines.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/lines.h"

#define MAX_BYTES 8

/* What came of the input: each line in brackets, "!" for one that was too long. */
static void
run(struct lines *lines, const char *bytes, size_t step, struct buf *seen)
{
	size_t len = strlen(bytes);

	for (size_t at = 0; at < len; at += step) {
		/* A copy of its own, so that a line that outlives its input is seen. */
		size_t n = len - at < step ? len - at : step;
		char *copy = malloc(n);
		struct slice input, line;
		enum lines_result result;

		assert_non_null(copy);
		memcpy(copy, bytes + at, n);
		input = slice_of(copy, n);
		do {
			result = lines_next(lines, &input, &line);
			if (result == LINES_LINE)
				buf_printf(seen, "[%.*s]", SLICE_FMT(line));
			else if (result == LINES_TOO_LONG)
				buf_put_char(seen, '!');
		} while (result != LINES_MORE);
		assert_int_equal(input.len, 0);
		free(copy);
	}
}

static void
expect(const char *bytes, const char *wanted)
{
	for (size_t step = 1; step <= strlen(bytes); step++) {
		struct lines lines;
		struct buf seen;
		struct slice line;

		lines_init(&lines, MAX_BYTES);
		buf_init(&seen, 1024);
		run(&lines, bytes, step, &seen);
		if (lines_end(&lines, &line) == LINES_LINE)
			buf_printf(&seen, "(%.*s)", SLICE_FMT(line));
		assert_string_equal(buf_cstr(&seen), wanted);
		buf_fini(&seen);
		lines_fini(&lines);
	}
}

static void
test_lines_at_every_split(void **state)
{
	(void)state;
	expect("a\nbc\n", "[a][bc]");
	expect("a\r\nb\rc\r\n", "[a][b\rc]");
	expect("\n\r\n  \t\na\n \r\n", "[a]");
	expect("{\"a\":1}\n", "[{\"a\":1}]");
}

static void
test_the_last_line_needs_no_end(void **state)
{
	(void)state;
	expect("a\nbc", "[a](bc)");
	expect("a\n", "[a]");
	expect("a\n  ", "[a]");
	expect("bc\r", "(bc)");
}

static void
test_a_long_line_is_told_of_once(void **state)
{
	(void)state;
	expect("12345678\nx\n", "[12345678][x]");
	expect("12345678\r\nx\n", "[12345678][x]");
	expect("123456789\nx\n", "![x]");
	expect("123456789\r\nx\n", "![x]");
	expect("12345678901234567890123456789\nx\n12345678901\ny\n", "![x]![y]");
	expect("12345678901234567890", "!");
}

/* The memory of a line that was thrown away is given back. */
static void
test_long_lines_keep_no_memory(void **state)
{
	static char bytes[256 * 1024];
	struct lines lines;
	struct slice input = slice_of(bytes, sizeof(bytes)), line;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	lines_init(&lines, 128 * 1024);
	assert_int_equal(lines_next(&lines, &input, &line), LINES_TOO_LONG);
	assert_int_equal(lines.held.cap, 0);
	lines_fini(&lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_at_every_split),
	    cmocka_unit_test(test_the_last_line_needs_no_end),
	    cmocka_unit_test(test_a_long_line_is_told_of_once),
	    cmocka_unit_test(test_long_lines_keep_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
