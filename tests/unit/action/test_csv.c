#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/promotions/csv.h"

/* One row of these fields. */
static size_t
row(struct buf *out, const struct slice *fields, size_t n)
{
	struct csv csv;

	csv_init(&csv, out);
	for (size_t i = 0; i < n; i++)
		csv_field(&csv, fields[i]);
	csv_end_row(&csv);
	return csv.escaped;
}

static void
expect(struct slice field, const char *line, size_t escaped)
{
	struct buf out;

	buf_init(&out, 1000);
	assert_int_equal(row(&out, &field, 1), escaped);
	assert_string_equal(buf_cstr(&out), line);
	buf_fini(&out);
}

static void
rows_and_fields(void **state)
{
	const struct slice fields[] = {SLICE_LIT("a"), SLICE_LIT(""), SLICE_LIT("b c")};
	struct buf out;
	struct csv csv;

	(void)state;
	buf_init(&out, 1000);
	csv_init(&csv, &out);
	csv_field_int(&csv, 7);
	for (size_t i = 0; i < 3; i++)
		csv_field(&csv, fields[i]);
	csv_end_row(&csv);
	csv_field(&csv, SLICE_NONE);
	csv_field_int(&csv, -1);
	csv_end_row(&csv);
	assert_string_equal(buf_cstr(&out), "7,a,,b c\r\n,-1\r\n");
	assert_int_equal(csv.escaped, 0);
	buf_fini(&out);
}

static void
quoted_where_needed(void **state)
{
	(void)state;
	expect(SLICE_LIT("a,b"), "\"a,b\"\r\n", 0);
	expect(SLICE_LIT("a\"b\""), "\"a\"\"b\"\"\"\r\n", 0);
	expect(SLICE_LIT("a\nb"), "\"a\nb\"\r\n", 0);
	expect(SLICE_LIT("a\rb"), "\"a\rb\"\r\n", 0);
	expect(SLICE_LIT("a'b;c"), "a'b;c\r\n", 0);
}

static void
formulas_are_disarmed(void **state)
{
	(void)state;
	expect(SLICE_LIT("=1+1"), "'=1+1\r\n", 1);
	expect(SLICE_LIT("+A"), "'+A\r\n", 1);
	expect(SLICE_LIT("-A"), "'-A\r\n", 1);
	expect(SLICE_LIT("@A"), "'@A\r\n", 1);
	expect(SLICE_LIT("\tA"), "'\tA\r\n", 1);
	expect(SLICE_LIT("\rA"), "\"'\rA\"\r\n", 1);
	expect(SLICE_LIT("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"\r\n", 1);
	expect(SLICE_LIT("A=1-@"), "A=1-@\r\n", 0);
}

static void
full_buffer_fails(void **state)
{
	const struct slice field = SLICE_LIT("abcdef");
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	row(&out, &field, 1);
	assert_int_equal(out.failed, -3);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_and_fields),
	    cmocka_unit_test(quoted_where_needed),
	    cmocka_unit_test(formulas_are_disarmed),
	    cmocka_unit_test(full_buffer_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
