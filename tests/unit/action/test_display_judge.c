#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "action/diagnostics/display_check.h"
#include "json/get.h"

/* A product without fault in two views of one website. */
static const char healthy[] =
    "{'today':'2026-11-22','has_msi':true,"
    " 'product':{'id':1,'sku':'A','name':'Thing','type_id':'simple','status':1,'visibility':4,'price':10,"
    "  'extension_attributes':{'website_ids':[1],'category_links':[{'position':0,'category_id':'3'}]},"
    "  'media_gallery_entries':[{'id':1,'types':['image','small_image']}]},"
    " 'categories':[{'id':3,'name':'Gear','is_active':true,'path':'1/2/"
    "3'},{'id':2,'name':'Root','is_active':true,'path':'1/2'}],"
    " 'sites':[{'website_code':'base','website_id':1,'linked':true,'stock_id':1}],"
    " 'levels':{'1':{'salable':{'A':true},'quantity':{'A':5.5},'errors':{}}},"
    " 'views':[{'code':'default','website_code':'base','website_id':1,'root_category_id':2,'url':'a.html',"
    "           "
    "'product':{'status':1,'visibility':4,'price':10,'custom_attributes':[{'attribute_code':'url_key','value':'a'}]},"
    "           'route':{'relative_url':'a.html','redirect_code':0,'type':'PRODUCT'}},"
    "          {'code':'de','website_code':'base','website_id':1,'root_category_id':2,'url':'a.html',"
    "           "
    "'product':{'status':1,'visibility':4,'price':10,'custom_attributes':[{'attribute_code':'url_key','value':'a'}]},"
    "           'route':{'relative_url':'a.html','redirect_code':0,'type':'PRODUCT'}}]}";

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

static json_t *facts;

static int
set_up(void **state)
{
	(void)state;
	facts = parse(healthy);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(facts);
	return 0;
}

static json_t *
view(size_t i)
{
	return json_array_get(json_object_get(facts, "views"), i);
}

static void
set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, parse(text));
}

/* A field of all views and of the product itself. */
static void
set_everywhere(const char *key, const char *text)
{
	set(json_object_get(facts, "product"), key, text);
	for (size_t i = 0; i < 2; i++)
		set(json_object_get(view(i), "product"), key, text);
}

static void
set_attribute(json_t *product, const char *code, const char *value)
{
	json_t *list = json_object_get(product, "custom_attributes");

	json_array_append_new(list, json_pack("{s:s, s:s}", "attribute_code", code, "value", value));
}

static json_t *
judge(void)
{
	json_t *result = display_judge(facts);

	assert_non_null(result);
	return result;
}

/* Exactly these issues, in this order; NULL ends. */
static json_t *
expect_issues(const char *first, const char *second)
{
	json_t *result = judge();
	json_t *issues = json_object_get(result, "issues");
	size_t n = (first != NULL) + (second != NULL);

	assert_int_equal(json_get_int(result, "issue_count", -1), n);
	assert_string_equal(json_string_value(json_array_get(issues, 0)),
			    first != NULL ? first : "No issues detected.");
	if (second != NULL)
		assert_string_equal(json_string_value(json_array_get(issues, 1)), second);
	return result;
}

static const json_t *
find_check(const json_t *result, const char *name)
{
	json_t *checks = json_object_get(result, "checks");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		if (strcmp(json_get_str(json_array_get(checks, i), "check", ""), name) == 0)
			return json_array_get(checks, i);
	}
	fail_msg("no check %s", name);
	return NULL;
}

static bool
is_unknown(const json_t *result, const char *name)
{
	return json_is_null(json_object_get(find_check(result, name), "ok"));
}

static bool
recommends(const json_t *result, const char *text)
{
	json_t *actions = json_object_get(result, "recommended_actions");

	for (size_t i = 0; i < json_array_size(actions); i++) {
		if (strstr(json_string_value(json_array_get(actions, i)), text) != NULL)
			return true;
	}
	return false;
}

static void
test_healthy(void **state)
{
	json_t *result = expect_issues(NULL, NULL);

	(void)state;
	assert_int_equal(json_get_array_len(result, "recommended_actions"), 0);
	assert_true(json_get_bool(result, "found", false));
	assert_string_equal(json_get_str(result, "product_name", ""), "Thing");
	assert_string_equal(json_get_str(find_check(result, "stock"), "detail", ""),
			    "Salable in website base, quantity 5.5");
	json_decref(result);
}

static void
test_disabled_in_one_view(void **state)
{
	json_t *result;

	(void)state;
	set(json_object_get(view(1), "product"), "status", "2");
	result = expect_issues("Disabled (status 2) (store view de)", NULL);
	assert_true(recommends(result, "catalog_prepare_bulk_update with status 1"));
	json_decref(result);
}

static void
test_equal_issues_are_one(void **state)
{
	json_t *result;

	(void)state;
	set_everywhere("visibility", "1");
	result = expect_issues("Not visible individually (visibility 1) (store view default, de)", NULL);
	assert_int_equal(json_get_array_len(result, "recommended_actions"), 1);
	json_decref(result);
}

static void
test_partly_visible_is_a_note(void **state)
{
	json_t *result;

	(void)state;
	set_everywhere("visibility", "3");
	result = expect_issues(NULL, NULL);
	assert_memory_equal(json_get_str(find_check(result, "visibility"), "detail", ""), "Note:", 5);
	json_decref(result);
}

static void
test_not_in_the_website(void **state)
{
	json_t *result;

	(void)state;
	set(json_object_get(json_object_get(facts, "product"), "extension_attributes"), "website_ids", "[2]");
	result = expect_issues("Not assigned to website base (store view default, de)", NULL);
	assert_true(recommends(result, "admin panel"));
	json_decref(result);
}

static void
test_price(void **state)
{
	(void)state;
	set_everywhere("price", "0");
	json_decref(expect_issues("The price is 0 (store view default, de)", NULL));
	set(json_object_get(facts, "product"), "type_id", "'grouped'");
	json_decref(expect_issues(NULL, NULL));
}

static void
test_special_price(void **state)
{
	json_t *product = json_object_get(view(0), "product");

	(void)state;
	set_attribute(product, "special_price", "12.000000");
	json_decref(expect_issues("The special price 12 is not below the price 10 (store view default)", NULL));
	set_attribute(product, "special_to_date", "2026-11-21 00:00:00");
	json_decref(expect_issues(NULL, NULL));
}

static void
test_special_price_of_nothing(void **state)
{
	(void)state;
	set_attribute(json_object_get(view(0), "product"), "special_price", "0.000000");
	json_decref(expect_issues("The special price is 0: it sells for nothing (store view default)", NULL));
}

static void
test_no_category(void **state)
{
	(void)state;
	set(json_object_get(json_object_get(facts, "product"), "extension_attributes"), "category_links", "[]");
	json_decref(expect_issues("In no category (store view default, de)", NULL));
}

static void
test_inactive_category(void **state)
{
	json_t *categories = json_object_get(facts, "categories");

	(void)state;
	set(json_array_get(categories, 0), "is_active", "false");
	json_decref(expect_issues("Its category Gear is inactive (store view default, de)", NULL));
	set(json_array_get(categories, 0), "is_active", "true");
	set(json_array_get(categories, 1), "is_active", "false");
	json_decref(
	    expect_issues("Its category Gear lies below the inactive category Root (store view default, de)", NULL));
}

static void
test_category_of_another_store(void **state)
{
	(void)state;
	set(view(1), "root_category_id", "9");
	json_decref(expect_issues("In no category below this store's root category (store view de)", NULL));
}

static void
test_categories_not_readable(void **state)
{
	json_t *result;

	(void)state;
	set(facts, "categories_error", "'This needs the Magento permission Magento_Catalog::categories'");
	result = expect_issues(NULL, NULL);
	assert_true(is_unknown(result, "category"));
	assert_non_null(
	    strstr(json_get_str(find_check(result, "category"), "detail", ""), "Magento_Catalog::categories"));
	json_decref(result);
}

static void
test_stock(void **state)
{
	json_t *level = json_object_get(json_object_get(facts, "levels"), "1");
	json_t *result;

	(void)state;
	set(level, "salable", "{'A':false}");
	set(level, "quantity", "{'A':0}");
	result = expect_issues("Not salable in website base (salable quantity 0)", NULL);
	assert_true(recommends(result, "diagnostics_inventory_salable_report"));
	json_decref(result);
	set(level, "salable", "{}");
	set(level, "errors", "{'salable':'Magento failed'}");
	result = expect_issues(NULL, NULL);
	assert_true(is_unknown(result, "stock"));
	json_decref(result);
}

static void
test_no_stock_linked(void **state)
{
	(void)state;
	set(facts, "sites", "[{'website_code':'base','website_id':1,'linked':false,'error':'No linked stock found'}]");
	json_decref(expect_issues("Website base has no stock linked", NULL));
	set(facts, "sites", "[{'website_code':'base','website_id':1,'linked':null,'error':'no permission'}]");
	json_decref(expect_issues(NULL, NULL));
}

static void
test_shop_without_msi(void **state)
{
	json_t *extension = json_object_get(json_object_get(facts, "product"), "extension_attributes");

	(void)state;
	set(facts, "has_msi", "false");
	set(facts, "sites", "[]");
	set(extension, "stock_item", "{'is_in_stock':false}");
	json_decref(expect_issues("Out of stock", NULL));
	set(extension, "stock_item", "{'is_in_stock':true}");
	json_decref(expect_issues(NULL, NULL));
}

static void
make_configurable(const char *children)
{
	set(json_object_get(facts, "product"), "type_id", "'configurable'");
	set_everywhere("price", "0");
	set(view(0), "children", children);
	set(view(1), "children", "[{'sku':'A-S','status':1}]");
	set(json_object_get(json_object_get(facts, "levels"), "1"), "salable", "{'A':true,'A-S':true,'A-M':false}");
}

static void
test_children(void **state)
{
	(void)state;
	make_configurable("[{'sku':'A-S','status':1},{'sku':'A-M','status':1}]");
	json_decref(expect_issues(NULL, NULL));
	make_configurable("[{'sku':'A-S','status':2},{'sku':'A-M','status':1}]");
	json_decref(expect_issues("None of its 1 enabled children is salable (store view default)", NULL));
	make_configurable("[{'sku':'A-S','status':2},{'sku':'A-M','status':2}]");
	json_decref(expect_issues("None of its 2 children is enabled (store view default)", NULL));
	make_configurable("[]");
	json_decref(expect_issues("It has no children (store view default)", NULL));
}

static void
test_children_of_unknown_stock(void **state)
{
	json_t *result;

	(void)state;
	make_configurable("[{'sku':'A-X','status':1}]");
	result = expect_issues(NULL, NULL);
	assert_true(is_unknown(result, "children"));
	json_decref(result);
}

static void
test_images(void **state)
{
	json_t *product = json_object_get(facts, "product");

	(void)state;
	set(product, "media_gallery_entries", "[{'types':['image']}]");
	json_decref(expect_issues("No image has the role small_image", NULL));
	set(product, "custom_attributes", "[{'attribute_code':'small_image','value':'/a.jpg'}]");
	json_decref(expect_issues(NULL, NULL));
	set(product, "custom_attributes", "[{'attribute_code':'small_image','value':'no_selection'}]");
	json_decref(expect_issues("No image has the role small_image", NULL));
	set(product, "media_gallery_entries", "[]");
	json_decref(expect_issues("It has no image", NULL));
}

static void
test_missing_route(void **state)
{
	json_t *result;

	(void)state;
	set(view(0), "route", "null");
	result = expect_issues(
	    "The storefront does not know a.html: reindex needed, or the URL rewrite is missing (store view default)",
	    NULL);
	assert_true(recommends(result, "diagnostics_indexer_status_report"));
	json_decref(result);
	/* A disabled product has no address: that is no fault of its own. */
	set(json_object_get(view(0), "product"), "status", "2");
	json_decref(expect_issues("Disabled (status 2) (store view default)", NULL));
}

static void
test_route_not_asked(void **state)
{
	json_t *result;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_object_del(view(i), "route");
		set(view(i), "route_error", "'GraphQL is closed'");
	}
	result = expect_issues(NULL, NULL);
	assert_true(is_unknown(result, "url"));
	json_decref(result);
}

static void
test_route_to_something_else(void **state)
{
	(void)state;
	set(view(0), "route", "{'type':'CATEGORY','redirect_code':0,'relative_url':'a.html'}");
	json_decref(expect_issues("a.html leads to something else (CATEGORY) (store view default)", NULL));
}

static void
test_no_url_key(void **state)
{
	(void)state;
	set(json_object_get(view(0), "product"), "custom_attributes", "[]");
	json_decref(expect_issues("It has no URL key (store view default)", NULL));
}

static void
test_without_the_store_tree(void **state)
{
	json_t *result;

	(void)state;
	set(facts, "views_error", "'This needs the Magento permission Magento_Backend::store'");
	set(facts, "sites", "[]");
	set(facts, "views",
	    "[{'code':'all','product':{'status':2,'visibility':4,'price':10,"
	    "'custom_attributes':[{'attribute_code':'url_key','value':'a'}]}}]");
	result = expect_issues("Disabled (status 2)", NULL);
	assert_true(is_unknown(result, "website"));
	assert_null(json_object_get(find_check(result, "status"), "view"));
	json_decref(result);
}

static void
test_view_that_could_not_be_read(void **state)
{
	json_t *result;

	(void)state;
	json_object_del(view(0), "product");
	set(view(0), "error", "'Magento did not answer in time'");
	result = expect_issues(NULL, NULL);
	assert_true(is_unknown(result, "status"));
	json_decref(result);
}

static void
test_not_found(void **state)
{
	json_t *result = display_not_found("X");

	(void)state;
	assert_false(json_get_bool(result, "found", true));
	assert_string_equal(json_string_value(json_array_get(json_object_get(result, "issues"), 0)),
			    "Product not found");
	assert_int_equal(json_get_int(result, "issue_count", 0), 1);
	json_decref(result);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_healthy),
	    TEST(test_disabled_in_one_view),
	    TEST(test_equal_issues_are_one),
	    TEST(test_partly_visible_is_a_note),
	    TEST(test_not_in_the_website),
	    TEST(test_price),
	    TEST(test_special_price),
	    TEST(test_special_price_of_nothing),
	    TEST(test_no_category),
	    TEST(test_inactive_category),
	    TEST(test_category_of_another_store),
	    TEST(test_categories_not_readable),
	    TEST(test_stock),
	    TEST(test_no_stock_linked),
	    TEST(test_shop_without_msi),
	    TEST(test_children),
	    TEST(test_children_of_unknown_stock),
	    TEST(test_images),
	    TEST(test_missing_route),
	    TEST(test_route_not_asked),
	    TEST(test_route_to_something_else),
	    TEST(test_no_url_key),
	    TEST(test_without_the_store_tree),
	    TEST(test_view_that_could_not_be_read),
	    TEST(test_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
