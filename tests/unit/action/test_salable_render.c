#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "action/diagnostics/salable.h"
#include "action/diagnostics/stock.h"
#include "json/get.h"

/* Two websites with a stock each. */
static const char *const start[] = {
    "{'sku':'A','type_id':'simple','extension_attributes':{'website_ids':[1]}}",
    "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1,'stock_name':'Default Stock'},"
    " {'website_code':'eu','website_id':2,'linked':true,'stock_id':2,'stock_name':'EU stock'}]",
    "{'1':{'salable':{'A':true},'quantity':{'A':100},'errors':{},'sources':[{'source_code':'default','enabled':true}]},"
    " '2':{'salable':{'A':true},'quantity':{'A':25.5},'errors':{},'sources':[{'source_code':'dub','enabled':true}]}}",
    "[{'sku':'A','source_code':'default','quantity':100,'status':1},{'sku':'A','source_code':'dub','quantity':25.5,'"
    "status':1}]",
};

static json_t *
parse(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	for (char *c = copy; *c != '\0'; c++) {
		if (*c == '\'')
			*c = '"';
	}
	value = json_loads(copy, JSON_DECODE_ANY, NULL);
	free(copy);
	assert_non_null(value);
	return value;
}

static json_t *product, *sites, *levels, *items, *children, *unavailable;
static size_t n_children;
static bool all_sites;

static int
set_up(void **state)
{
	(void)state;
	product = parse(start[0]);
	sites = parse(start[1]);
	levels = parse(start[2]);
	items = parse(start[3]);
	children = NULL;
	n_children = 0;
	unavailable = json_array();
	all_sites = true;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(product);
	json_decref(sites);
	json_decref(levels);
	json_decref(items);
	json_decref(children);
	json_decref(unavailable);
	return 0;
}

static json_t *
render(void)
{
	const struct salable_facts facts = {.product = product,
					    .sites = sites,
					    .levels = levels,
					    .source_items = items,
					    .children = children,
					    .n_children = n_children,
					    .unavailable = unavailable,
					    .has_msi = true,
					    .all_sites = all_sites};
	json_t *result = salable_render(&facts);

	assert_non_null(result);
	return result;
}

static json_t *
website(const json_t *result, size_t i)
{
	return json_array_get(json_object_get(result, "websites"), i);
}

static void
expect_note(const char *start_of_note)
{
	json_t *result = render();
	json_t *notes = json_object_get(result, "notes");

	if (start_of_note == NULL) {
		assert_int_equal(json_array_size(notes), 0);
	} else {
		assert_int_equal(json_array_size(notes), 1);
		assert_memory_equal(json_string_value(json_array_get(notes, 0)), start_of_note, strlen(start_of_note));
	}
	json_decref(result);
}

static void
replace(json_t **value, const char *text)
{
	json_decref(*value);
	*value = parse(text);
}

static void
test_two_stocks(void **state)
{
	json_t *result = render();

	(void)state;
	assert_true(json_get_num(result, "salable_quantity", 0) == 125.5);
	assert_true(json_get_bool(website(result, 0), "assigned", false));
	assert_false(json_get_bool(website(result, 1), "assigned", true));
	assert_int_equal(json_get_int(website(result, 1), "stock_id", 0), 2);
	assert_true(json_get_num(website(result, 1), "salable_quantity", 0) == 25.5);
	assert_string_equal(
	    json_get_str(json_array_get(json_object_get(website(result, 1), "sources"), 0), "source_code", ""), "dub");
	assert_true(json_is_null(json_object_get(result, "stock_item")));
	assert_null(json_object_get(result, "unavailable"));
	assert_int_equal(json_get_array_len(result, "notes"), 0);
	json_decref(result);
}

static void
test_one_stock_counts_once(void **state)
{
	json_t *result;

	(void)state;
	replace(&sites, "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1},"
			"{'website_code':'eu','website_id':2,'linked':true,'stock_id':1}]");
	json_object_del(levels, "2");
	result = render();
	assert_true(json_get_num(result, "salable_quantity", 0) == 100);
	json_decref(result);
}

static void
test_unknown_quantity_gives_no_sum(void **state)
{
	json_t *result;

	(void)state;
	json_object_del(json_object_get(json_object_get(levels, "2"), "quantity"), "A");
	json_object_set_new(json_object_get(json_object_get(levels, "2"), "errors"), "quantity A", json_string("why"));
	result = render();
	assert_true(json_is_null(json_object_get(result, "salable_quantity")));
	assert_string_equal(json_get_str(website(result, 1), "error", ""), "why");
	json_decref(result);
}

static void
test_website_without_stock(void **state)
{
	json_t *result;

	(void)state;
	replace(&sites, "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1},"
			"{'website_code':'eu','website_id':2,'linked':false,'error':'No linked stock found'}]");
	json_object_del(levels, "2");
	json_array_remove(items, 1);
	result = render();
	assert_true(json_get_num(result, "salable_quantity", 0) == 100);
	assert_null(json_object_get(website(result, 1), "stock_id"));
	assert_string_equal(json_get_str(website(result, 1), "error", ""), "No linked stock found");
	json_decref(result);
	replace(&sites, "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1},"
			"{'website_code':'eu','website_id':2,'linked':null,'error':'no permission'}]");
	result = render();
	assert_true(json_is_null(json_object_get(result, "salable_quantity")));
	json_decref(result);
}

static void
test_disabled_source(void **state)
{
	(void)state;
	replace(
	    &levels,
	    "{'1':{'salable':{'A':true},'quantity':{'A':100},'sources':[{'source_code':'default','enabled':false}]},"
	    "'2':{'salable':{'A':true},'quantity':{'A':25.5},'sources':[{'source_code':'dub','enabled':true}]}}");
	expect_note("The source default is disabled");
}

static void
test_held_but_not_salable(void **state)
{
	(void)state;
	json_object_set_new(json_object_get(json_object_get(levels, "1"), "quantity"), "A", json_integer(0));
	expect_note("The sources of stock 1 hold 100, but nothing is salable");
	/* Out of stock by its own word: nothing odd. */
	json_object_set_new(json_array_get(items, 0), "status", json_integer(0));
	expect_note(NULL);
}

static void
test_orphan_source_item(void **state)
{
	(void)state;
	json_array_append_new(items, parse("{'sku':'A','source_code':'old','quantity':1,'status':1}"));
	expect_note("The source old belongs to no website's stock");
	/* Of one website's stock it cannot be said. */
	all_sites = false;
	expect_note(NULL);
	all_sites = true;
	json_object_del(json_object_get(levels, "2"), "sources");
	expect_note(NULL);
}

static void
test_children(void **state)
{
	json_t *result, *child, *stocks;

	(void)state;
	replace(&product, "{'sku':'A','type_id':'configurable','extension_attributes':{'website_ids':[1]}}");
	replace(&levels, "{'1':{'salable':{'A':true,'A-S':true},'quantity':{'A-S':7},'errors':{},'sources':[]}}");
	replace(&sites, "[{'website_code':'base','website_id':1,'linked':true,'stock_id':1}]");
	replace(&items, "[]");
	children = parse("[{'sku':'A-S','status':1}]");
	n_children = 60;
	result = render();
	assert_true(json_is_null(json_object_get(result, "salable_quantity")));
	child = json_array_get(json_object_get(result, "children"), 0);
	assert_string_equal(json_get_str(child, "sku", ""), "A-S");
	assert_int_equal(json_get_int(child, "status", 0), 1);
	stocks = json_object_get(child, "stocks");
	assert_int_equal(json_get_int(json_array_get(stocks, 0), "salable_quantity", 0), 7);
	assert_memory_equal(json_string_value(json_array_get(json_object_get(result, "notes"), 0)),
			    "The product has 60 children", 27);
	json_decref(result);
}

static void
test_lists_that_could_not_be_read(void **state)
{
	json_t *result;

	(void)state;
	json_decref(items);
	items = NULL;
	json_array_append_new(unavailable, parse("{'part':'source_items','reason':'no permission'}"));
	result = render();
	assert_int_equal(json_get_array_len(result, "source_items"), 0);
	assert_true(json_is_array(json_object_get(result, "source_items")));
	assert_int_equal(json_get_array_len(result, "unavailable"), 1);
	json_decref(result);
}

static void
test_types_with_a_quantity(void **state)
{
	(void)state;
	assert_true(stock_is_counted("simple"));
	assert_true(stock_is_counted("virtual"));
	assert_true(stock_is_counted("downloadable"));
	assert_false(stock_is_counted("configurable"));
	assert_false(stock_is_counted("bundle"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_two_stocks),
	    TEST(test_one_stock_counts_once),
	    TEST(test_unknown_quantity_gives_no_sum),
	    TEST(test_website_without_stock),
	    TEST(test_disabled_source),
	    TEST(test_held_but_not_salable),
	    TEST(test_orphan_source_item),
	    TEST(test_children),
	    TEST(test_lists_that_could_not_be_read),
	    TEST(test_types_with_a_quantity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
