/*
 * test_schema_check.c - values against the tables: every keyword, every path
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "json/get.h"
#include "json/parse.h"
#include "sample_schema.h"

/* All violations as lines "path: message", in order; with "[a,b]" behind it when something is allowed. */
static void
check_text(const struct json_schema *schema, const char *root, const char *text, struct buf *out)
{
	json_t *value, *found = json_array();
	int n;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &value, NULL), 0);
	n = json_schema_check(schema, value, root, found);
	assert_int_equal(n, json_array_size(found));
	for (int i = 0; i < n; i++) {
		const json_t *one = json_array_get(found, (size_t)i);
		json_t *allowed = json_get_array(one, "allowed");

		buf_printf(out, "%s: %s", json_get_str(one, "path", "?"), json_get_str(one, "message", "?"));
		for (size_t k = 0; k < json_array_size(allowed); k++)
			buf_printf(out, "%s%s", k == 0 ? " [" : ",", json_string_value(json_array_get(allowed, k)));
		buf_put_str(out, allowed != NULL ? "]\n" : "\n");
	}
	json_decref(value);
	json_decref(found);
}

static void
assert_check(const struct json_schema *schema, const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	check_text(schema, "params", text, &out);
	if (strcmp(buf_cstr(&out), want) != 0)
		fail_msg("%s\ngave\n%swanted\n%s", text, buf_cstr(&out), want);
	buf_fini(&out);
}

/* `member` (with its name) beside the only required one. */
static void
assert_member(const char *member, const char *want)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"match\":{\"ids\":[1,2]},%s}", member);
	assert_check(&sample_schema, text, want);
}

static void
good_values_pass(void **state)
{
	(void)state;
	assert_check(&sample_schema, "{\"match\":{\"sku_list\":[\"a\",\"b\"]}}", "");
	assert_check(
	    &sample_schema,
	    "{\"match\":{\"sku_list\":[\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"],\"ids\":[1,2.0],\"attribute_"
	    "filters\":"
	    "{\"color\":\"red\",\"size\":4.5,\"brand_name\":{\"value\":\"x\",\"condition\":\"like\"}}},\"mode\":"
	    "\"remove\","
	    "\"page_size\":200.0,\"percent\":99.4,\"code\":\"a_b\",\"date\":null,\"level\":null,\"confirm\":true,"
	    "\"force\":false,"
	    "\"values\":{\"a\":{\"b\":[1,null,{}]},\"c\":\"\"},\"anything\":[{\"x\":[[]]}],\"list\":[1,\"a\",{}]}",
	    "");
	assert_member("\"anything\":null", "");
}

static void
types_are_strict(void **state)
{
	(void)state;
	assert_check(&sample_schema, "[]", "params: must be an object, not an array\n");
	assert_check(&sample_schema, "null", "params: must be an object, not null\n");
	assert_member("\"page_size\":\"5\"",
		      "params.page_size: must be an integer, not a string: write 5 without quotes\n");
	assert_member("\"page_size\":\"five\"", "params.page_size: must be an integer, not a string\n");
	assert_member("\"page_size\":\"5.5\"", "params.page_size: must be an integer, not a string\n");
	assert_member("\"page_size\":\" 5\"", "params.page_size: must be an integer, not a string\n");
	assert_member("\"page_size\":5.5", "params.page_size: must be an integer, not a fraction\n");
	assert_member("\"page_size\":true", "params.page_size: must be an integer, not true\n");
	assert_member("\"page_size\":null", "params.page_size: must be an integer, not null\n");
	assert_member("\"percent\":\"1.5\"",
		      "params.percent: must be a number, not a string: write 1.5 without quotes\n");
	assert_member("\"force\":\"true\"",
		      "params.force: must be true or false, not a string: write true without quotes\n");
	assert_member("\"force\":1", "params.force: must be true or false, not an integer\n");
	assert_member("\"code\":5", "params.code: must be a string, not an integer\n");
	assert_member("\"code\":5.0", "params.code: must be a string, not a number\n");
	assert_member("\"date\":false", "params.date: must be a string or null, not false\n");
	assert_member("\"list\":{}", "params.list: must be an array, not an object\n");
}

static void
strings_are_checked(void **state)
{
	(void)state;
	assert_member("\"mode\":\"replce\"",
		      "params.mode: must be one of: append, replace, remove; did you mean \"replace\"? "
		      "[append,replace,remove]\n");
	assert_member("\"mode\":\"zzz\"",
		      "params.mode: must be one of: append, replace, remove [append,replace,remove]\n");
	assert_member("\"mode\":\"\"",
		      "params.mode: must be one of: append, replace, remove [append,replace,remove]\n");
	assert_member("\"code\":\"A-B\"", "params.code: must match ^[a-z_]+$\n");
	assert_member("\"code\":\"a\\u0000b\"", "params.code: must not hold a NUL character (\\u0000)\n");
	assert_check(&sample_sku, "\"\"", "params: must not be empty\n");
	assert_check(&sample_sku, "\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"",
		     "params: must have at most 5 characters, not 6\n");
	assert_check(&(const struct json_schema){.type = JSON_T_STRING, .min_length = 3}, "\"ab\"",
		     "params: must have at least 3 characters, not 2\n");
	assert_check(
	    &(const struct json_schema){
		.type = JSON_T_STRING, .match = sample_is_code, .pattern = "x", .hint = "a code"},
	    "\"?\"", "params: must be a code\n");
}

static void
numbers_are_checked(void **state)
{
	(void)state;
	assert_member("\"page_size\":0", "params.page_size: must be at least 1\n");
	assert_member("\"page_size\":201", "params.page_size: must be at most 200\n");
	assert_member("\"percent\":0", "params.percent: must be greater than 0\n");
	assert_member("\"percent\":99.5", "params.percent: must be less than 99.5\n");
	assert_member("\"confirm\":false", "params.confirm: must be true\n");
}

static void
arrays_are_checked(void **state)
{
	(void)state;
	assert_check(&sample_schema, "{\"match\":{\"sku_list\":[]}}", "params.match.sku_list: must not be empty\n");
	assert_check(&sample_schema, "{\"match\":{\"ids\":[1]}}",
		     "params.match.ids: must have at least 2 items, not 1\n");
	assert_check(&sample_schema, "{\"match\":{\"sku_list\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}",
		     "params.match.sku_list: must have at most 4 items, not 5\n");
	assert_check(&sample_schema, "{\"match\":{\"sku_list\":[\"a\",\"b\",\"a\"]}}",
		     "params.match.sku_list[2]: repeats item 0; each may be given once\n");
	assert_check(&sample_schema, "{\"match\":{\"ids\":[1,2,1.0]}}",
		     "params.match.ids[2]: repeats item 0; each may be given once\n");
	assert_check(&sample_schema, "{\"match\":{\"sku_list\":[\"a\",5,\"\",[1]]}}",
		     "params.match.sku_list[1]: must be a string, not an integer\n"
		     "params.match.sku_list[2]: must not be empty\n"
		     "params.match.sku_list[3]: must be a string, not an array\n");
	assert_member("\"list\":[1,\"a\\u0000\"]", "params.list[1]: must not hold a NUL character (\\u0000)\n");
}

static void
objects_are_checked(void **state)
{
	(void)state;
	assert_check(&sample_schema, "{}", "params.match: is required\n");
	assert_check(&sample_schema, "{\"match\":{}}",
		     "params.match: must not be empty: give at least 1 of the allowed members "
		     "[sku_list,attribute_filters,ids]\n");
	assert_check(
	    &sample_schema, "{\"match\":{\"skuList\":[\"a\"]}}",
	    "params.match.skuList: is not known here; did you mean \"sku_list\"? [sku_list,attribute_filters,ids]\n");
	assert_check(&sample_schema, "{\"match\":{\"ids\":[1,2],\"wholly_other\":1}}",
		     "params.match.wholly_other: is not known here; leave it out [sku_list,attribute_filters,ids]\n");
	assert_member("\"values\":{\"deep\":[{\"er\":\"\\u0000\"}]}",
		      "params.values.deep: must not hold a NUL character (\\u0000)\n");
	assert_member("\"anything\":\"\\u0000\"", "params.anything: must not hold a NUL character (\\u0000)\n");
	assert_check(&sample_schema,
		     "{\"match\":{\"attribute_filters\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\"}}}",
		     "params.match.attribute_filters: must have at most 3 members, not 4\n");
	assert_check(&sample_schema, "{\"match\":{\"attribute_filters\":{\"A b\\\"\\n\":\"1\"}}}",
		     "params.match.attribute_filters[\"A b??\"]: has a name that cannot be right: it must be an "
		     "attribute code\n");
}

static void
branches_are_explained(void **state)
{
	(void)state;
	assert_check(&sample_filter, "\"x\"", "");
	assert_check(&sample_filter, "7", "");
	assert_check(&sample_filter, "{\"value\":\"x\"}", "");
	assert_check(&sample_filter, "true", "params: must be a string or a number or an object, not true\n");
	assert_check(&sample_filter, "\"\"", "params: must not be empty\n");
	assert_check(&sample_filter, "{\"value\":1,\"condition\":\"lik\"}",
		     "params.value: must be a string, not an integer\n"
		     "params.condition: must be one of: eq, like; did you mean \"like\"? [eq,like]\n");
}

static void
all_paths_come_at_once(void **state)
{
	(void)state;
	assert_check(
	    &sample_schema,
	    "{\"match\":{\"sku_list\":[\"a\",\"toolong\",\"\",7],\"attribute_filters\":{\"color\":{\"valu\":\"x\"}}},"
	    "\"page_size\":0,\"percent\":\"x\",\"confirm\":false,\"pagesize\":3}",
	    "params.match.sku_list[1]: must have at most 5 characters, not 7\n"
	    "params.match.sku_list[2]: must not be empty\n"
	    "params.match.sku_list[3]: must be a string, not an integer\n"
	    "params.match.attribute_filters.color.value: is required\n"
	    "params.match.attribute_filters.color.valu: is not known here; did you mean \"value\"? [value,condition]\n"
	    "params.page_size: must be at least 1\n"
	    "params.percent: must be a number, not a string\n"
	    "params.confirm: must be true\n"
	    "params.pagesize: is not known here; did you mean \"page_size\"? "
	    "[match,mode,page_size,percent,code,date,level,confirm,force,values,anything,list]\n");
}

static void
an_empty_root_gives_bare_names(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	check_text(&sample_schema, "", "{\"match\":{\"ids\":[1,2]},\"mode\":1}", &out);
	check_text(&sample_schema, "", "7", &out);
	assert_string_equal(buf_cstr(&out),
			    "mode: must be a string, not an integer\n: must be an object, not an integer\n");
	buf_fini(&out);
}

static const struct json_schema ints = {
    .type = JSON_T_ARRAY, .unique_items = true, .items = JSON_SCHEMA(.type = JSON_T_INTEGER)};

static void
violations_are_bounded(void **state)
{
	json_t *value = json_array(), *found = json_array();

	(void)state;
	for (int i = 0; i < 100000; i++)
		json_array_append_new(value, json_string("x"));
	assert_int_equal(json_schema_check(&ints, value, "p", found), JSON_VIOLATIONS_MAX);
	assert_int_equal(json_array_size(found), JSON_VIOLATIONS_MAX);
	assert_string_equal(json_get_str(json_array_get(found, 49), "path", ""), "p[49]");
	json_decref(value);
	json_decref(found);
}

static void
long_names_are_clipped(void **state)
{
	char key[400], text[500];
	json_t *value, *found = json_array();

	(void)state;
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"match\":{\"ids\":[1,2]},\"%s\":1,\"\xE2\x82\xAC%s\":1}", key, "");
	assert_int_equal(json_parse(slice_from_str(text), NULL, &value, NULL), 0);
	assert_int_equal(json_schema_check(&sample_schema, value, "params", found), 2);
	assert_int_equal(json_string_length(json_object_get(json_array_get(found, 0), "path")),
			 strlen("params.") + 64 + 3);
	assert_string_equal(json_get_str(json_array_get(found, 1), "path", ""), "params[\"\xE2\x82\xAC\"]");
	json_decref(value);
	json_decref(found);
}

static void
too_deep_for_the_walker_is_said(void **state)
{
	json_t *value = json_array(), *found = json_array();

	(void)state;
	for (int i = 0; i < 200; i++)
		value = json_pack("[o]", value);
	assert_int_equal(json_schema_check(&(const struct json_schema){.type = JSON_T_ANY}, value, "p", found), 1);
	assert_string_equal(json_get_str(json_array_get(found, 0), "message", ""), "is nested too deeply");
	json_decref(value);
	json_decref(found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_values_pass),
	    cmocka_unit_test(types_are_strict),
	    cmocka_unit_test(strings_are_checked),
	    cmocka_unit_test(numbers_are_checked),
	    cmocka_unit_test(arrays_are_checked),
	    cmocka_unit_test(objects_are_checked),
	    cmocka_unit_test(branches_are_explained),
	    cmocka_unit_test(all_paths_come_at_once),
	    cmocka_unit_test(an_empty_root_gives_bare_names),
	    cmocka_unit_test(violations_are_bounded),
	    cmocka_unit_test(long_names_are_clipped),
	    cmocka_unit_test(too_deep_for_the_walker_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
