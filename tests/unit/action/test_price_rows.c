#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/pricing/price_rows.h"

#define N 5

static const char *const skus[N] = {"A-1", "COMMA,1", "PCT-50%", "a-1x", "A-1"};
static const int64_t stores[N] = {0, 0, 0, 0, 3};

/* Which rows an answer refuses, as "01001"; the number of strays. */
static int
assign(const char *answer, char marks_r[static N + 1], char *error_r)
{
	static char stray[PRICE_ERROR_MAX];
	struct price_row rows[N];
	json_t *list = json_loads(answer, JSON_DECODE_ANY, NULL);
	int strays;

	assert_non_null(list);
	memset(rows, 0, sizeof(rows));
	for (size_t i = 0; i < N; i++)
		rows[i] = (struct price_row){.sku = skus[i], .store_id = stores[i]};
	stray[0] = '\0';
	strays = price_rows_assign(list, rows, N, stray);
	error_r[0] = '\0';
	for (size_t i = 0; i < N; i++) {
		marks_r[i] = rows[i].is_refused ? '1' : '0';
		if (rows[i].is_refused)
			memcpy(error_r, rows[i].error, PRICE_ERROR_MAX);
	}
	if (strays > 0)
		memcpy(error_r, stray, PRICE_ERROR_MAX);
	marks_r[N] = '\0';
	json_decref(list);
	return strays;
}

static void
errors_find_their_rows(void **state)
{
	static const struct {
		const char *answer, *marks;
		int strays;
	} cases[] = {
	    {"[]", "00000", 0},
	    /* filled in already, the culprit before or behind the sku among the parameters */
	    {"[{\"message\":\"The product that was requested doesn't exist. Verify the product and try again. Row ID: "
	     "SKU = A-1, "
	     "Store ID: 0, Price From: 2026-01-01 00:00:00, Price To: .\",\"parameters\":[\"A-1\",\"0\",null,null]}]",
	     "10000", 0},
	    {"[{\"message\":\"Invalid attribute Price = -6. Row ID: SKU = COMMA,1, Store ID: 0, Price From: , Price "
	     "To: .\","
	     "\"parameters\":[\"-6\",\"COMMA,1\",\"0\",\"\",\"\"]}]",
	     "01000", 0},
	    {"[{\"message\":\"Requested store is not found. Row ID: SKU = A-1, Store ID: "
	     "3.\",\"parameters\":[\"A-1\",\"3\"]}]",
	     "00001", 0},
	    {"[{\"message\":\"Requested store is not found. Row ID: SKU = A-1, Store ID: , Price From: x.\","
	     "\"parameters\":[\"A-1\",null]}]",
	     "10001", 0},
	    /* a template with names, filled by position */
	    {"[{\"message\":\"No such entity. Row ID: SKU = %SKU, Website ID: %websiteId, Quantity: %qty.\","
	     "\"parameters\":[\"PCT-50%\",\"0\",\"5\"]}]",
	     "00100", 0},
	    /* the sku is what is wrong */
	    {"[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"SKU\",\"a-1X \"]}]",
	     "00010", 0},
	    /* nothing that could be told */
	    {"[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"Price\",\"-1\"]}]",
	     "00000", 1},
	    {"[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"SKU\",\"NOPE\"]}]",
	     "00000", 1},
	    {"[{\"nonsense\":1}, 5, {\"message\":\"Invalid attribute %fieldName = "
	     "%fieldValue.\",\"parameters\":[\"SKU\",\"A-1\"]}]",
	     "10001", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char marks[N + 1], error[PRICE_ERROR_MAX];
		int strays = assign(cases[i].answer, marks, error);

		if (strays != cases[i].strays || strcmp(marks, cases[i].marks) != 0)
			fail_msg("%s: %s and %d strays", cases[i].answer, marks, strays);
		if (strchr(cases[i].answer, '{') != NULL && error[0] == '\0')
			fail_msg("%s: no text", cases[i].answer);
	}
}

static void
texts_are_filled(void **state)
{
	char marks[N + 1], error[PRICE_ERROR_MAX];

	(void)state;
	assign("[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"Price\",\"-1\"]}]",
	       marks, error);
	assert_string_equal(error, "Invalid attribute Price = -1.");
}

static void
no_list_is_no_answer(void **state)
{
	char stray[PRICE_ERROR_MAX];
	json_t *value = json_true();

	(void)state;
	assert_int_equal(price_rows_assign(value, NULL, 0, stray), -1);
	assert_int_equal(price_rows_assign(NULL, NULL, 0, stray), -1);
}

static void
limits(void **state)
{
	(void)state;
	assert_int_equal(price_rows_allowed("Maximum items of type \"\\Magento\\X\" is 20"), 20);
	assert_int_equal(price_rows_allowed("Maximum items of type \"string\" is 3."), 3);
	assert_int_equal(price_rows_allowed("Maximum SearchCriteria pageSize is 10"), 0);
	assert_int_equal(price_rows_allowed("Maximum items of type \"string\" is many"), 0);
	assert_int_equal(price_rows_allowed(""), 0);
}

static void
rows_carry_everything(void **state)
{
	json_t *values = json_pack("{s:f, s:f, s:n, s:s}", "price", 10.0, "special_price", 5.5, "special_from_date",
				   "special_to_date", "2026-05-01 00:00:00");
	json_t *special = price_rows_special("A", 0, values), *base = price_rows_base("A", 2, values);
	json_t *wanted_special = json_pack("{s:s, s:i, s:f, s:n, s:s}", "sku", "A", "store_id", 0, "price", 5.5,
					   "price_from", "price_to", "2026-05-01 00:00:00");
	json_t *wanted_base = json_pack("{s:s, s:i, s:f}", "sku", "A", "store_id", 2, "price", 10.0);

	(void)state;
	assert_true(json_equal(special, wanted_special));
	assert_true(json_equal(base, wanted_base));
	json_decref(values);
	json_decref(special);
	json_decref(base);
	json_decref(wanted_special);
	json_decref(wanted_base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_find_their_rows), cmocka_unit_test(texts_are_filled),
	    cmocka_unit_test(no_list_is_no_answer),   cmocka_unit_test(limits),
	    cmocka_unit_test(rows_carry_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
