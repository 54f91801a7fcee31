/*
 * test_schema.c - what is published
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json/get.h"
#include "json/write.h"
#include "sample_schema.h"

static void
assert_published(const struct json_schema *schema, const char *want)
{
	json_t *tree = NULL;
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_int_equal(json_schema_to_json(schema, &tree), 0);
	assert_int_equal(json_dump_to(&out, tree), 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_fini(&out);
	json_decref(tree);
}

/* */
static void
no_parameters_is_an_empty_closed_object(void **state)
{
	(void)state;
	assert_published(&(const struct json_schema){.type = JSON_T_OBJECT},
			 "{\"type\":\"object\",\"additionalProperties\":false}");
	assert_published(&(const struct json_schema){.type = JSON_T_ANY}, "{}");
}

static void
every_keyword_is_published_in_order(void **state)
{
	(void)state;
	assert_published(
	    &sample_schema,
	    "{\"description\":\"Every keyword\",\"type\":\"object\",\"properties\":{"
	    "\"match\":{\"description\":\"Which products\",\"type\":\"object\",\"properties\":{"
	    "\"sku_list\":{\"description\":\"Exact SKUs\",\"type\":\"array\",\"items\":"
	    "{\"type\":\"string\",\"minLength\":1,\"maxLength\":5},\"minItems\":1,\"maxItems\":4,\"uniqueItems\":true},"
	    "\"attribute_filters\":{\"type\":\"object\",\"propertyNames\":{\"pattern\":\"^[a-z_]+$\"},"
	    "\"additionalProperties\":{\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"number\"},"
	    "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"string\"},"
	    "\"condition\":{\"type\":\"string\",\"enum\":[\"eq\",\"like\"]}},\"required\":[\"value\"],"
	    "\"additionalProperties\":false}]},\"maxProperties\":3},"
	    "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":1},\"minItems\":2,\"uniqueItems\":"
	    "true}},"
	    "\"additionalProperties\":false,\"minProperties\":1},"
	    "\"mode\":{\"type\":\"string\",\"enum\":[\"append\",\"replace\",\"remove\"],\"default\":\"append\"},"
	    "\"page_size\":{\"title\":\"Page size\",\"type\":\"integer\",\"minimum\":1,\"maximum\":200,\"default\":20},"
	    "\"percent\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":99.5},"
	    "\"code\":{\"type\":\"string\",\"pattern\":\"^[a-z_]+$\"},"
	    "\"date\":{\"type\":[\"string\",\"null\"],\"format\":\"date\"},"
	    "\"level\":{\"type\":[\"string\",\"null\"],\"enum\":[\"low\",null]},"
	    "\"confirm\":{\"type\":\"boolean\",\"const\":true},"
	    "\"force\":{\"type\":\"boolean\",\"default\":false},"
	    "\"values\":{\"type\":\"object\",\"additionalProperties\":true},"
	    "\"anything\":{},"
	    "\"list\":{\"type\":\"array\"}},"
	    "\"required\":[\"match\"],\"additionalProperties\":false}");
}

/* A shape used twice is not changed by the description it gets in one place. */
static void
description_of_the_property_wins(void **state)
{
	static const struct json_schema shape = {.type = JSON_T_STRING, .description = "shape"};
	static const struct json_prop props[] = {
	    {.name = "a", .schema = &shape, .description = "here"}, {.name = "b", .schema = &shape}, {0}};
	static const struct json_schema both = {.type = JSON_T_OBJECT, .props = props};
	json_t *tree, *list;

	(void)state;
	assert_int_equal(json_schema_to_json(&both, &tree), 0);
	list = json_get_object(tree, "properties");
	assert_string_equal(json_get_str(json_get(list, "a"), "description", ""), "here");
	assert_string_equal(json_get_str(json_get(list, "b"), "description", ""), "shape");
	json_decref(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_parameters_is_an_empty_closed_object),
	    cmocka_unit_test(every_keyword_is_published_in_order),
	    cmocka_unit_test(description_of_the_property_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
