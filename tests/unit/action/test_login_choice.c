/*
 * test_login_choice.c - which store and which credentials an auth_login call means
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/env.h"
#include "action/auth/login_choice.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"

struct desk {
	struct config *config;
	struct action_env env;
	struct principal principal;
	struct action_call call;
	struct login_choice choice;
	struct fault fault;
};

static const char *const settings[] = {
    "store.main.base_url=https://shop.example/",
    "store.main.integration_token=t",
    "store.main.is_default=yes",
    "store.oauth.base_url=https://oauth.example/sub",
    "store.oauth.oauth_consumer_key=a",
    "store.oauth.oauth_consumer_secret=b",
    "store.oauth.oauth_token=c",
    "store.oauth.oauth_token_secret=d",
    "store.oauth.integration_token=t",
    "store.admin.base_url=https://admin.example",
    "store.admin.admin_username=u",
    "store.admin.admin_password=p",
    "store.bare.base_url=https://bare.example",
    "auth.allowed_base_urls=https://listed.example/shop, http://plain.example:8080",
};

static void
desk_open(struct desk *d, const char *const *more, size_t n_more)
{
	const char *texts[32];
	struct config_sources sources = {.settings = texts};
	struct err err;

	memset(d, 0, sizeof(*d));
	memcpy(texts, settings, sizeof(settings));
	for (size_t i = 0; i < n_more; i++)
		texts[ARRAY_LEN(settings) + i] = more[i];
	sources.n_settings = ARRAY_LEN(settings) + n_more;
	if (config_load(&sources, &d->config, &err) < 0)
		fail_msg("%s", err.text);
	d->env.config = d->config;
	d->principal.name = "alice";
	d->call.env = &d->env;
	d->call.principal = &d->principal;
}

static void
desk_close(struct desk *d)
{
	fault_fini(&d->fault);
	config_free(&d->config);
}

static int
choose(struct desk *d, const char *params)
{
	json_t *tree = NULL;
	int r;

	assert_int_equal(json_parse(slice_from_str(params), NULL, &tree, NULL), 0);
	fault_fini(&d->fault);
	r = login_choose(&d->call, tree, &d->choice, &d->fault);
	assert_true((r == 0) == (d->fault.code == FAULT_NONE));
	json_decref(tree);
	return r;
}

static void
assert_chosen(struct desk *d, const char *params, const char *store, const char *url, enum login_method method,
	      bool from_config)
{
	if (choose(d, params) < 0)
		fail_msg("%s: %s", params, d->fault.message);
	if (store != NULL)
		assert_string_equal(d->choice.configured->name, store);
	else
		assert_null(d->choice.configured);
	assert_string_equal(d->choice.base_url, url);
	assert_int_equal(d->choice.method, method);
	assert_int_equal(d->choice.from_config, from_config);
}

static void
assert_refused(struct desk *d, const char *params, enum fault_code code, const char *path)
{
	assert_true(choose(d, params) < 0);
	if (d->fault.code != code)
		fail_msg("%s: %s", params, d->fault.message);
	if (path != NULL)
		assert_string_equal(json_get_str(json_array_get(d->fault.details, 0), "path", ""), path);
}

static void
the_store_is_named_addressed_or_the_default(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL, 0);
	assert_chosen(&d, "{}", "main", "https://shop.example", LOGIN_INTEGRATION_TOKEN, true);
	assert_chosen(&d, "{\"store\":\"admin\"}", "admin", "https://admin.example", LOGIN_ADMIN_TOKEN, true);
	assert_chosen(&d, "{\"base_url\":\"HTTPS://OAuth.example:443/sub/\"}", "oauth", "https://oauth.example/sub",
		      LOGIN_OAUTH, true);
	assert_chosen(&d, "{\"store\":\"main\",\"base_url\":\"https://shop.example//\"}", "main",
		      "https://shop.example", LOGIN_INTEGRATION_TOKEN, true);
	assert_refused(&d, "{\"store\":\"main\",\"base_url\":\"https://admin.example\"}", FAULT_VALIDATION_ERROR,
		       "params.base_url");
	assert_refused(&d, "{\"store\":\"other\"}", FAULT_VALIDATION_ERROR, "params.store");
	assert_int_equal(json_get_array_len(json_array_get(d.fault.details, 0), "allowed"), 4);
	desk_close(&d);
}

/* Configured secrets never go to an address that is only allowed. */
static void
an_allowed_address_takes_credentials_of_the_call_only(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL, 0);
	assert_chosen(&d, "{\"base_url\":\"https://listed.example/shop/de/\",\"integration_token\":\"x\"}", NULL,
		      "https://listed.example/shop/de", LOGIN_INTEGRATION_TOKEN, false);
	assert_chosen(&d, "{\"base_url\":\"http://plain.example:8080\",\"username\":\"u\",\"password\":\"p\"}", NULL,
		      "http://plain.example:8080", LOGIN_ADMIN_TOKEN, false);
	assert_refused(&d, "{\"base_url\":\"https://listed.example/shop\"}", FAULT_VALIDATION_ERROR, NULL);
	assert_refused(&d, "{\"store\":\"bare\"}", FAULT_VALIDATION_ERROR, NULL);
	desk_close(&d);
}

static void
other_addresses_are_refused(void **state)
{
	static const char *const urls[] = {"https://other.example",
					   "https://listed.example",
					   "https://listed.example/shopping",
					   "http://listed.example/shop",
					   "https://listed.example:444/shop",
					   "http://shop.example",
					   "https://shop.example.evil.example",
					   "https://user@shop.example",
					   "https://shop.example/?x",
					   "https://shop.example/#x",
					   "ftp://shop.example",
					   "nonsense",
					   "https://shop.example/../x",
					   "https://shop.example\\\\@evil.example"};
	struct desk d;

	(void)state;
	desk_open(&d, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		char params[256];

		snprintf(params, sizeof(params), "{\"base_url\":\"%s\",\"integration_token\":\"x\"}", urls[i]);
		assert_refused(&d, params, FAULT_VALIDATION_ERROR, "params.base_url");
	}
	desk_close(&d);
}

/* any address means any public one, by https. */
static void
any_address_means_any_public_one(void **state)
{
	static const char *const more[] = {"auth.allow_any_base_url=yes"};
	static const char *const bad[] = {
	    "http://other.example", "https://127.0.0.1",	  "https://localhost",	     "https://[::1]",
	    "https://10.1.2.3",	    "https://192.168.0.1",	  "https://169.254.169.254", "https://0x7f.1",
	    "https://2130706433",   "https://[::ffff:127.0.0.1]", "https://x.internal",	     "https://a.local"};
	struct desk d;

	(void)state;
	desk_open(&d, more, 1);
	assert_chosen(&d, "{\"base_url\":\"https://other.example\",\"integration_token\":\"x\"}", NULL,
		      "https://other.example", LOGIN_INTEGRATION_TOKEN, false);
	assert_refused(&d, "{\"base_url\":\"https://other.example\"}", FAULT_VALIDATION_ERROR, NULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char params[256];

		snprintf(params, sizeof(params), "{\"base_url\":\"%s\",\"integration_token\":\"x\"}", bad[i]);
		assert_refused(&d, params, FAULT_VALIDATION_ERROR, "params.base_url");
	}
	desk_close(&d);
}

/* Those of the call win; within one source OAuth, then token, then user name. */
static void
credentials_have_an_order(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL, 0);
	assert_chosen(&d, "{\"store\":\"oauth\"}", "oauth", "https://oauth.example/sub", LOGIN_OAUTH, true);
	assert_chosen(&d, "{\"store\":\"oauth\",\"username\":\"u\",\"password\":\"p\"}", "oauth",
		      "https://oauth.example/sub", LOGIN_ADMIN_TOKEN, false);
	assert_chosen(&d, "{\"store\":\"oauth\",\"username\":\"u\",\"password\":\"p\",\"integration_token\":\"x\"}",
		      "oauth", "https://oauth.example/sub", LOGIN_INTEGRATION_TOKEN, false);
	assert_chosen(&d,
		      "{\"integration_token\":\"x\",\"oauth_consumer_key\":\"a\",\"oauth_consumer_secret\":\"b\","
		      "\"oauth_token\":\"c\","
		      "\"oauth_token_secret\":\"d\"}",
		      "main", "https://shop.example", LOGIN_OAUTH, false);
	desk_close(&d);
}

static void
half_credentials_are_refused(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, NULL, 0);
	assert_refused(&d, "{\"oauth_token\":\"c\",\"integration_token\":\"x\"}", FAULT_VALIDATION_ERROR,
		       "params.oauth_consumer_key");
	assert_int_equal(json_array_size(d.fault.details), 3);
	assert_refused(&d, "{\"username\":\"u\"}", FAULT_VALIDATION_ERROR, "params.password");
	assert_refused(&d, "{\"password\":\"p\"}", FAULT_VALIDATION_ERROR, "params.username");
	assert_refused(&d, "{\"otp\":\"123456\"}", FAULT_VALIDATION_ERROR, "params.username");
	assert_null(strstr(d.fault.message, "123456"));
	desk_close(&d);
}

/* One answer whatever stands behind the name or address; only the record knows. */
static void
assert_foreign(struct desk *d, const char *params, const char *recorded)
{
	const json_t *detail, *allowed;

	d->call.refused_store = NULL;
	assert_refused(d, params, FAULT_FORBIDDEN, NULL);
	assert_string_equal(d->fault.message,
			    "Your client token does not include such a store. Name one that it includes with "
			    "params.store, or ask the operator for access.");
	detail = json_array_get(d->fault.details, 0);
	allowed = json_object_get(detail, "allowed");
	assert_string_equal(json_get_str(detail, "message", ""), "is not one of your stores");
	assert_int_equal(json_array_size(allowed), 1);
	assert_string_equal(json_string_value(json_array_get(allowed, 0)), "admin");
	if (recorded == NULL)
		assert_null(d->call.refused_store);
	else
		assert_string_equal(d->call.refused_store, recorded);
}

/* what the caller may not use is refused, and not named to him. */
static void
a_caller_has_his_stores(void **state)
{
	static const char *const mine[] = {"admin"};
	const struct config_principal rights = {.name = "alice", .stores = {mine, 1}};
	static const char *const more[] = {"auth.allow_any_base_url=yes"};
	struct desk d;

	(void)state;
	desk_open(&d, more, 1);
	d.principal.stores = &rights.stores;
	assert_chosen(&d, "{\"store\":\"admin\"}", "admin", "https://admin.example", LOGIN_ADMIN_TOKEN, true);
	assert_foreign(&d, "{}", "https://shop.example");
	assert_foreign(&d, "{\"store\":\"main\"}", "https://shop.example");
	assert_foreign(&d, "{\"store\":\"unknown\"}", NULL);
	assert_foreign(&d, "{\"base_url\":\"https://shop.example\"}", "https://shop.example");
	assert_foreign(&d, "{\"base_url\":\"https://listed.example/shop\",\"integration_token\":\"x\"}", NULL);
	assert_foreign(&d, "{\"base_url\":\"https://other.example\",\"integration_token\":\"x\"}", NULL);
	assert_foreign(&d, "{\"base_url\":\"http://10.0.0.1\",\"integration_token\":\"x\"}", NULL);
	desk_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_store_is_named_addressed_or_the_default),
	    cmocka_unit_test(an_allowed_address_takes_credentials_of_the_call_only),
	    cmocka_unit_test(other_addresses_are_refused),
	    cmocka_unit_test(any_address_means_any_public_one),
	    cmocka_unit_test(credentials_have_an_order),
	    cmocka_unit_test(half_credentials_are_refused),
	    cmocka_unit_test(a_caller_has_his_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
