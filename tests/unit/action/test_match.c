/*
 * test_match.c - which products a match selects, and with which requests, against a scripted shop
 */
#include "fake_shop.h"

#include "action/catalog/match.h"

#define PRODUCTS "/rest/all/V1/products"
#define PROJECTION "id,sku"

/* An action that resolves its parameter `match` and gives the skus. */
static const struct json_schema any = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};

static json_t *
skus_of(json_t *items)
{
	json_t *skus = json_array();

	for (size_t i = 0; i < json_array_size(items); i++)
		json_array_append(skus, json_object_get(json_array_get(items, i), "sku"));
	return skus;
}

static int
resolve(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct match_query query = {
	    .scope = "all", .projection = PROJECTION, .cap = (size_t)json_get_int(params, "cap", 500)};
	json_t *match = json_object_get(params, "match");
	struct match_products products = {NULL, NULL};
	struct store_client sc;
	int r = match_check(match, query.cap, fault);

	if (r < 0)
		return r;
	r = store_open(&sc, call, fault);
	if (r == 0)
		r = match_resolve(&sc, match, &query, &products, fault);
	if (r == 0)
		*result_r = json_pack("{s:o, s:O}", "skus", skus_of(products.items), "missing", products.not_found);
	match_products_fini(&products);
	store_close(&sc);
	return r;
}

static const struct action resolve_action = {
    .name = "match.resolve", .flags = ACTION_NEEDS_LOGIN, .params = &any, .result = &any, .run = resolve};

static void
run(struct shop *shop, struct told *told, json_t *params)
{
	json_t *tree = json_pack("{s:o}", "params", params);

	shop_call_action(shop, told, &resolve_action, tree);
}

static void
run_text(struct shop *shop, struct told *told, const char *match)
{
	run(shop, told, json_pack("{s:o}", "match", json_of(match)));
}

/* "A B | C": what was selected, and what is missing. */
static void
expect_skus(struct told *told, const char *wanted)
{
	char got[512] = "";
	const char *const members[] = {"skus", "missing"};

	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
	for (size_t m = 0; m < 2; m++) {
		json_t *list = json_object_get(told->result, members[m]);

		for (size_t i = 0; i < json_array_size(list); i++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", got[0] == '\0' ? "" : " ",
				 json_string_value(json_array_get(list, i)));
		if (m == 0)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), " |");
	}
	assert_string_equal(got, wanted);
	told_fini(told);
}

static bool
asks(const struct shop *shop, unsigned at, const char *part)
{
	return at < shop->n_log && strstr(shop->log[at], part) != NULL;
}

#define PAGE(total, items) "{\"items\":[" items "],\"total_count\":" total "}"
#define ROW(id, sku) "{\"id\":" id ",\"sku\":\"" sku "\"}"

/* ---- ---- */

static void
a_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("2", ROW("9", "B-1") "," ROW("3", "A-1")));
	run_text(shop, &told, "{\"sku_list\":[\"a-1\",\"B-1  \",\"C-1\",\"b-1\"]}");
	expect_skus(&told, "A-1 B-1 | C-1"); /* by id, as the shop spells them */
	assert_int_equal(shop->n_log, 1);
	assert_true(asks(shop, 0, "condition_type%5D=in"));
	assert_true(asks(shop, 0, "fields=items%5Bid%2Csku%5D%2Ctotal_count"));
}

/* The shop's collation takes accents for the same; we do not. */
static void
what_was_not_asked_for(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("2", ROW("1", "CAF\xc3\x89") "," ROW("2", "TEA")));
	run_text(shop, &told, "{\"sku_list\":[\"CAFE\",\"TEA\"]}");
	expect_skus(&told, "TEA | CAFE");

	shop_forget(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("3", ROW("1", "A_1") "," ROW("2", "AX1") "," ROW("3", "a_12")));
	run_text(shop, &told, "{\"sku_prefix\":\"A_1\"}");
	expect_skus(&told, "A_1 a_12 |");
	assert_true(asks(shop, 0, "A%5C_1%25"));
}

/* Nothing left after looking again is nothing found. */
static void
nothing(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":null,\"total_count\":0}");
	run_text(shop, &told, "{\"sku_list\":[\"X\"]}");
	expect_fault(&told, FAULT_NOT_FOUND);
	run_text(shop, &told, "{\"sku_prefix\":\"X\"}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	shop_forget(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("1", ROW("1", "CAF\xc3\x89")));
	run_text(shop, &told, "{\"sku_list\":[\"CAFE\"]}");
	expect_fault(&told, FAULT_NOT_FOUND);
}

static void
empty(void **state)
{
	static const char *const matches[] = {"{}", "{\"include_subcategories\":true}", "{\"attribute_filters\":{}}"};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		run_text(shop, &told, matches[i]);
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
	assert_int_equal(shop->n_log, 0);
}

/* A value with a comma cannot stand in a list; long ones make several addresses. */
static void
pieces(void **state)
{
	struct shop *shop = *state;
	json_t *skus = json_array();
	struct told told;
	char sku[80];

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("1", ROW("1", "A")));
	run_text(shop, &told, "{\"sku_list\":[\"A\",\"B,1\",\"C\"]}");
	expect_skus(&told, "A | B,1 C");
	assert_int_equal(shop->n_log, 3);

	shop->n_log = 0;
	json_array_append_new(skus, json_string("A"));
	for (int i = 0; i < 299; i++) {
		snprintf(sku, sizeof(sku), "%03d-%060d", i, 0);
		json_array_append_new(skus, json_string(sku));
	}
	run(shop, &told, json_pack("{s:{s:o}}", "match", "sku_list", skus));
	assert_non_null(told.result);
	assert_int_equal(json_get_array_len(told.result, "missing"), 299);
	told_fini(&told);
	assert_true(shop->n_log >= 4);
}

static void
cap_of_a_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("1", ROW("1", "A")));
	run(shop, &told, json_pack("{s:i, s:{s:[s,s,s]}}", "cap", 2, "match", "sku_list", "A", "B", "C"));
	assert_fault(&told, FAULT_BULK_CAP_EXCEEDED);
	assert_int_equal(json_get_int(told.details, "count", 0), 3);
	told_fini(&told);
	assert_int_equal(shop->n_log, 0);
	run(shop, &told, json_pack("{s:i, s:{s:[s,s,s]}}", "cap", 2, "match", "sku_list", "A", "B", "a "));
	expect_skus(&told, "A | B");
}

static void
cap_of_a_selection(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("501", ROW("1", "A")));
	run_text(shop, &told, "{\"sku_prefix\":\"A\"}");
	assert_fault(&told, FAULT_BULK_CAP_EXCEEDED);
	assert_int_equal(json_get_int(told.details, "count", 0), 501);
	told_fini(&told);
	assert_int_equal(shop->n_log, 1);
}

/* Pages are read once more when they do not add up, then given up. */
static void
a_catalogue_that_changes(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("2", ROW("1", "A1")));
	shop->rules[0].uses = 2; /* the first page, and the second the same */
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("2", ROW("1", "A1") "," ROW("2", "A2")));
	run_text(shop, &told, "{\"sku_prefix\":\"A\"}");
	expect_skus(&told, "A1 A2 |");

	shop_forget(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("2", ROW("1", "A1")));
	run_text(shop, &told, "{\"sku_prefix\":\"A\"}");
	assert_fault(&told, FAULT_MAGENTO_API_ERROR);
	assert_non_null(strstr(told.message, "changed while"));
	told_fini(&told);
	assert_int_equal(shop->n_log, 4);
}

static void
smaller_pages(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 400,
		  "{\"message\":\"Maximum SearchCriteria pageSize is %max\",\"parameters\":{\"max\":2}}");
	shop->rules[0].query = "pageSize%5D=100";
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("3", ROW("1", "A1") "," ROW("2", "A2")));
	shop->rules[1].query = "currentPage%5D=1";
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("3", ROW("3", "A3")));
	run_text(shop, &told, "{\"sku_prefix\":\"A\"}");
	expect_skus(&told, "A1 A2 A3 |");
	assert_int_equal(shop->n_log, 3);
}

static void
an_unknown_attribute(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 400,
		  "{\"message\":\"The \\\"%1\\\" attribute name is invalid. Reset the name and try "
		  "again.\",\"parameters\":[\"nope\"]}");
	run_text(shop, &told, "{\"attribute_filters\":{\"nope\":1}}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
}

static void
subcategories(void **state)
{
	struct shop *shop = *state;
	struct told told;
	char *tree;
	json_t *children = json_array();

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/categories", 200,
		  "{\"id\":3,\"children_data\":[{\"id\":4,\"children_data\":[{\"id\":7,\"children_data\":[]}]},{\"id\":"
		  "5,\"children_data\":[]}]}");
	shop_rule(shop, "GET", PRODUCTS, 200, PAGE("1", ROW("1", "A")));
	run_text(shop, &told, "{\"category_id\":3,\"include_subcategories\":true}");
	expect_skus(&told, "A |");
	assert_true(asks(shop, 0, "rootCategoryId=3"));
	assert_true(asks(shop, 1, "3%2C4%2C5%2C7"));

	/* Rather none than half of them. */
	shop_forget(shop);
	for (int i = 0; i < 600; i++)
		json_array_append_new(children, json_pack("{s:i, s:[]}", "id", i + 4, "children_data"));
	children = json_pack("{s:i, s:o}", "id", 3, "children_data", children);
	tree = json_dumps(children, JSON_COMPACT);
	shop_rule(shop, "GET", "/rest/all/V1/categories", 200, tree);
	run_text(shop, &told, "{\"category_id\":3,\"include_subcategories\":true}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	json_decref(children);
	free(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_list),
	    SHOP_TEST(what_was_not_asked_for),
	    SHOP_TEST(nothing),
	    SHOP_TEST(empty),
	    SHOP_TEST(pieces),
	    SHOP_TEST(cap_of_a_list),
	    SHOP_TEST(cap_of_a_selection),
	    SHOP_TEST(a_catalogue_that_changes),
	    SHOP_TEST(smaller_pages),
	    SHOP_TEST(an_unknown_attribute),
	    SHOP_TEST(subcategories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
