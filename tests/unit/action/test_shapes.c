/*
 * test_shapes.c - what the shared parameter shapes take and refuse
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/shapes.h"
#include "base/err.h"
#include "base/slice.h"
#include "json/parse.h"

static int
violations_of(const struct json_schema *shape, const char *text)
{
	json_t *violations = json_array(), *value = NULL;
	int n;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &value, NULL), 0);
	n = json_schema_check(shape, value, "params.x", violations);
	assert_int_equal(json_array_size(violations), n);
	json_decref(value);
	json_decref(violations);
	return n;
}

static void
assert_all(const struct json_schema *shape, const char *const *texts, size_t n, bool good)
{
	for (size_t i = 0; i < n; i++) {
		if ((violations_of(shape, texts[i]) == 0) != good)
			fail_msg("%s is %s", texts[i], good ? "refused" : "taken");
	}
}

#define TAKES(shape, ...)                                                                                              \
	assert_all(shape, (const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})), true)
#define REFUSES(shape, ...)                                                                                            \
	assert_all(shape, (const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})), false)

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void
skus(void **state)
{
	(void)state;
	TAKES(&shape_sku, "\"24-MB01\"", "\"a/b c,d\\\"%&#?\"", "\"...\"", "\"\xc3\xa4\"", "\"" SIXTY "0123\"",
	      "\" \"");
	REFUSES(&shape_sku, "\"\"", "\".\"", "\"..\"", "5", "null", "[\"a\"]", "\"" SIXTY "01234\"", "\"a\\u0000\"");
}

static void
scopes(void **state)
{
	(void)state;
	TAKES(&shape_scope, "{\"scope\":\"global\"}", "{\"website_code\":\"base\"}", "{\"store_code\":\"Main_1\"}",
	      "{\"store_view_code\":\"de\",\"website_code\":\"base\"}");
	REFUSES(&shape_scope, "{}", "{\"scope\":\"Global\"}", "{\"scope\":\"all\"}", "{\"store_view_code\":\"\"}",
		"{\"store_view_code\":\"../x\"}", "{\"store_view_code\":\"1a\"}", "{\"store_view_code\":\"a b\"}",
		"{\"other\":\"x\"}", "{\"store_view_code\":5}", "\"global\"", "null",
		"{\"store_view_code\":\"a" SIXTY "01234\"}");
	TAKES(&shape_scope_or_null, "null", "{\"store_view_code\":\"de\"}");
}

static void
store_view_codes(void **state)
{
	(void)state;
	TAKES(&shape_store_view_code, "\"\"", "\"de\"", "\"EU_en2\"");
	REFUSES(&shape_store_view_code, "\"_a\"", "\"a-b\"", "\"a/b\"", "null", "\"a\\u0000\"");
}

static void
pages(void **state)
{
	(void)state;
	TAKES(&shape_page_size, "1", "200", "20.0");
	REFUSES(&shape_page_size, "0", "201", "-1", "1.5", "\"20\"", "null", "9223372036854775807");
	TAKES(&shape_current_page, "1", "1000000");
	REFUSES(&shape_current_page, "0", "1000001", "-5");
}

static void
field_lists(void **state)
{
	char many[61 * 6 + 8] = "[";
	size_t at = 1;

	(void)state;
	TAKES(&shape_fields, "[\"*\"]", "[\"sku\",\"url_key\"]", "[\"sku\",\"*\"]");
	REFUSES(&shape_fields, "[]", "[\"SKU\"]", "[\"a]b\"]", "[\"items[x]\"]", "[\"\"]", "[\"**\"]", "[5]", "\"sku\"",
		"[\"sku,name\"]");
	for (int i = 0; i < 61; i++)
		at += (size_t)snprintf(many + at, sizeof(many) - at, "%s\"f%d\"", i > 0 ? "," : "", i);
	snprintf(many + at, sizeof(many) - at, "]");
	assert_int_not_equal(violations_of(&shape_fields, many), 0);
}

static void
filters(void **state)
{
	(void)state;
	TAKES(&shape_filters, "{}", "{\"sku\":\"a\"}", "{\"sku\":[\"a\",1,true]}",
	      "{\"price\":{\"value\":5,\"condition\":\"gt\"}}", "{\"price\":[{\"value\":5},{\"condition\":\"null\"}]}",
	      "{\"a\":0,\"b\":false,\"c\":\"\"}");
	REFUSES(&shape_filters, "{\"SKU\":1}", "{\"a b\":1}", "{\"a[0]\":1}", "{\"a\":null}", "{\"a\":[]}",
		"{\"a\":[[1]]}", "{\"a\":{}}", "{\"a\":{\"value\":1,\"condition\":\"equals\"}}",
		"{\"a\":{\"values\":1}}", "{\"a\":{\"value\":{}}}", "{\"a\":{\"value\":null,\"condition\":\"EQ\"}}",
		"[]", "{\"\":1}");
}

/* Every shape can be published. */
static void
shapes_are_publishable(void **state)
{
	static const struct json_schema *const shapes[] = {
	    &shape_nothing,   &shape_text,	   &shape_flag,		 &shape_count,	&shape_texts,
	    &shape_objects,   &shape_scope,	   &shape_scope_or_null, &shape_sku,	&shape_store_view_code,
	    &shape_page_size, &shape_current_page, &shape_fields,	 &shape_filters};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		json_t *json = NULL;

		assert_int_equal(json_schema_to_json(shapes[i], &json), 0);
		assert_true(json_is_object(json));
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(skus),
	    cmocka_unit_test(scopes),
	    cmocka_unit_test(store_view_codes),
	    cmocka_unit_test(pages),
	    cmocka_unit_test(field_lists),
	    cmocka_unit_test(filters),
	    cmocka_unit_test(shapes_are_publishable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
