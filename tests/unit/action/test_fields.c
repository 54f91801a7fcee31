#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/catalog/fields.h"
#include "base/compiler.h"
#include "json/get.h"

static json_t *
parse(const char *text)
{
	json_error_t error;
	char plain[600];
	json_t *value;
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < sizeof(plain); i++)
		plain[i] = text[i] == '\'' ? '"' : text[i];
	plain[i] = '\0';
	value = json_loads(plain, JSON_DECODE_ANY, &error);
	if (value == NULL)
		fail_msg("%s: %s", plain, error.text);
	return value;
}

static const struct product_field *
field(const char *name)
{
	const struct product_field *found = fields_find(name);

	if (found == NULL)
		fail_msg("no field %s", name);
	return found;
}

/* `got` (taken) is exactly `wanted`; numbers by value. */
static void
expect(const char *what, json_t *got, const char *wanted)
{
	json_t *tree = parse(wanted);
	bool same = json_is_number(tree) ? json_is_number(got) && json_number_value(got) == json_number_value(tree)
					 : json_equal(got, tree);

	if (!same)
		fail_msg("%s: %s, wanted %s", what, json_dumps(got, JSON_ENCODE_ANY), wanted);
	json_decref(tree);
	json_decref(got);
}

/* ---- normal forms ---- */

static void
every_field_is_there(void **state)
{
	static const char *const names[] = {"name",
					    "status",
					    "visibility",
					    "price",
					    "weight",
					    "description",
					    "short_description",
					    "meta_title",
					    "meta_description",
					    "meta_keyword",
					    "url_key",
					    "special_price",
					    "special_from_date",
					    "special_to_date",
					    "category_ids"};

	(void)state;
	assert_int_equal(product_n_fields, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_ptr_equal(field(names[i]), &product_fields[i]);
	assert_null(fields_find("sku"));
	assert_null(fields_find(""));
	for (size_t i = 0; fields_updates_shape.props[i].name != NULL; i++)
		(void)field(fields_updates_shape.props[i].name);
}

static void
parameters(void **state)
{
	static const struct {
		const char *name, *given, *normal;
	} cases[] = {
	    {"name", "'Blue'", "'Blue'"},
	    {"name", "''", "''"},
	    {"status", "1", "1"},
	    {"status", "2.0", "2"},
	    {"status", "'enabled'", "1"},
	    {"status", "'disabled'", "2"},
	    {"visibility", "'not_visible'", "1"},
	    {"visibility", "'catalog'", "2"},
	    {"visibility", "'search'", "3"},
	    {"visibility", "'both'", "4"},
	    {"visibility", "4", "4"},
	    {"price", "5", "5.0"},
	    {"price", "5.00004", "5.0"},
	    {"price", "5.00005", "5.0001"},
	    {"price", "0", "0.0"},
	    {"price", "99999999.9999", "99999999.9999"},
	    {"weight", "null", "null"},
	    {"weight", "0.5", "0.5"},
	    {"description", "''", "null"},
	    {"description", "null", "null"},
	    {"description", "'<p>'", "'<p>'"},
	    {"short_description", "''", "null"},
	    {"meta_title", "''", "null"},
	    {"meta_description", "'d'", "'d'"},
	    {"meta_keyword", "null", "null"},
	    {"url_key", "'a-1'", "'a-1'"},
	    {"special_price", "null", "null"},
	    {"special_price", "0", "0.0"},
	    {"special_from_date", "'2026-01-31'", "'2026-01-31 00:00:00'"},
	    {"special_to_date", "'2026-01-31 12:30:59'", "'2026-01-31 12:30:59'"},
	    {"special_to_date", "null", "null"},
	    {"category_ids", "[4, 2, 33]", "[2, 4, 33]"},
	    {"category_ids", "[]", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *given = parse(cases[i].given);

		expect(cases[i].name, fields_of_param(field(cases[i].name), given), cases[i].normal);
		json_decref(given);
	}
	expect("absent", fields_of_param(field("name"), NULL), "null");
}

#define CUSTOM(code, value)                                                                                            \
	"{'custom_attributes':[{'attribute_code':'other','value':'x'},{'attribute_code':'" code "','value':" value "}" \
	"]"                                                                                                            \
	"}"

static void
products(void **state)
{
	static const struct {
		const char *name, *product, *normal;
	} cases[] = {
	    {"name", "{'name':'Blue'}", "'Blue'"},
	    {"name", CUSTOM("name", "'not here'"), "null"},
	    {"status", "{'status':2}", "2"},
	    {"status", "{'status':'2'}", "2"},
	    {"visibility", "{'visibility':4}", "4"},
	    {"price", "{'price':11.5}", "11.5"},
	    {"price", "{'price':'11.500000'}", "11.5"},
	    {"price", "{}", "null"},
	    {"weight", "{'weight':'1.500000'}", "1.5"},
	    {"description", CUSTOM("description", "'<p>'"), "'<p>'"},
	    {"description", CUSTOM("description", "''"), "null"},
	    {"description", "{'description':'not here'}", "null"},
	    {"meta_title", CUSTOM("meta_title", "12"), "'12'"},
	    {"meta_title", CUSTOM("meta_title", "['a']"), "null"},
	    {"url_key", CUSTOM("url_key", "'p-1'"), "'p-1'"},
	    {"special_price", CUSTOM("special_price", "'5.500000'"), "5.5"},
	    {"special_price", CUSTOM("special_price", "''"), "null"},
	    {"special_price", CUSTOM("special_price", "'cheap'"), "null"},
	    {"special_price", "{'custom_attributes':[]}", "null"},
	    {"special_from_date", CUSTOM("special_from_date", "'2026-01-31 00:00:00'"), "'2026-01-31 00:00:00'"},
	    {"special_from_date", CUSTOM("special_from_date", "'2026-01-31'"), "'2026-01-31 00:00:00'"},
	    {"special_to_date", CUSTOM("special_to_date", "''"), "null"},
	    {"category_ids",
	     "{'extension_attributes':{'category_links':[{'position':1,'category_id':'10'},"
	     "{'position':0,'category_id':'9'}]}}",
	     "[9, 10]"},
	    {"category_ids", CUSTOM("category_ids", "['5', '3']"), "[3, 5]"},
	    {"category_ids", "{}", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *product = parse(cases[i].product);

		expect(cases[i].product, fields_of_product(field(cases[i].name), product), cases[i].normal);
		json_decref(product);
	}
}

/* ---- equality ---- */

static void
equality(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool same;
	} cases[] = {
	    {"price", "5", "5.0", true},
	    {"price", "5.00004", "5.0", true},
	    {"price", "5.0001", "5.0", false},
	    {"price", "null", "0", false},
	    {"special_price", "null", "null", true},
	    {"name", "'a'", "'a'", true},
	    {"name", "'a'", "'A'", false},
	    {"name", "'a'", "'a '", false},
	    {"name", "null", "''", false},
	    {"status", "1", "2", false},
	    {"category_ids", "[2, 4]", "[2, 4]", true},
	    {"category_ids", "[]", "[2]", false},
	    {"special_to_date", "'2026-01-31 00:00:00'", "'2026-01-31 00:00:01'", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *a = parse(cases[i].a), *b = parse(cases[i].b);

		if (fields_same(field(cases[i].name), a, b) != cases[i].same ||
		    fields_same(field(cases[i].name), b, a) != cases[i].same)
			fail_msg("%s: %s and %s", cases[i].name, cases[i].a, cases[i].b);
		json_decref(a);
		json_decref(b);
	}
}

/* ---- bodies ---- */

static void
bodies(void **state)
{
	static const struct {
		const char *name, *target, *body;
	} cases[] = {
	    {"name", "'Blue'", "{'name':'Blue'}"},
	    {"status", "2", "{'status':2}"},
	    {"visibility", "4", "{'visibility':4}"},
	    {"price", "11.5", "{'price':11.5}"},
	    {"weight", "null", "{'weight':null}"},
	    {"description", "'<p>'", "{'custom_attributes':[{'attribute_code':'description','value':'<p>'}]}"},
	    {"meta_title", "null", "{'custom_attributes':[{'attribute_code':'meta_title','value':null}]}"},
	    {"url_key", "'a-1'", "{'custom_attributes':[{'attribute_code':'url_key','value':'a-1'}]}"},
	    {"special_price", "5.5", "{'custom_attributes':[{'attribute_code':'special_price','value':'5.5000'}]}"},
	    {"special_price", "null", "{'custom_attributes':[{'attribute_code':'special_price','value':null}]}"},
	    {"special_from_date", "'2026-01-31 00:00:00'",
	     "{'custom_attributes':[{'attribute_code':'special_from_date','value':'2026-01-31 00:00:00'}]}"},
	    {"category_ids", "[2, 4]", "{'custom_attributes':[{'attribute_code':'category_ids','value':['2','4']}]}"},
	    {"category_ids", "[]", "{'extension_attributes':{'category_links':[]}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *target = parse(cases[i].target), *body = json_object();

		assert_int_equal(fields_put(field(cases[i].name), body, target), 0);
		json_decref(target);
		expect(cases[i].name, body, cases[i].body);
	}
}

static void
several_in_one_body(void **state)
{
	static const char *const names[] = {"name", "special_price", "meta_title"};
	json_t *body = json_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		json_t *target = i == 1 ? json_real(1) : json_string("x");

		assert_int_equal(fields_put(field(names[i]), body, target), 0);
		json_decref(target);
	}
	expect("three", body,
	       "{'name':'x','custom_attributes':[{'attribute_code':'special_price','value':'1.0000'},"
	       "{'attribute_code':'meta_title','value':'x'}]}");
}

/* What is put into a body and comes back in an answer is the same value. */
static void
round_trip(void **state)
{
	static const struct {
		const char *name, *target;
	} cases[] = {{"name", "'n'"},
		     {"status", "1"},
		     {"price", "1.2345"},
		     {"weight", "3"},
		     {"meta_title", "'t'"},
		     {"special_price", "0.01"},
		     {"special_price", "null"},
		     {"special_to_date", "'2026-01-31 10:00:00'"},
		     {"category_ids", "[1, 200]"},
		     {"category_ids", "[]"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *target = parse(cases[i].target), *body = json_object(), *back;

		assert_int_equal(fields_put(field(cases[i].name), body, target), 0);
		back = fields_of_product(field(cases[i].name), body);
		assert_true(fields_same(field(cases[i].name), target, back));
		json_decref(back);
		json_decref(body);
		json_decref(target);
	}
}

/* ---- what the parameter takes ---- */

static void
shapes(void **state)
{
	static const struct {
		const char *updates;
		bool good;
	} cases[] = {
	    {"{'name':'x'}", true},
	    {"{'name':''}", false},
	    {"{'name':null}", false},
	    {"{'status':1}", true},
	    {"{'status':'disabled'}", true},
	    {"{'status':0}", false},
	    {"{'status':'1'}", false},
	    {"{'visibility':5}", false},
	    {"{'visibility':'both'}", true},
	    {"{'price':0}", true},
	    {"{'price':null}", false},
	    {"{'price':100000000}", false},
	    {"{'special_price':null}", true},
	    {"{'weight':null}", true},
	    {"{'url_key':'a-b'}", true},
	    {"{'url_key':'A'}", false},
	    {"{'special_from_date':'2024-02-29'}", true},
	    {"{'special_from_date':'2026-02-29'}", false},
	    {"{'special_from_date':'2026-13-01'}", false},
	    {"{'special_to_date':'2026-01-01 23:59:59'}", true},
	    {"{'special_to_date':'2026-01-01 24:00:00'}", false},
	    {"{'special_to_date':'2026-01-01T00:00:00'}", false},
	    {"{'category_ids':[]}", true},
	    {"{'category_ids':[0]}", false},
	    {"{'category_ids':[1,1]}", false},
	    {"{'sku':'x'}", false},
	    {"{}", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *updates = parse(cases[i].updates), *violations = json_array();

		if ((json_schema_check(&fields_updates_shape, updates, "u", violations) == 0) != cases[i].good)
			fail_msg("%s", cases[i].updates);
		json_decref(violations);
		json_decref(updates);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_field_is_there),
	    cmocka_unit_test(parameters),
	    cmocka_unit_test(products),
	    cmocka_unit_test(equality),
	    cmocka_unit_test(bodies),
	    cmocka_unit_test(several_in_one_body),
	    cmocka_unit_test(round_trip),
	    cmocka_unit_test(shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
