/*
 * test_auth.c - auth.login, auth.logout and auth.whoami against a scripted shop
 */
#include "fake_shop.h"
#include "search.h"

#define WEBSITES "/rest/all/V1/store/websites"
#define TOKEN "/rest/all/V1/integration/admin/token"
#define OAUTH                                                                                                          \
	"\"oauth_consumer_key\":\"ckey\",\"oauth_consumer_secret\":\"csecret\",\"oauth_token\":\"otoken\","            \
	"\"oauth_token_secret\":\"osecret\""

/* exp 4102444800 (2100-01-01), uid 7 */
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjcsInV0eXBpZCI6MiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl"

static bool
is_remembered(const struct segment *seg, const char *text)
{
	return segment_contains(seg, text, strlen(text));
}

/* ---- auth.login ---- */

static void
configured_credentials_log_in(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_rule(shop, "GET", WEBSITES, 200, "[{\"id\":1}]");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{}");
	result = shop_result(&told, "auth.login");
	assert_string_equal(json_get_str(result, "message", ""), "Login successful (integration token)");
	assert_string_equal(json_get_str(result, "username", ""), "Main shop");
	assert_string_equal(json_get_str(result, "base_url", ""), shop->server.url);
	assert_string_equal(json_get_str(result, "auth_method", ""), "integration_token");
	assert_string_equal(json_get_str(result, "store", ""), "main");
	assert_int_equal(strlen(json_get_str(result, "session", "")), SESSION_HANDLE_LEN);
	assert_null(json_object_get(result, "token_expires_at"));
	assert_null(json_object_get(result, "warnings"));
	assert_string_equal(shop->log[0], "GET " WEBSITES "?fields=id");
	assert_string_equal(shop->authorization[0], "Bearer configuredtoken");
	assert_int_equal(shop->n_log, 1);
	assert_string_equal(shop->upstream_store, "main");
	assert_true(shop->memory.has_login);
	told_fini(&told);
}

static void
oauth_of_the_call_logs_in(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;
	char *text;

	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_call(shop, &told, "auth.login", "{\"params\":{" OAUTH "}}");
	result = shop_result(&told, "auth.login");
	assert_string_equal(json_get_str(result, "message", ""), "Login successful (OAuth 1.0 integration)");
	assert_string_equal(json_get_str(result, "username", ""), "Main shop");
	assert_memory_equal(shop->authorization[0], "OAuth ", 6);
	assert_non_null(strstr(shop->authorization[0], "ckey"));
	text = json_dumps(result, 0);
	assert_null(strstr(text, "secret")); /* none is echoed */
	free(text);
	assert_false(is_remembered(shop->seg, "csecret")); /* kept sealed */
	assert_false(is_remembered(shop->seg, "osecret"));
	told_fini(&told);
}

/* The password is used once and then forgotten; the token is kept sealed. */
static void
a_user_name_and_password_log_in(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"Dummy123pass\"}");
	result = shop_result(&told, "auth.login");
	assert_string_equal(json_get_str(result, "message", ""), "Login successful");
	assert_string_equal(json_get_str(result, "username", ""), "admin");
	assert_string_equal(json_get_str(result, "auth_method", ""), "admin_token");
	assert_string_equal(json_get_str(result, "token_expires_at", ""), "2100-01-01T00:00:00Z");
	assert_string_equal(shop->bodies[0], "{\"username\":\"admin\",\"password\":\"Dummy123pass\"}");
	assert_string_equal(shop->authorization[0], "");
	assert_string_equal(shop->authorization[1], "Bearer " JWT);
	assert_false(is_remembered(shop->seg, "Dummy123pass"));
	assert_false(is_remembered(shop->seg, JWT));
	told_fini(&told);
}

/* What came in the call is overwritten in the caller's own tree. */
static void
secrets_of_the_call_are_wiped(void **state)
{
	struct shop *shop = *state;
	json_t *tree =
	    json_of("{\"params\":{\"username\":\"admin\",\"password\":\"Dummy123pass\",\"otp\":\"123456\"}}");
	json_t *params = json_object_get(tree, "params");
	const struct action_request request = {
	    .action = shop_action("auth.login"), .arguments = json_view_of(tree), .principal = &shop->principal};
	struct told told;

	memset(&told, 0, sizeof(told));
	shop_rule(shop, "POST", "/rest/all/V1/tfa/provider/google/authenticate", 401,
		  "{\"message\":\"Invalid code.\"}");
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, &told, &told.running), 0);
	assert_string_equal(json_get_str(params, "password", ""), "Dummy123pass"); /* still in use */
	shop_finish(shop, &told);
	assert_string_equal(json_string_value(json_object_get(params, "password")), "");
	assert_string_equal(json_string_value(json_object_get(params, "otp")), "");
	assert_string_equal(json_string_value(json_object_get(params, "username")), "admin");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	json_decref(tree);
}

static void
refused_credentials_make_no_login(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "POST", TOKEN, 401, "{\"message\":\"The account sign-in was incorrect.\"}");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"wrong-Pass\"}");
	assert_null(strstr(told.message, "wrong-Pass"));
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_false(shop->memory.has_login);
	assert_int_equal(table_count(shop->tab, TABLE_LOGIN), 0);
}

/* Four failures, then no further try: six would lock the account. */
static void
the_account_is_never_locked(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "POST", TOKEN, 401, "{\"message\":\"The account sign-in was incorrect.\"}");
	for (int i = 0; i < 4; i++) {
		shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"wrong\"}");
		expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	}
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"right\"}");
	assert_true(json_get_int(told.details, "retry_after_s", 0) > 0);
	assert_true(json_get_int(told.details, "retry_after_s", 0) <= 1800);
	expect_fault(&told, FAULT_RATE_LIMITED);
	assert_int_equal(shop->n_log, 4);
	shop_call(shop, &told, "auth.login", "{\"username\":\"other\",\"password\":\"wrong\"}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
}

/* An attempt that we hung up on may have failed: it stays counted. */
static void
hanging_up_does_not_give_attempts_back(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_silent(shop, TOKEN);
	for (unsigned i = 0; i < 4; i++) {
		shop_begin(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"guess\"}");
		shop_run_requests(shop, i + 1);
		action_cancel(&told.running);
	}
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"guess\"}");
	expect_fault(&told, FAULT_RATE_LIMITED);
	assert_int_equal(shop->n_log, 4);
}

/* A shop that is down, or answers nonsense, says nothing about the password. */
static void
a_shop_that_fails_costs_no_attempt(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "POST", TOKEN, 503, "{}");
	for (int i = 0; i < 6; i++) {
		shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"p\"}");
		expect_fault(&told, FAULT_MAGENTO_API_ERROR);
	}
}

static void
a_success_clears_the_account(void **state)
{
	struct shop *shop = *state;
	struct told told;

	for (int round = 0; round < 3; round++) {
		shop_forget(shop);
		shop_rule(shop, "POST", TOKEN, 401, "{\"message\":\"The account sign-in was incorrect.\"}");
		shop->rules[0].uses = 3;
		shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
		shop_rule(shop, "GET", WEBSITES, 200, "[]");
		for (int i = 0; i < 4; i++) {
			shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"p\"}");
			assert_true((told.result != NULL) == (i == 3));
			told_fini(&told);
		}
	}
}

static void
a_second_factor_is_asked_for(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "POST", TOKEN, 400,
		  "{\"message\":\"Please use the 2fa provider-specific endpoints to obtain a "
		  "token.\",\"parameters\":{\"active_"
		  "providers\":[\"google\"]}}");
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"p\"}");
	assert_non_null(strstr(told.message, "Call again with otp"));
	expect_fault(&told, FAULT_VALIDATION_ERROR);
}

/* Only what was verified replaces what there was; then the one before has ended. */
static void
a_new_login_replaces_the_remembered_one(void **state)
{
	struct shop *shop = *state;
	struct login_ref first;
	struct told told;

	shop_login(shop);
	first = shop->memory.login;
	shop_rule(shop, "GET", WEBSITES, 401, "{\"message\":\"The signature is invalid. Verify and try again.\"}");
	shop->rules[0].uses = 1;
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_call(shop, &told, "auth.login", "{" OAUTH "}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	assert_true(login_is_live(&shop->sessions, SLICE_LIT("alice"), first, action_now()));
	assert_memory_equal(&shop->memory.login, &first, sizeof(first));
	shop_call(shop, &told, "auth.login", "{" OAUTH "}");
	expect_result(&told, "auth.login");
	assert_false(login_is_live(&shop->sessions, SLICE_LIT("alice"), first, action_now()));
	assert_true(login_is_live(&shop->sessions, SLICE_LIT("alice"), shop->memory.login, action_now()));
}

/* In the stateless era nothing is replaced. */
static void
without_a_memory_each_login_stands_alone(void **state)
{
	struct shop *shop = *state;
	struct told first, second, told;
	char arguments[128];

	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop_call(shop, &first, "auth.login", NULL);
	shop_call(shop, &second, "auth.login", NULL);
	assert_string_not_equal(json_get_str(first.result, "session", ""), json_get_str(second.result, "session", ""));
	snprintf(arguments, sizeof(arguments), "{\"session\":\"%s\"}", json_get_str(first.result, "session", ""));
	shop_call(shop, &told, "auth.whoami", arguments);
	expect_result(&told, "auth.whoami");
	shop_call(shop, &told, "auth.whoami", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	told_fini(&first);
	told_fini(&second);
}

/* A role without the store permission logs in, with a warning, by a route that it may use. */
static void
a_narrow_role_is_warned(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "GET", WEBSITES, 401, SHOP_DENIED("Magento_Backend::store"));
	shop_rule(shop, "GET", "/rest/all/V1/modules", 200, "[]");
	shop_call(shop, &told, "auth.login", NULL);
	assert_int_equal(json_get_array_len(shop_result(&told, "auth.login"), "warnings"), 1);
	told_fini(&told);
}

static void
an_admin_without_any_permission_is_logged_in(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_rule(shop, "POST", TOKEN, 200, "\"" JWT "\"");
	shop_rule(shop, "GET", WEBSITES, 401, SHOP_DENIED("x"));
	shop_rule(shop, "GET", "/rest/all/V1/modules", 401, SHOP_DENIED("x"));
	shop_rule(shop, "GET", "/rest/all/V1/products", 401, SHOP_DENIED("x"));
	shop_rule(shop, "GET", "/rest/all/V1/salesRules/search", 401, SHOP_DENIED("x"));
	shop_rule(shop, "GET", "/rest/all/V1/cmsPage/search", 401, SHOP_DENIED("x"));
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{\"username\":\"admin\",\"password\":\"p\"}");
	assert_int_equal(json_get_array_len(shop_result(&told, "auth.login"), "warnings"), 1);
	told_fini(&told);
	shop_call(shop, &told, "auth.whoami", NULL); /* and his login is not dead */
	expect_result(&told, "auth.whoami");
}

static void
a_login_can_be_cancelled(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_silent(shop, WEBSITES);
	shop->remembers = true;
	shop_begin(shop, &told, "auth.login", NULL);
	shop_run_requests(shop, 1);
	action_cancel(&told.running);
	assert_int_equal(told.times, 0);
	assert_false(shop->memory.has_login);
	assert_int_equal(table_count(shop->tab, TABLE_LOGIN), 0);
	assert_int_equal(shop->fault_code, FAULT_CANCELLED);
}

static void
too_many_logins_are_refused(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop->sessions.limits.logins_per_principal = 2;
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	for (int i = 0; i < 3; i++) {
		shop_call(shop, &told, "auth.login", NULL);
		if (i < 2)
			expect_result(&told, "auth.login");
		else
			expect_fault(&told, FAULT_RATE_LIMITED);
	}
}

static void
parameters_are_checked(void **state)
{
	static const char *const wrong[] = {
	    "{\"otp\":\"12345\"}", "{\"otp\":\"123456789\"}",	   "{\"otp\":\"12345a\"}",
	    "{\"otp\":123456}",	   "{\"tfa_provider\":\"authy\"}", "{\"username\":\"\",\"password\":\"p\"}",
	    "{\"user\":\"x\"}"};
	struct shop *shop = *state;
	struct told told;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		shop_call(shop, &told, "auth.login", wrong[i]);
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
	assert_int_equal(shop->n_log, 0);
}

/* ---- auth.logout ---- */

static void
logout_ends_the_login_everywhere(void **state)
{
	struct shop *shop = *state;
	struct login_ref ref;
	struct told told;

	shop_login(shop);
	ref = shop->memory.login;
	shop_call(shop, &told, "auth.logout", NULL);
	assert_string_equal(json_get_str(shop_result(&told, "auth.logout"), "message", ""), "Logged out successfully");
	told_fini(&told);
	assert_false(login_is_live(&shop->sessions, SLICE_LIT("alice"), ref, action_now()));
	assert_int_equal(shop->forgotten, 1);
	assert_false(shop->memory.has_login);
	assert_int_equal(shop->n_log, 0); /* the shop has no route for it */
	shop_call(shop, &told, "auth.logout", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	shop->memory = (struct action_memory){.has_login = true, .login = ref};
	shop_call(shop, &told, "auth.whoami", NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
}

/* ---- auth.whoami ---- */

static void
whoami_tells_from_the_session(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_call(shop, &told, "auth.whoami", NULL);
	result = shop_result(&told, "auth.whoami");
	assert_string_equal(json_get_str(result, "username", ""), "Main shop");
	assert_string_equal(json_get_str(result, "store", ""), "main");
	assert_true(json_is_null(json_object_get(result, "default_scope")));
	assert_string_equal(json_get_str(result, "environment", ""), "staging");
	assert_null(json_object_get(result, "verified"));
	assert_null(json_object_get(result, "user_id"));
	assert_int_equal(shop->n_log, 0);
	told_fini(&told);
}

static void
whoami_asks_when_it_is_told_to(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", WEBSITES, 200, "[]");
	shop->rules[0].uses = 1;
	shop_rule(shop, "GET", WEBSITES, 401, SHOP_DENIED("Magento_Backend::store"));
	shop_call(shop, &told, "auth.whoami", "{\"verify\":true}");
	assert_true(json_get_bool(shop_result(&told, "auth.whoami"), "verified", false));
	told_fini(&told);
	shop_call(shop, &told, "auth.whoami", "{\"verify\":true}");
	assert_true(json_is_false(json_object_get(shop_result(&told, "auth.whoami"), "verified")));
	told_fini(&told);
}

/* Neither yes nor no. */
static void
whoami_says_so_when_the_shop_cannot_be_asked(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", WEBSITES, 500, "{\"message\":\"Internal\"}");
	shop_call(shop, &told, "auth.whoami", "{\"verify\":true}");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(configured_credentials_log_in),
	    SHOP_TEST(oauth_of_the_call_logs_in),
	    SHOP_TEST(a_user_name_and_password_log_in),
	    SHOP_TEST(secrets_of_the_call_are_wiped),
	    SHOP_TEST(refused_credentials_make_no_login),
	    SHOP_TEST(the_account_is_never_locked),
	    SHOP_TEST(hanging_up_does_not_give_attempts_back),
	    SHOP_TEST(a_shop_that_fails_costs_no_attempt),
	    SHOP_TEST(a_success_clears_the_account),
	    SHOP_TEST(a_second_factor_is_asked_for),
	    SHOP_TEST(a_new_login_replaces_the_remembered_one),
	    SHOP_TEST(without_a_memory_each_login_stands_alone),
	    SHOP_TEST(a_narrow_role_is_warned),
	    SHOP_TEST(an_admin_without_any_permission_is_logged_in),
	    SHOP_TEST(a_login_can_be_cancelled),
	    SHOP_TEST(too_many_logins_are_refused),
	    SHOP_TEST(parameters_are_checked),
	    SHOP_TEST(logout_ends_the_login_everywhere),
	    SHOP_TEST(whoami_tells_from_the_session),
	    SHOP_TEST(whoami_asks_when_it_is_told_to),
	    SHOP_TEST(whoami_says_so_when_the_shop_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
