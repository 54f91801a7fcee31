/*
 * The cache tools: which caches are asked what, which addresses are refused, and what the answers become.
 *
 * Shop, Fastly and Varnish are the same scripted server: their paths and methods differ.
 */
#include "fake_shop.h"

#define CONFIGS "/rest/all/V1/store/storeConfigs"
#define PRODUCT "/rest/all/V1/products/A%2F1"
#define CATEGORY "/rest/all/V1/categories/5"
#define PAGES "/rest/all/V1/cmsPage/search"
#define KEYS "/service/Svc/purge"
#define SURE "\"confirm\":true,\"reason\":\"test\""

static char pattern[1024];    /* of the last PURGE */
static char view[64];         /* header Store of the last question */
static char fastly_key[64];   /* of the last request that had one */
static char key_path[256];    /* and its path */
static char configs[4096];    /* a reply with the server's own address in it */

static void
copy_field(const char *head, const char *name, char *dst, size_t cap)
{
	const char *at = strcasestr(head, name);

	if (at != NULL)
		snprintf(dst, cap, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static void
watch(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	copy_field(request->head, "\r\nX-Magento-Tags-Pattern: ", pattern, sizeof(pattern));
	if (strcmp(request->target, "/graphql") == 0) {
		view[0] = '\0';
		copy_field(request->head, "\r\nStore: ", view, sizeof(view));
		assert_null(strcasestr(request->head, "\r\nAuthorization:"));
	}
	if (strcasestr(request->head, "\r\nFastly-Key: ") != NULL) {
		copy_field(request->head, "\r\nFastly-Key: ", fastly_key, sizeof(fastly_key));
		snprintf(key_path, sizeof(key_path), "%.250s", request->target);
	}
	shop_handle(ctx, peer, request);
}

enum caches { NO_CACHE = 0, VARNISH = 1, FASTLY = 2, BOTH = 3, GLOBAL = 4 };

/* Logs in at a store with these caches. */
static struct shop *
open_with(void **state, unsigned caches, const char *const *more, size_t n_more)
{
	const char *settings[16] = {"store.main.base_url=%s", "store.main.integration_token=configuredtoken"};
	struct shop *shop = *state;
	char varnish[80];
	size_t n = 2;

	shop->server.handler = watch;
	pattern[0] = view[0] = fastly_key[0] = key_path[0] = '\0';
	snprintf(varnish, sizeof(varnish), "%s=127.0.0.1:%u", caches & GLOBAL ? "cache.varnish_hosts" : "store.main.varnish_hosts",
	    shop->server.port);
	settings[n++] = "fastly.api_url=%s/";
	if (caches & VARNISH)
		settings[n++] = varnish;
	if (caches & FASTLY) {
		settings[n++] = caches & GLOBAL ? "fastly.service_id=Svc" : "store.main.fastly_service_id=Svc";
		settings[n++] = caches & GLOBAL ? "fastly.api_token=ftoken" : "store.main.fastly_api_token=ftoken";
	}
	for (size_t i = 0; i < n_more; i++)
		settings[n++] = more[i];
	shop_configure(shop, settings, n);
	shop_login(shop);
	return shop;
}

static const struct action *
cache_action(const char *name)
{
	for (size_t i = 0; i < action_cache_table.n; i++) {
		if (strcmp(action_cache_table.rows[i].name, name) == 0)
			return &action_cache_table.rows[i];
	}
	fail_msg("no action %s", name);
	return NULL;
}

static void
call(struct shop *shop, struct told *told, const char *action, const char *arguments)
{
	json_t *tree = json_of(arguments);
	struct action_request request = {.action = cache_action(action),
	    .arguments = tree,
	    .principal = &shop->principal,
	    .request_id = "1",
	    .memory = shop->memory};

	request.memory.remember = shop_remember;
	request.memory.forget = shop_forget_login;
	request.memory.ctx = shop;
	memset(told, 0, sizeof(*told));
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, told, &told->running), 0);
	shop_finish(shop, told);
	json_decref(tree);
}

/* The result, as its schema says. */
static const json_t *
good(const struct told *told, const char *action)
{
	json_t *violations = json_array();

	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
	if (json_schema_check(cache_action(action)->result, told->result, "result", violations) != 0)
		fail_msg("%s", json_dumps(violations, 0));
	json_decref(violations);
	return told->result;
}

static unsigned
count(const struct shop *shop, const char *part)
{
	unsigned n = 0;

	for (unsigned i = 0; i < shop->n_log; i++)
		n += strstr(shop->log[i], part) != NULL;
	return n;
}

static const json_t *
backend(const json_t *result, size_t i)
{
	return json_array_get(json_get_array(result, "backends"), i);
}

static bool
has_tag(const json_t *tags, const char *tag)
{
	for (size_t i = 0; i < json_array_size(tags); i++) {
		if (strcmp(json_string_value(json_array_get(tags, i)), tag) == 0)
			return true;
	}
	return false;
}

/* Views that share an address, one below a path, one elsewhere. */
static const char *
shop_configs(struct shop *shop)
{
	snprintf(configs, sizeof(configs),
	    "[{\"id\":0,\"code\":\"admin\",\"base_url\":\"https://admin.example/\"},"
	    "{\"id\":2,\"code\":\"de\",\"base_url\":\"http://shop.example/\",\"secure_base_link_url\":\"https://shop.example/\"},"
	    "{\"id\":1,\"code\":\"default\",\"base_url\":\"http://shop.example/\",\"secure_base_url\":\"https://Shop.example/\"},"
	    "{\"id\":3,\"code\":\"eu_en\",\"base_link_url\":\"https://shop.example/eu/\"},"
	    "{\"id\":4,\"code\":\"alt\",\"base_url\":\"%s/x/\"}]",
	    shop->server.url);
	return configs;
}

#define BY_URL(urls) "{\"urls\":[" urls "]," SURE "}"

/* ---- products and categories ---- */

static void
a_product_in_both_caches(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"a/1\",\"type_id\":\"simple\"}");
	shop_rule(shop, "POST", KEYS, 200, "{\"cat_p_12\":\"id-1\",\"p12\":\"id-2\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_true(json_get_bool(result, "purged", false) && json_get_bool(result, "success", false));
	assert_string_equal(json_get_str(result, "sku", ""), "a/1");
	assert_int_equal(json_get_int(result, "product_id", 0), 12);
	assert_string_equal(json_get_str(result, "purge_id", ""), "id-1");
	assert_int_equal(json_get_array_len(result, "tags"), 2);
	assert_string_equal(json_get_str(result, "message", ""), "Purged all cached pages of product a/1, in every store view.");
	assert_int_equal(json_get_array_len(result, "backends"), 2);
	assert_string_equal(json_get_str(backend(result, 0), "backend", ""), "fastly");
	assert_string_equal(json_get_str(backend(result, 1), "backend", ""), "varnish");
	assert_string_equal(shop->bodies[1], "{\"surrogate_keys\":[\"cat_p_12\",\"p12\"]}");
	assert_string_equal(fastly_key, "ftoken");
	assert_string_equal(pattern, "((^|,)cat_p_12(,|$))");
	assert_non_null(strstr(shop->log[0], "fields=id%2Csku%2Ctype_id"));
	told_fini(&told);
}

static void
a_category(void **state)
{
	struct shop *shop = open_with(state, BOTH | GLOBAL, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", CATEGORY, 200, "{\"id\":5,\"name\":\"Bags\"}");
	shop_rule(shop, "POST", KEYS, 200, "{}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	result = good(&told, "cache.purge_category");
	assert_true(json_get_bool(result, "purged", false));
	assert_int_equal(json_get_int(result, "category_id", 0), 5);
	assert_string_equal(shop->bodies[1], "{\"surrogate_keys\":[\"cat_c_5\",\"cat_c_p_5\",\"c5\",\"cp_5\"]}");
	assert_string_equal(pattern, "((^|,)cat_c_5(,|$))|((^|,)cat_c_p_5(,|$))");
	told_fini(&told);
}

static void
unknown_entities(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 404,
	    "{\"message\":\"The product that was requested doesn't exist. Verify the product and try again.\"}");
	shop_rule(shop, "GET", CATEGORY, 404,
	    "{\"message\":\"No such entity with %fieldName = %fieldValue\",\"parameters\":{\"fieldName\":\"id\",\"fieldValue\":5}}");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_non_null(strstr(told.message, "A/1"));
	expect_fault(&told, FAULT_NOT_FOUND);
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	expect_fault(&told, FAULT_NOT_FOUND);
	assert_int_equal(count(shop, "PURGE"), 0);
}

static void
the_view_is_checked(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_lists(shop);
	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\",\"store_view_code\":\"nope\"," SURE "}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	assert_int_equal(count(shop, "PURGE"), 0);
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\",\"store_view_code\":\"de\"," SURE "}");
	assert_non_null(strstr(json_get_str(good(&told, "cache.purge_product"), "message", ""), "not limited to the one"));
	assert_int_equal(count(shop, "PURGE"), 1);
	told_fini(&told);
}

static void
no_cache_is_no_error(void **state)
{
	struct shop *shop = open_with(state, NO_CACHE, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_false(json_get_bool(result, "purged", true) || json_get_bool(result, "success", true));
	assert_int_equal(json_get_array_len(result, "backends"), 0);
	assert_null(json_object_get(result, "tags"));
	assert_ptr_equal(strstr(json_get_str(result, "message", ""), "No cache back end is configured (Fastly: FASTLY_SERVICE_ID"),
	    json_get_str(result, "message", ""));
	told_fini(&told);
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a\""));
	result = good(&told, "cache.purge_by_url");
	assert_false(json_get_bool(result, "purged", true));
	assert_int_equal(json_get_array_len(result, "results"), 1);
	assert_ptr_equal(strstr(json_get_str(result, "message", ""), "No cache back end"), json_get_str(result, "message", ""));
	told_fini(&told);
}

/* Global keys belong to the default store; another store's purge must not reach its caches. */
static void
another_store_has_caches_of_its_own(void **state)
{
	static const char *const more[] = {"store.other.base_url=http://other.example", "store.other.integration_token=t",
	    "store.other.is_default=yes"};
	struct shop *shop = *state;
	struct told told;

	shop->server.handler = watch;
	{
		const char *settings[] = {"store.main.base_url=%s", "store.main.integration_token=configuredtoken", more[0], more[1],
		    more[2], "fastly.api_url=%s", "fastly.service_id=Svc", "fastly.api_token=ftoken", NULL};
		char varnish[64];

		snprintf(varnish, sizeof(varnish), "cache.varnish_hosts=127.0.0.1:%u", shop->server.port);
		settings[8] = varnish;
		shop_configure(shop, settings, 9);
	}
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{\"store\":\"main\"}");
	expect_result(&told, "auth.login");
	shop_forget(shop);
	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_false(json_get_bool(good(&told, "cache.purge_product"), "purged", true));
	assert_int_equal(shop->n_log, 1);
	assert_string_equal(fastly_key, "");
	told_fini(&told);
}

/* ---- refusals ---- */

static void
confirmation_and_rate(void **state)
{
	static const char *const more[] = {"guardrails.cache_rate_limit=2"};
	struct shop *shop = open_with(state, VARNISH, more, 1);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	for (int i = 0; i < 3; i++) { /* these cost nothing */
		call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"}");
		expect_fault(&told, FAULT_CONFIRMATION_REQUIRED);
		call(shop, &told, "cache.purge_product", "{\"sku\":5," SURE "}");
		expect_fault(&told, FAULT_VALIDATION_ERROR);
		call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/*\""));
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
	assert_int_equal(shop->n_log, 0);
	for (int i = 0; i < 2; i++) {
		call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
		good(&told, "cache.purge_product");
		told_fini(&told);
	}
	shop->n_log = 0;
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	assert_in_range(json_get_int(told.details, "retry_after_s", 0), 1, 60);
	expect_fault(&told, FAULT_RATE_LIMITED);
	assert_int_equal(shop->n_log, 0);
}

static void
failing_caches(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "POST", KEYS, 403, "{\"msg\":\"no\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_false(json_get_bool(result, "purged", true));
	assert_false(json_get_bool(backend(result, 0), "ok", true));
	assert_non_null(strstr(json_get_str(backend(result, 0), "error", ""), "purge_select"));
	assert_true(json_get_bool(backend(result, 1), "ok", false));
	told_fini(&told);
	shop->rules[2].status = 405;
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_int_equal(json_get_int(told.details, "statusCode", 0), 403);
	expect_fault(&told, FAULT_FASTLY_API_ERROR);
	shop->rules[1].status = 429;
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	expect_fault(&told, FAULT_RATE_LIMITED);
}

static void
failing_varnish(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 405, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_string_equal(json_get_str(told.details, "backend", ""), "varnish");
	assert_int_equal(json_get_int(told.details, "statusCode", 0), 405);
	assert_non_null(strstr(told.message, "acl"));
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

static void
odd_answers_of_the_shop(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "[]");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
	assert_int_equal(count(shop, "PURGE"), 0);
}

/* ---- addresses ---- */

static void
bad_addresses(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	static const char *const bad[] = {"https://shop.example/a*", "https://joe@shop.example/", "https://joe:pw@shop.example/",
	    "https://shop.example/a#b", "https://shop.example/a\\nb", "https://shop.example/a/../b", "https://shop.example/%2E%2e/b",
	    "https://shop.example/./b", "https://shop.example/a b", "https://shop.example/\xc3\xa9", "ftp://shop.example/",
	    "shop.example/a", "/a", "https://", "https://shop.example:0/", "https://shop.example/a\\\\b"};
	struct told told;
	char text[512];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "{\"urls\":[\"https://shop.example/good\",\"%s\"]," SURE "}", bad[i]);
		call(shop, &told, "cache.purge_by_url", text);
		if (told.code != FAULT_VALIDATION_ERROR)
			fail_msg("%s", bad[i]);
		assert_int_equal(json_array_size(told.details), 1);
		assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.urls[1]");
		told_fini(&told);
	}
	assert_int_equal(shop->n_log, 0);
}

static void
foreign_addresses(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_by_url",
	    BY_URL("\"https://shop.example/a\",\"https://evil.example/a\",\"https://shop.example:8443/a\","
		   "\"https://shop.example.evil.example/\",\"https://admin.example/a\",\"http://SHOP.example\""));
	assert_int_equal(json_array_size(told.details), 4);
	assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.urls[1]");
	assert_string_equal(json_get_str(json_array_get(told.details, 3), "path", ""), "params.urls[4]");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	assert_string_equal(fastly_key, "");
	/* "/x" is a base path: "/xy" does not lie below it. */
	{
		char text[256];

		snprintf(text, sizeof(text), "{\"urls\":[\"%s/xy\"]," SURE "}", shop->server.url);
		call(shop, &told, "cache.purge_by_url", text);
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
}

static void
without_the_right_to_read_base_urls(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	struct told told;
	char text[256];

	shop_rule(shop, "GET", CONFIGS, 401, SHOP_DENIED("Magento_Backend::store"));
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	snprintf(text, sizeof(text), "/purge/127.0.0.1:%u/a.html", shop->server.port);
	shop_rule(shop, "POST", text, 200, "{\"status\":\"ok\",\"id\":\"7-1\"}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a\""));
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	{
		char arguments[256];

		snprintf(arguments, sizeof(arguments), "{\"urls\":[\"%s/a.html\"]," SURE "}", shop->server.url);
		call(shop, &told, "cache.purge_by_url", arguments);
	}
	assert_true(json_get_bool(good(&told, "cache.purge_by_url"), "purged", false));
	told_fini(&told);
}

static void
addresses_in_fastly(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	const json_t *result, *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/purge/shop.example/a.html", 200, "{\"status\":\"ok\",\"id\":\"7-1\"}");
	shop_rule(shop, "POST", "/purge/shop.example/b.html", 500, "");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a.html?p=2\",\"http://shop.example/b.html\""));
	result = good(&told, "cache.purge_by_url");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 1/2 URLs.");
	assert_false(json_get_bool(result, "purged", true));
	row = json_array_get(json_get_array(result, "results"), 0);
	assert_true(json_get_bool(row, "success", false));
	assert_string_equal(json_get_str(row, "id", ""), "7-1");
	row = json_array_get(json_get_array(result, "results"), 1);
	assert_false(json_get_bool(row, "success", true));
	assert_non_null(strstr(json_get_str(row, "error", ""), "500"));
	assert_false(json_get_bool(backend(result, 0), "ok", true));
	assert_int_equal(count(shop, "POST /purge/shop.example/a.html?p=2"), 1);
	assert_int_equal(count(shop, "/graphql"), 0);
	assert_string_equal(fastly_key, "ftoken");
	assert_ptr_equal(strstr(key_path, "/purge/"), key_path);
	told_fini(&told);
	/* None accepted: an error. */
	shop->rules[1].status = 401;
	shop->rules[2].status = 401;
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a.html\",\"http://shop.example/b.html\""));
	expect_fault(&told, FAULT_FASTLY_API_ERROR);
}

static void
addresses_in_varnish(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *result, *rows;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200,
	    "{\"data\":{\"u0\":{\"relative_url\":\"p.html\",\"redirect_code\":0,\"type\":\"PRODUCT\",\"uid\":\"MTI=\"},"
	    "\"u1\":{\"type\":\"CATEGORY\",\"redirect_code\":301,\"uid\":\"NQ==\"},\"u2\":{\"type\":\"CMS_PAGE\",\"identifier\":\"about\"},"
	    "\"u3\":{\"cms_home_page\":\"home|2\"},\"u4\":{\"type\":\"PRODUCT\",\"uid\":\"Lio=\"}}}");
	shop->rules[1].uses = 1;
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u0\":null}}"); /* the other view does not know it either */
	shop_rule(shop, "GET", PAGES, 200,
	    "{\"items\":[{\"id\":7,\"identifier\":\"about\"},{\"id\":9,\"identifier\":\"about\"},{\"id\":1,\"identifier\":\"x\"}]}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url",
	    BY_URL("\"https://shop.example/p.html?a=b\",\"https://shop.example/c\",\"https://shop.example/about\","
		   "\"https://shop.example\",\"https://shop.example/customer/account\""));
	result = good(&told, "cache.purge_by_url");
	rows = json_get_array(result, "results");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 4/5 URLs.");
	assert_true(has_tag(json_get_array(json_array_get(rows, 0), "tags"), "cat_p_12"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 1), "tags"), "cat_c_5"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 2), "tags"), "cms_p_7"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 2), "tags"), "cms_p_9"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 3), "tags"), "cms_p_2"));
	assert_string_equal(json_get_str(json_array_get(rows, 4), "error", ""), "not an entity page; cannot be purged by tag");
	assert_string_equal(pattern,
	    "((^|,)cat_p_12(,|$))|((^|,)cat_c_5(,|$))|((^|,)cms_p_7(,|$))|((^|,)cms_p_9(,|$))|((^|,)cms_p_2(,|$))");
	/* Views 1 and 2 share the address: asked in turn, the second about the rest only. */
	assert_int_equal(count(shop, "/graphql"), 2);
	assert_string_equal(view, "de");
	assert_non_null(strstr(shop->bodies[1], "\"u0\":\"p.html\",\"u1\":\"c\",\"u2\":\"about\",\"u4\":\"customer/account\"}"));
	assert_non_null(strstr(shop->bodies[1], "u3:storeConfig{cms_home_page}"));
	assert_non_null(strstr(shop->bodies[2], "\"variables\":{\"u0\":\"customer/account\"}"));
	told_fini(&told);
}

static void
the_most_precise_base_decides_the_view(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u0\":{\"type\":\"PRODUCT\",\"uid\":\"MTI=\"}}}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/eu/p.html\""));
	assert_true(json_get_bool(good(&told, "cache.purge_by_url"), "purged", false));
	assert_string_equal(view, "eu_en");
	assert_non_null(strstr(shop->bodies[1], "\"u0\":\"p.html\""));
	told_fini(&told);
}

static void
errors_about_one_address(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200,
	    "{\"errors\":[{\"message\":\"This product is disabled.\",\"path\":[\"u0\"]}],\"data\":{\"u0\":null}}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/eu/p.html\""));
	result = good(&told, "cache.purge_by_url");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 0/1 URLs.");
	assert_string_equal(json_get_str(json_array_get(json_get_array(result, "results"), 0), "error", ""),
	    "the shop says: This product is disabled.");
	assert_int_equal(count(shop, "PURGE"), 0);
	told_fini(&told);
}

/* GraphQL is blocked: an error with Varnish alone; with Fastly the addresses it purged are told. */
static void
no_graphql(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/p.html\""));
	assert_string_equal(json_get_str(told.details, "kind", ""), "no_route");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

static void
no_graphql_beside_fastly(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result, *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/purge/shop.example/p.html", 200, "{\"id\":\"7-1\"}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/p.html\""));
	result = good(&told, "cache.purge_by_url");
	row = json_array_get(json_get_array(result, "results"), 0);
	assert_false(json_get_bool(row, "success", true));
	assert_string_equal(json_get_str(row, "id", ""), "7-1");
	assert_non_null(strstr(json_get_str(row, "error", ""), "GraphQL"));
	told_fini(&told);
}

static void
pages_that_may_not_be_read(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u0\":{\"type\":\"CMS_PAGE\",\"identifier\":\"about\"}}}");
	shop_rule(shop, "GET", PAGES, 401, SHOP_DENIED("Magento_Cms::page"));
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/about\""));
	row = json_array_get(json_get_array(good(&told, "cache.purge_by_url"), "results"), 0);
	assert_non_null(strstr(json_get_str(row, "error", ""), "Magento_Cms::page"));
	told_fini(&told);
}

/* Fifty addresses are asked about in three questions and purged in one. */
static void
many_addresses(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;
	struct buf text;

	buf_init(&text, 16384);
	buf_put_str(&text, "{\"urls\":[");
	for (int i = 0; i < 50; i++)
		buf_printf(&text, "%s\"https://shop.example/eu/%d\"", i > 0 ? "," : "", i);
	buf_put_str(&text, "]," SURE "}");
	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u9\":{\"type\":\"PRODUCT\",\"uid\":\"MTI=\"}}}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url", buf_cstr(&text));
	assert_string_equal(json_get_str(good(&told, "cache.purge_by_url"), "message", ""), "Purged 3/50 URLs.");
	assert_int_equal(count(shop, "/graphql"), 3);
	assert_int_equal(count(shop, "PURGE"), 1);
	assert_string_equal(pattern, "((^|,)cat_p_12(,|$))");
	buf_fini(&text);
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_product_in_both_caches),
	    SHOP_TEST(a_category),
	    SHOP_TEST(unknown_entities),
	    SHOP_TEST(the_view_is_checked),
	    SHOP_TEST(no_cache_is_no_error),
	    SHOP_TEST(another_store_has_caches_of_its_own),
	    SHOP_TEST(confirmation_and_rate),
	    SHOP_TEST(failing_caches),
	    SHOP_TEST(failing_varnish),
	    SHOP_TEST(odd_answers_of_the_shop),
	    SHOP_TEST(bad_addresses),
	    SHOP_TEST(foreign_addresses),
	    SHOP_TEST(without_the_right_to_read_base_urls),
	    SHOP_TEST(addresses_in_fastly),
	    SHOP_TEST(addresses_in_varnish),
	    SHOP_TEST(the_most_precise_base_decides_the_view),
	    SHOP_TEST(errors_about_one_address),
	    SHOP_TEST(no_graphql),
	    SHOP_TEST(no_graphql_beside_fastly),
	    SHOP_TEST(pages_that_may_not_be_read),
	    SHOP_TEST(many_addresses),
	};

	return cmocka_run_group_tests_name("action/cache", tests, NULL, NULL);
}
