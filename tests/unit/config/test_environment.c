/*
 * test_environment.c - names and precedence of environment variables
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#include "config/environment.h"
#include "config/keys.h"

static void
test_precedence(void **state)
{
	const char *file = "[server]\nworkers = 2\n[guardrails]\nmax_coupon_qty = 2\n";
	struct config *cfg;

	(void)state;
	cfg = sources_good(NULL, NULL, NULL);
	assert_int_equal(cfg->server.workers, 0);
	assert_int_equal(cfg->guardrails.max_coupon_qty, 1000);
	config_free(&cfg);

	cfg = sources_good(file, NULL, NULL);
	assert_int_equal(cfg->server.workers, 2);
	config_free(&cfg);

	cfg = sources_good(file, NULL, LIST("MAGENTO_MCP_SERVER_WORKERS=3", "MCP_MAX_COUPON_QTY=3"));
	assert_int_equal(cfg->server.workers, 3);
	assert_int_equal(cfg->guardrails.max_coupon_qty, 3);
	config_free(&cfg);

	/* The own name beats the older one, in either order. */
	cfg = sources_good(file, NULL, LIST("MAGENTO_MCP_GUARDRAILS_MAX_COUPON_QTY=4", "MCP_MAX_COUPON_QTY=3"));
	assert_int_equal(cfg->guardrails.max_coupon_qty, 4);
	config_free(&cfg);

	cfg = sources_good(
	    file, LIST("server.workers=5", "guardrails.max_coupon_qty=5"),
	    LIST("MAGENTO_MCP_GUARDRAILS_MAX_COUPON_QTY=4", "MCP_MAX_COUPON_QTY=3", "MAGENTO_MCP_SERVER_WORKERS=3"));
	assert_int_equal(cfg->server.workers, 5);
	assert_int_equal(cfg->guardrails.max_coupon_qty, 5);
	config_free(&cfg);
}

/* What a later source replaces must be well-formed all the same, but its file need not be there. */
static void
test_replaced_values(void **state)
{
	const char *file = "[store \"a\"]\nbase_url = http://a\nintegration_token_file = /nowhere/token\n";
	struct config *cfg;

	(void)state;
	cfg = sources_good(file, NULL, LIST("MAGENTO_MCP_STORE_A_INTEGRATION_TOKEN=t"));
	assert_true(secret_eq(secret_slice(&cfg->stores[0].integration_token), SLICE_LIT("t")));
	config_free(&cfg);
	sources_bad("[server]\nworkers = x\n", NULL, LIST("MAGENTO_MCP_SERVER_WORKERS=3"),
		    SOURCES_FILE ":2: server.workers: \"x\" is no whole number, write digits only");
}

/* Every key of a plain section can be set by its variable: a control character reaches the check of its value. */
static void
test_every_key_has_a_variable(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		char name[128], variable[160], text[256];
		const char *named = key->flags & (KEY_PER_STORE | KEY_PER_PRINCIPAL) ? "_MY_NAME" : "";

		snprintf(name, sizeof(name), "MAGENTO_MCP_%s%s_%s", key->section, named, key->key);
		for (k = 0; name[k] != '\0'; k++)
			name[k] = (char)(name[k] >= 'a' && name[k] <= 'z' ? name[k] - 32 : name[k]);
		snprintf(variable, sizeof(variable), "%s=a\x01", name);
		snprintf(text, sizeof(text), "%s: the value holds a control character or a line break, remove it",
			 name);
		sources_bad(NULL, NULL, LIST(variable), text);
	}
}

static void
test_seed_names(void **state)
{
	struct config *cfg = sources_good(
	    NULL, NULL,
	    LIST("MAGENTO_BASE_URL=https://Shop.example/", "MAGENTO_OAUTH_CONSUMER_KEY=ck",
		 "MAGENTO_OAUTH_CONSUMER_SECRET=cs", "MAGENTO_OAUTH_TOKEN=t", "MAGENTO_OAUTH_TOKEN_SECRET=ts",
		 "MAGENTO_INTEGRATION_TOKEN=it", "MAGENTO_ADMIN_USERNAME=u", "MAGENTO_ADMIN_PASSWORD=p",
		 "MCP_MAX_SKUS_PER_BULK=11", "MCP_MAX_COUPON_QTY=12", "MCP_PRICE_THRESHOLD_PCT=13",
		 "MCP_MAX_DISCOUNT_PCT=14.5", "MCP_TIER2_CONFIRM=no", "MCP_DEFAULT_ENV=production",
		 "MCP_PLAN_EXPIRY_MIN=15", "MCP_CACHE_RATE_LIMIT=16", "MCP_AUDIT_LOG_PATH=/a",
		 "MCP_IDEMPOTENCY_PATH=/k", "FASTLY_SERVICE_ID=fs", "FASTLY_API_TOKEN=ft"));
	const struct config_store *store = &cfg->stores[0];

	(void)state;
	assert_int_equal(cfg->n_stores, 1);
	assert_string_equal(store->name, "default");
	assert_ptr_equal(config_store_default(cfg), store);
	assert_string_equal(store->base_url, "https://shop.example");
	assert_true(slice_is(secret_slice(&store->oauth_consumer_key), "ck"));
	assert_true(slice_is(secret_slice(&store->oauth_consumer_secret), "cs"));
	assert_true(slice_is(secret_slice(&store->oauth_token), "t"));
	assert_true(slice_is(secret_slice(&store->oauth_token_secret), "ts"));
	assert_true(slice_is(secret_slice(&store->integration_token), "it"));
	assert_true(slice_is(secret_slice(&store->admin_username), "u"));
	assert_true(slice_is(secret_slice(&store->admin_password), "p"));
	assert_int_equal(cfg->guardrails.max_skus_per_bulk, 11);
	assert_int_equal(cfg->guardrails.max_coupon_qty, 12);
	assert_true(cfg->guardrails.price_threshold_pct == 13.0);
	assert_true(cfg->guardrails.max_discount_pct == 14.5);
	assert_false(cfg->guardrails.tier2_confirm);
	assert_string_equal(cfg->server.environment, "production");
	assert_int_equal(cfg->guardrails.plan_expiry_min, 15);
	assert_int_equal(cfg->guardrails.cache_rate_limit, 16);
	assert_string_equal(cfg->audit.path, "/a");
	assert_string_equal(cfg->keeper.path, "/k");
	assert_string_equal(cfg->fastly.service_id, "fs");
	assert_true(slice_is(secret_slice(&cfg->fastly.api_token), "ft"));
	config_free(&cfg);
}

static void
test_seed_store_gives_way_to_the_file(void **state)
{
	const char *file = "[store \"a\"]\nbase_url = http://a\n";
	struct config *cfg;

	(void)state;
	cfg = sources_good(file, NULL,
			   LIST("MAGENTO_BASE_URL=http://b", "MAGENTO_OAUTH_TOKEN=x", "MCP_MAX_COUPON_QTY=7"));
	assert_int_equal(cfg->n_stores, 1);
	assert_string_equal(cfg->stores[0].base_url, "http://a");
	assert_false(secret_is_set(&cfg->stores[0].oauth_token));
	assert_int_equal(cfg->guardrails.max_coupon_qty, 7);
	assert_int_equal(cfg->n_warnings, 1);
	assert_string_equal(cfg->warnings[0],
			    "MAGENTO_BASE_URL and its like are ignored, because the configuration file defines stores");
	config_free(&cfg);

	cfg = sources_good("[server]\n", NULL, LIST("MAGENTO_BASE_URL=http://b"));
	assert_string_equal(cfg->stores[0].base_url, "http://b");
	assert_int_equal(cfg->n_warnings, 0);
	config_free(&cfg);
}

static void
test_names_of_sections(void **state)
{
	const char *file = "[store \"My-Shop.1\"]\nbase_url = http://a\n[store \"b\"]\nbase_url = http://b\n";
	struct config *cfg;

	(void)state;
	cfg = sources_good(file, NULL,
			   LIST("MAGENTO_MCP_STORE_MY_SHOP_1_LABEL=x", "MAGENTO_MCP_STORE_C_D_BASE_URL=http://c"));
	assert_int_equal(cfg->n_stores, 3);
	assert_string_equal(cfg->stores[0].label, "x");
	assert_string_equal(cfg->stores[2].name, "c_d");
	config_free(&cfg);

	/* Found among the sections of -s too. */
	cfg = sources_good(NULL, LIST("store.Main.base_url=http://a"), LIST("MAGENTO_MCP_STORE_MAIN_LABEL=x"));
	assert_int_equal(cfg->n_stores, 1);
	assert_string_equal(cfg->stores[0].label, "x");
	config_free(&cfg);

	sources_bad("[store \"a-b\"]\nbase_url=http://a\n[store \"a.b\"]\nbase_url=http://b\n", NULL,
		    LIST("MAGENTO_MCP_STORE_A_B_LABEL=x"),
		    "MAGENTO_MCP_STORE_A_B_LABEL: two sections, a-b and a.b, have this name, rename one");
	sources_bad(NULL, NULL, LIST("MAGENTO_MCP_STORE__X_LABEL=x"),
		    "MAGENTO_MCP_STORE__X_LABEL: the store's name in it has a form that is not allowed");
}

static void
test_foreign_and_unknown(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = sources_good(NULL, NULL,
			   LIST("MAGENTO_MCP_SERVICE_HOST=10.0.0.1", "MAGENTO_MCP_PORT=tcp://10.0.0.1",
				"MAGENTO_MCP_=x", "MAGENTO=x", "M", "=x",
				"MAGENTO_MCP_SERVER_WORKERS=", "MAGENTO_BASE_URL=", "magento_mcp_server_workers=x"));
	assert_int_equal(cfg->server.workers, 0);
	assert_int_equal(cfg->n_stores, 0);
	config_free(&cfg);

	sources_bad(NULL, NULL, LIST("MAGENTO_MCP_SERVER_WORKER=1"),
		    "MAGENTO_MCP_SERVER_WORKER: section server has no such key, the nearest is workers, rename or "
		    "unset the variable");
	sources_bad(NULL, NULL, LIST("MAGENTO_MCP_STORE_X=1"),
		    "MAGENTO_MCP_STORE_X: section store has no such key, rename or unset the variable");
	sources_bad(NULL, NULL, LIST("MAGENTO_MCP_SERVER_NAME_FILE=/x"),
		    "MAGENTO_MCP_SERVER_NAME_FILE: section server has no such key, the nearest is name, rename or "
		    "unset the variable");
}

static void
test_secret_from_a_file(void **state)
{
	char path[] = "/tmp/config-test-XXXXXX";
	char variable[128], also[128];
	struct config *cfg;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	snprintf(variable, sizeof(variable), "MAGENTO_MCP_FASTLY_API_TOKEN_FILE=%s", path);
	snprintf(also, sizeof(also), "MAGENTO_MCP_STORE_A_INTEGRATION_TOKEN_FILE=%s", path);
	cfg = sources_good(NULL, LIST("fastly.service_id=x", "store.a.base_url=http://a"), LIST(variable, also));
	assert_true(slice_is(secret_slice(&cfg->fastly.api_token), "hunter2"));
	assert_true(slice_is(secret_slice(&cfg->stores[0].integration_token), "hunter2"));
	config_free(&cfg);
	sources_bad(NULL, NULL, LIST(variable, "MAGENTO_MCP_FASTLY_API_TOKEN=x"),
		    "MAGENTO_MCP_FASTLY_API_TOKEN: both api_token and api_token_file are given, keep one of them");
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_precedence),
	    cmocka_unit_test(test_replaced_values),
	    cmocka_unit_test(test_every_key_has_a_variable),
	    cmocka_unit_test(test_seed_names),
	    cmocka_unit_test(test_seed_store_gives_way_to_the_file),
	    cmocka_unit_test(test_names_of_sections),
	    cmocka_unit_test(test_foreign_and_unknown),
	    cmocka_unit_test(test_secret_from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
