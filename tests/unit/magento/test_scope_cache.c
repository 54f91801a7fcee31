/*
 * Reading a shop's tree, keeping it, and doing without.
 */
#include "fake_store.h"
#include "magento/scope.h"
#include "shop_lists.h"

#define STORE "/rest/all/V1/store/"

static struct asked {
	struct scope given;
	const char *default_view;
	struct scope_cache *cache;
	int r;
	struct scope_target target;
	enum fault_code code;
	char message[FAULT_MESSAGE_MAX];
} asked;

static void
resolve(struct fake_store *store)
{
	struct fault fault;

	fault_init(&fault);
	asked.r =
	    scope_resolve_read(&store->client, asked.cache, &asked.given, asked.default_view, &asked.target, &fault);
	asked.code = fault.code;
	snprintf(asked.message, sizeof(asked.message), "%s", fault.message);
	fault_fini(&fault);
}

static void
ask_view(struct fake_store *store, const char *code)
{
	memset(&asked.given, 0, sizeof(asked.given));
	snprintf(asked.given.view_code, sizeof(asked.given.view_code), "%s", code);
	fake_run(store, resolve);
}

static void
serve_shop(struct fake_store *store)
{
	memset(&asked, 0, sizeof(asked));
	asked.cache = scope_cache_new(2, 60000);
	assert_non_null(asked.cache);
	fake_rule(store, "GET", STORE "websites", 200, SHOP_WEBSITES);
	fake_rule(store, "GET", STORE "storeGroups", 200, SHOP_GROUPS);
	fake_rule(store, "GET", STORE "storeViews", 200, SHOP_VIEWS);
	fake_rule(store, "GET", STORE "storeConfigs", 200, SHOP_CONFIGS);
}

static void
global_and_nothing_ask_nobody(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	fake_run(store, resolve);
	assert_int_equal(asked.r, 0);
	assert_string_equal(asked.target.prefix, "all");
	asked.given.global = true;
	asked.default_view = "de"; /* a given scope wins over the default */
	fake_run(store, resolve);
	assert_int_equal(asked.r, 0);
	assert_string_equal(asked.target.prefix, "all");
	assert_int_equal(store->n_log, 0);
	scope_cache_free(&asked.cache);
}

static void
keeps_the_tree(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	ask_view(store, "de");
	assert_int_equal(asked.r, 0);
	assert_string_equal(asked.target.prefix, "de");
	assert_string_equal(asked.target.website_code, "base");
	assert_int_equal(store->n_log, 4);
	ask_view(store, "eu_en");
	assert_int_equal(asked.r, 0);
	assert_int_equal(store->n_log, 4);
	/* the session's default comes from the kept tree too */
	memset(&asked.given, 0, sizeof(asked.given));
	asked.default_view = "de";
	fake_run(store, resolve);
	assert_int_equal(asked.r, 0);
	assert_true(asked.target.from_default);
	assert_string_equal(asked.target.prefix, "de");
	assert_int_equal(store->n_log, 4);
	scope_cache_free(&asked.cache);
}

static void
looks_again_before_it_refuses(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	ask_view(store, "de");
	store->rules[2].body = "[{\"id\":8,\"code\":\"fr\",\"website_id\":1,\"store_group_id\":1,\"is_active\":1}]";
	ask_view(store, "fr");
	assert_int_equal(asked.r, 0);
	assert_int_equal(store->n_log, 8);
	ask_view(store, "nope");
	assert_int_equal(asked.code, FAULT_VALIDATION_ERROR);
	assert_int_equal(store->n_log, 12);
	scope_cache_free(&asked.cache);
}

static void
a_fresh_tree_is_not_read_twice(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	ask_view(store, "nope");
	assert_int_equal(asked.code, FAULT_VALIDATION_ERROR);
	assert_int_equal(store->n_log, 4);
	scope_cache_free(&asked.cache);
}

static void
keeps_no_more_than_it_may(void **state)
{
	struct fake_store *store = *state;
	char urls[3][80];
	size_t i;

	serve_shop(store);
	for (i = 0; i < 3; i++) {
		/* The same shop under three names: a base URL may hold a path. */
		snprintf(urls[i], sizeof(urls[i]), "%.60s/s%zu", store->server.url, i);
		store->client.identity = urls[i];
		store->n_rules = 0;
		store->rules[store->n_rules++] = (struct fake_rule){.status = 200, .body = SHOP_VIEWS};
		ask_view(store, "de");
		assert_int_equal(asked.r, 0);
	}
	assert_int_equal(store->n_log, 12);
	store->client.identity = urls[2];
	ask_view(store, "de");
	assert_int_equal(store->n_log, 12);
	store->client.identity = urls[0]; /* the oldest had to go */
	ask_view(store, "de");
	assert_int_equal(store->n_log, 16);
	/* A tree that was lent outlives the cache. */
	scope_cache_free(&asked.cache);
}

static void
without_the_permission(void **state)
{
	struct fake_store *store = *state;

	memset(&asked, 0, sizeof(asked));
	asked.cache = scope_cache_new(2, 60000);
	store->client.verified_route = "/modules";
	fake_rule(store, "GET", "/rest/all/V1/modules", 200, "[]");
	fake_rule(store, "GET", NULL, 401, FAKE_DENIED("Magento_Backend::store"));
	ask_view(store, "de");
	assert_int_equal(asked.r, 0);
	assert_string_equal(asked.target.prefix, "de");
	assert_int_equal(asked.target.level, SCOPE_VIEW);
	assert_string_equal(asked.target.website_code, "");
	ask_view(store, "admin");
	assert_int_equal(asked.code, FAULT_VALIDATION_ERROR);
	memset(&asked.given, 0, sizeof(asked.given));
	snprintf(asked.given.website_code, sizeof(asked.given.website_code), "base");
	fake_run(store, resolve);
	assert_int_equal(asked.code, FAULT_FORBIDDEN);
	assert_non_null(strstr(asked.message, "Magento_Backend::store"));
	scope_cache_free(&asked.cache);
}

static void
other_failures_are_passed_on(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	store->rules[1].status = 500;
	store->rules[1].body = "{\"message\":\"x Report ID: webapi-1\"}";
	ask_view(store, "de");
	assert_int_equal(asked.code, FAULT_MAGENTO_API_ERROR);
	scope_cache_free(&asked.cache);
}

static struct scope_lists lists;

static void
read_lists(struct fake_store *store)
{
	struct fault fault;

	fault_init(&fault);
	asked.r = scope_lists_read(&store->client, asked.cache, &lists, &fault);
	fault_fini(&fault);
}

static void
lists_are_sorted_and_refill_the_cache(void **state)
{
	struct fake_store *store = *state;

	serve_shop(store);
	fake_run(store, read_lists);
	assert_int_equal(asked.r, 0);
	assert_int_equal(json_array_size(lists.views), 6);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(lists.views, 0), "id")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(lists.views, 5), "id")), 7);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lists.websites, 1), "code")), "base");
	scope_lists_fini(&lists);
	ask_view(store, "de");
	assert_int_equal(asked.r, 0);
	assert_int_equal(store->n_log, 4);
	fake_run(store, read_lists); /* always fresh */
	assert_int_equal(store->n_log, 8);
	scope_lists_fini(&lists);
	scope_cache_free(&asked.cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FAKE_TEST(global_and_nothing_ask_nobody), FAKE_TEST(keeps_the_tree),
	    FAKE_TEST(looks_again_before_it_refuses), FAKE_TEST(a_fresh_tree_is_not_read_twice),
	    FAKE_TEST(keeps_no_more_than_it_may),     FAKE_TEST(without_the_permission),
	    FAKE_TEST(other_failures_are_passed_on),  FAKE_TEST(lists_are_sorted_and_refill_the_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
