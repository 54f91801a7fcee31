/*
 * test_store.c - whose credentials go to which address, and the shared admin token
 */
#include "fake_shop.h"
#include "search.h"

#include "action/store.h"
#include "session/token.h"

#define WEBSITES "/rest/all/V1/store/websites"
#define TOKEN "/rest/all/V1/integration/admin/token"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjcsInV0eXBpZCI6MiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"

/* ---- what a client is made of ---- */

static void
prepare(struct shop *shop, struct store_client *sc, const char *base_url)
{
	static struct action_call call;

	call = (struct action_call){.env = &shop->env, .principal = &shop->principal, .deadline_mono_ms = 77};
	store_prepare(sc, &call, base_url);
}

/* a name that nobody listed may resolve to this machine. */
static void
only_listed_addresses_may_be_private(void **state)
{
	static const char *const settings[] = {"store.main.base_url=https://shop.example/sub",
					       "auth.allowed_base_urls=https://listed.example/x",
					       "auth.allow_any_base_url=yes"};
	static const char *const listed[] = {"https://shop.example/sub", "https://listed.example/x",
					     "https://listed.example/x/y"};
	static const char *const others[] = {"https://shop.example", "https://shop.example/sub2",
					     "https://listed.example", "https://other.example"};
	static const uint8_t loopback[] = {127, 0, 0, 1}, metadata[] = {169, 254, 169, 254},
			     world[] = {93, 184, 216, 34};
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10};
	struct shop *shop = *state;
	struct store_client sc;

	shop_configure(shop, settings, ARRAY_LEN(settings));
	for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
		prepare(shop, &sc, listed[i]);
		assert_null(sc.magento.may_connect);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		prepare(shop, &sc, others[i]);
		assert_non_null(sc.magento.may_connect);
		assert_false(sc.magento.may_connect(loopback, 4));
		assert_false(sc.magento.may_connect(metadata, 4));
		assert_false(sc.magento.may_connect(mapped, 16));
		assert_true(sc.magento.may_connect(world, 4));
	}
}

static void
limits_come_from_the_configuration(void **state)
{
	struct shop *shop = *state;
	struct store_client sc;

	prepare(shop, &sc, "https://shop.example");
	assert_int_equal(sc.magento.limits.read_timeout_ms, shop->config->magento.read_timeout_ms);
	assert_int_equal(sc.magento.limits.write_timeout_ms, shop->config->magento.write_timeout_ms);
	assert_int_equal(sc.magento.limits.max_reply_bytes, shop->config->magento.max_reply_bytes);
	assert_int_equal(sc.magento.limits.parallel, shop->config->magento.requests_per_call);
	assert_int_equal(sc.magento.limits.deadline_mono_ms, 77);
	assert_int_equal(sc.credentials.kind, MAGENTO_AUTH_NONE);
}

static void
a_store_has_one_method(void **state)
{
	struct config_store store = {.name = "s"};

	(void)state;
	assert_int_equal(store_configured_method(&store), 0);
	assert_int_equal(secret_set(&store.admin_username, SLICE_LIT("u")), 0);
	assert_int_equal(store_configured_method(&store), LOGIN_ADMIN_TOKEN);
	assert_int_equal(secret_set(&store.integration_token, SLICE_LIT("t")), 0);
	assert_int_equal(store_configured_method(&store), LOGIN_INTEGRATION_TOKEN);
	assert_int_equal(secret_set(&store.oauth_consumer_key, SLICE_LIT("k")), 0);
	assert_int_equal(store_configured_method(&store), LOGIN_OAUTH);
}

/* ---- a login and the configuration that changed under it ---- */

static void
a_changed_configuration_ends_the_login(void **state)
{
	static const char *const elsewhere[] = {"store.main.base_url=https://elsewhere.example",
						"store.main.integration_token=x"};
	static const char *const other_method[] = {"store.main.base_url=%s", "store.main.admin_username=u",
						   "store.main.admin_password=p"};
	static const char *const gone[] = {"store.second.base_url=%s", "store.second.integration_token=x"};
	static const char *const new_token[] = {"store.main.base_url=%s", "store.main.integration_token=newtoken"};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_configure(shop, elsewhere, ARRAY_LEN(elsewhere));
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	shop_configure(shop, other_method, ARRAY_LEN(other_method));
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	shop_configure(shop, gone, ARRAY_LEN(gone));
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_int_equal(shop->n_log, 0); /* nothing was sent anywhere */
	shop_configure(shop, new_token, ARRAY_LEN(new_token));
	shop_lists(shop);
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	expect_result(&told, "scope.list_websites_stores");
	assert_string_equal(shop->authorization[0], "Bearer newtoken");
}

/* The shop refused what the login came with: the login stays, and says so without asking again. */
static void
a_refused_login_is_dead(void **state)
{
	struct shop *shop = *state;
	struct told told;
	unsigned asked;

	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop->rules[0].uses = 1;
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{\"integration_token\":\"mine\"}");
	expect_result(&told, "auth.login");
	shop_rule(shop, "GET", WEBSITES, 401, SHOP_DENIED("Magento_Backend::store"));
	shop_rule(shop, "GET", "/rest/all/V1/products/A", 401, SHOP_DENIED("Magento_Catalog::products"));
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	asked = shop->n_log;
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	assert_non_null(strstr(told.message, "no longer accepts"));
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_int_equal(shop->n_log, asked);
}

/* A missing permission is told apart from bad credentials by the route that proved them; the login lives. */
static void
a_missing_permission_is_named(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_rule(shop, "GET", "/rest/all/V1/products/A", 401, SHOP_DENIED("Magento_Catalog::products"));
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	assert_non_null(strstr(told.message, "Magento_Catalog::products"));
	expect_fault(&told, FAULT_FORBIDDEN);
	shop_rule(shop, "GET", "/rest/all/V1/products/B", 200, "{\"sku\":\"B\"}");
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"B\"}");
	expect_result(&told, "catalog.get_product");
}

/* ---- the shared admin token ---- */

static const char *const admin[] = {"store.main.base_url=%s", "store.main.admin_username=admin",
				    "store.main.admin_password=Dummy123pass"};

/* One asks, the others wait for what it gets. */
static void
one_call_gets_the_token_for_all(void **state)
{
	struct shop *shop = *state;
	struct told told[3];

	shop_configure(shop, admin, ARRAY_LEN(admin));
	shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		shop_begin(shop, &told[i], "auth.login", NULL);
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		shop_finish(shop, &told[i]);
		assert_string_equal(json_get_str(shop_result(&told[i], "auth.login"), "username", ""), "admin");
		assert_null(json_object_get(told[i].result, "token_expires_at")); /* it is renewed by itself */
		told_fini(&told[i]);
	}
	assert_int_equal(shop->n_log, 4);
	assert_memory_equal(shop->log[0], "POST", 4);
	for (unsigned i = 1; i < 4; i++)
		assert_string_equal(shop->authorization[i], "Bearer " JWT);
	assert_false(segment_contains(shop->seg, JWT, strlen(JWT)));
}

/* A token that the shop refuses is forgotten; the next call gets a new one. */
static void
a_refused_token_is_renewed(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_configure(shop, admin, ARRAY_LEN(admin));
	shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop->rules[1].uses = 1;
	shop_rule(shop, "GET", WEBSITES, 401, SHOP_DENIED("Magento_Backend::store"));
	shop->rules[2].uses = 1;
	shop_rule(shop, "GET", "/rest/all/V1/products/A", 401, SHOP_DENIED("Magento_Catalog::products"));
	shop->rules[3].uses = 1;
	shop_rule(shop, "GET", "/rest/all/V1/products/A", 200, "{\"sku\":\"A\"}");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", NULL);
	expect_result(&told, "auth.login");
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_int_equal(shop->n_log, 4); /* token, verification, product, probe */
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	expect_result(&told, "catalog.get_product");
	assert_memory_equal(shop->log[4], "POST", 4);
}

/* After a refusal nobody tries again before the next auth_login. */
static void
a_refused_password_is_not_tried_again(void **state)
{
	struct shop *shop = *state;
	struct login login = {.method = LOGIN_ADMIN_TOKEN, .from_config = true, .principal = "alice", .store = "main"};
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	struct told told;
	struct err err;

	shop_configure(shop, admin, ARRAY_LEN(admin));
	snprintf(login.base_url, sizeof(login.base_url), "%s", shop->server.url);
	assert_int_equal(login_create(&shop->sessions, &login, action_now(), handle, &ref, NULL, &err), 0);
	shop->remembers = true;
	shop->memory = (struct action_memory){.has_login = true, .login = ref};
	shop_rule(shop, "POST", TOKEN, 401, "{\"message\":\"The account sign-in was incorrect.\"}");
	for (int i = 0; i < 3; i++) {
		shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
		expect_fault(&told, FAULT_NOT_AUTHENTICATED);
		assert_int_equal(shop->n_log, 1);
	}
	shop_call(shop, &told, "auth.login", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_int_equal(shop->n_log, 2);
}

/* Who waits for a token may go away; who gets it may go away too, then another one takes over. */
static void
waiting_for_a_token_can_be_cancelled(void **state)
{
	struct shop *shop = *state;
	struct told first, second, third;

	shop_configure(shop, admin, ARRAY_LEN(admin));
	shop_silent(shop, TOKEN);
	shop->rules[0].uses = 1;
	shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_begin(shop, &first, "auth.login", NULL);
	shop_run_requests(shop, 1);
	shop_begin(shop, &second, "auth.login", NULL);
	shop_begin(shop, &third, "auth.login", NULL);
	action_cancel(&second.running);
	assert_int_equal(second.times, 0);
	action_cancel(&first.running);
	shop_finish(shop, &third);
	expect_result(&third, "auth.login");
	assert_int_equal(first.times + second.times, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(only_listed_addresses_may_be_private),
	    SHOP_TEST(limits_come_from_the_configuration),
	    cmocka_unit_test(a_store_has_one_method),
	    SHOP_TEST(a_changed_configuration_ends_the_login),
	    SHOP_TEST(a_refused_login_is_dead),
	    SHOP_TEST(a_missing_permission_is_named),
	    SHOP_TEST(one_call_gets_the_token_for_all),
	    SHOP_TEST(a_refused_token_is_renewed),
	    SHOP_TEST(a_refused_password_is_not_tried_again),
	    SHOP_TEST(waiting_for_a_token_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
