/*
 * test_rules.c - what has to hold between keys
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
good(const char *file)
{
	struct config *cfg = sources_good(file, NULL, NULL);

	config_free(&cfg);
}

static void
test_auth_and_listen(void **state)
{
	(void)state;
	good("[server]\nlisten = 127.0.0.1:0, [::1]:0, 127.4.5.6:1\n");
	sources_bad(
	    "[server]\nlisten = 127.0.0.1:1, 0.0.0.0:1\n", NULL, NULL,
	    SOURCES_FILE
	    ":2: server.listen: 0.0.0.0:1 can be reached from other machines, and auth.mode = none lets everybody "
	    "in; listen on 127.0.0.1 or write auth.mode = token or oauth");
	good("[server]\nlisten = 0.0.0.0:1\n[auth]\nmode = token\n[principal \"a\"]\ntoken_sha256 = " HASH_A "\n");
	sources_bad(
	    "[auth]\nmode = token\n", NULL, NULL,
	    SOURCES_FILE
	    ":2: auth.mode: token needs at least one [principal \"NAME\"] section, make one with `magento-mcp token "
	    "NAME`");
	sources_bad("[server]\nlisten = 0.0.0.0:1\n", NULL, LIST("MAGENTO_MCP_SERVER_LISTEN=[::]:5"),
		    "MAGENTO_MCP_SERVER_LISTEN: [::]:5 can be reached from other machines, and auth.mode = none lets "
		    "everybody in; listen "
		    "on 127.0.0.1 or write auth.mode = token or oauth");
}

#define OAUTH "[auth]\nmode = oauth\n"
#define GOOD_OAUTH OAUTH "issuer = https://login.example.com\nresource = https://mcp.example.com/mcp\n"

/* The issuer is compared byte for byte with what tokens say, so it is taken as it is written. */
static void
test_oauth_server(void **state)
{
	static const char *const bad[] = {"http://login.example.com",
					  "http://localhost.example.com",
					  "https://",
					  "https://a b",
					  "https://a\"b",
					  "https://user@host",
					  "https://h/?q",
					  "https://h/#f",
					  "login.example.com"};

	(void)state;
	good(GOOD_OAUTH);
	good("[server]\nlisten = 0.0.0.0:1\n" GOOD_OAUTH "jwks_url = https://login.example.com/jwks\n");
	good(OAUTH "issuer = http://127.0.0.1:8080/realm/\nresource = http://localhost:8765/mcp\n");
	sources_bad(OAUTH, NULL, NULL, "auth.issuer: auth.mode = oauth needs it, write an https URL");
	sources_bad(OAUTH "issuer = https://login.example.com\n", NULL, NULL,
		    "auth.resource: auth.mode = oauth needs it, write an https URL");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct config *cfg = NULL;
		struct err err;
		char *setting = NULL;
		const char *settings[] = {"auth.mode=oauth", "auth.resource=https://mcp.example.com/mcp", NULL};
		struct config_sources sources = {.settings = settings, .n_settings = 3};

		assert_true(asprintf(&setting, "auth.issuer=%s", bad[i]) > 0);
		settings[2] = setting;
		assert_int_equal(config_load(&sources, &cfg, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "auth.issuer: "));
		free(setting);
	}
}

static void
test_stores(void **state)
{
	(void)state;
	good("[store \"a\"]\nbase_url = http://a\n");
	sources_bad("\n[store \"a\"]\nlabel = x\n", NULL, NULL,
		    SOURCES_FILE ":2: store.a.base_url: the store has no address, write base_url = https://HOST/");
	sources_bad(
	    NULL, NULL, LIST("MAGENTO_ADMIN_USERNAME=a"),
	    "MAGENTO_ADMIN_USERNAME: store.default.base_url: the store has no address, write base_url = https://HOST/");
	sources_bad(
	    "[store \"a\"]\nbase_url = http://a\noauth_token = x\noauth_consumer_key = y\n", NULL, NULL,
	    SOURCES_FILE
	    ":3: store.a.oauth_token: OAuth needs four values; missing: oauth_consumer_secret, oauth_token_secret");
	sources_bad("[store \"a\"]\nbase_url = http://a\nadmin_username = x\n", NULL, NULL,
		    SOURCES_FILE ":3: store.a.admin_username: admin_password is missing, write both or neither");
	sources_bad("[store \"a\"]\nbase_url = http://a\nfastly_api_token = x\n", NULL, NULL,
		    SOURCES_FILE ":3: store.a.fastly_api_token: fastly_service_id is missing, write both or neither");
	sources_bad("[store \"a\"]\nbase_url=http://a\nis_default=1\n[store \"b\"]\nbase_url=http://b\nis_default=1\n",
		    NULL, NULL,
		    SOURCES_FILE ":6: store.b.is_default: store a is the default already, keep one of them");
	sources_bad("[fastly]\nservice_id = x\n", NULL, NULL,
		    SOURCES_FILE ":2: fastly.service_id: api_token is missing, write both or neither");
	sources_bad("[fastly]\napi_url = http://localhost.example.com\n", NULL, NULL,
		    SOURCES_FILE ":2: fastly.api_url: the API token would be sent in clear, write an https address");
	good("[fastly]\napi_url = https://fastly.example.com/api/\n");
	good("[fastly]\napi_url = http://127.0.0.1:8080\n");
	good("[fastly]\napi_url = http://[::1]/x\n");
}

static void
test_optional_routes(void **state)
{
	static const char *const wrong[] = {
	    "/V1/",    "V1/x",	  "/V2/x",     "/rest/V1/x", "https://x/V1/x", "/V1/../../admin",
	    "/V1/x y", "/V1/x#y", "/V1/x%2fy", "/V1/a..b",   "/V1/x?a=b?c",    "/V1/x&y"};
	struct config *cfg;
	struct err err;
	char text[128];

	(void)state;
	good("[optional_routes]\nurl_rewrites =\nindexer_status = /V1/indexer/status\n");
	good("[optional_routes]\nurl_rewrites = /V1/mcp/url_rewrites?fields=items[request_path]&x=1\n");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "optional_routes.url_rewrites=%s", wrong[i]);
		assert_int_equal(sources_load(NULL, LIST(text), NULL, &cfg, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "optional_routes.url_rewrites: \""));
		assert_non_null(strstr(err.text, "is no route, write "));
	}
}

static void
test_caches_of_a_store(void **state)
{
	struct config *cfg = sources_good("[cache]\nvarnish_hosts = g:1\n[fastly]\nservice_id = G\napi_token = gt\n"
					  "[store \"a\"]\nbase_url = http://a\nis_default = yes\n"
					  "[store \"b\"]\nbase_url = http://b\n"
					  "[store \"c\"]\nbase_url = http://c\nvarnish_hosts = c:1\n"
					  "fastly_service_id = C\nfastly_api_token = ct\n",
					  NULL, NULL);
	const struct secret *token;
	const char *id;

	(void)state;
	assert_string_equal(config_store_varnish(cfg, &cfg->stores[0])->items[0], "g:1");
	assert_int_equal(config_store_varnish(cfg, &cfg->stores[1])->n, 0);
	assert_string_equal(config_store_varnish(cfg, &cfg->stores[2])->items[0], "c:1");
	assert_true(config_store_fastly(cfg, &cfg->stores[0], &id, &token));
	assert_string_equal(id, "G");
	assert_false(config_store_fastly(cfg, &cfg->stores[1], &id, &token));
	assert_true(config_store_fastly(cfg, &cfg->stores[2], &id, &token));
	assert_string_equal(id, "C");
	assert_true(slice_is(secret_slice(token), "ct"));
	config_free(&cfg);
}

static void
test_principals(void **state)
{
	(void)state;
	good("[principal \"a\"]\ntoken_sha256 = " HASH_A "\n[principal \"b\"]\ntoken_sha256 = " HASH_B "\n");
	sources_bad("[principal \"a\"]\nscopes = x\n", NULL, NULL,
		    SOURCES_FILE
		    ":1: principal.a.token_sha256: the principal has no token, make one with `magento-mcp token a`");
	sources_bad(
	    "[principal \"a\"]\ntoken_sha256 = " HASH_A "\n[principal \"b\"]\ntoken_sha256 = " HASH_A "\n", NULL, NULL,
	    SOURCES_FILE
	    ":4: principal.b.token_sha256: principal a has the same token, make another with `magento-mcp token b`");
	sources_bad(
	    "[principal \"anonymous\"]\ntoken_sha256 = " HASH_A "\n", NULL, NULL,
	    SOURCES_FILE
	    ":2: principal.anonymous.token_sha256: this name is kept for callers without a token, choose another one");
	sources_bad("[store \"s\"]\nbase_url=http://s\n[principal \"a\"]\ntoken_sha256 = " HASH_A "\nstores = s, t\n",
		    NULL, NULL,
		    SOURCES_FILE ":5: principal.a.stores: there is no store t, write the name of a [store] section");
}

static void
test_control_socket(void **state)
{
	char setting[160] = "server.state_dir=/";
	size_t len = strlen(setting);

	(void)state;
	memset(setting + len, 'd', 120);
	setting[len + 120] = '\0';
	sources_bad(NULL, LIST(setting), NULL,
		    "server.control_socket: the socket's path would be 134 bytes long, write one of at most 107");
}

/* A process that opens none does not care, nor does its keeper. */
static void
test_control_socket_that_is_not_opened(void **state)
{
	char setting[160] = "server.state_dir=/";
	const char *const settings[] = {setting};
	const struct config_sources src = {.settings = settings, .n_settings = 1, .opens_no_sockets = true};
	size_t len = strlen(setting);
	struct config *cfg = NULL, *again = NULL;
	struct buf text;
	struct err err;

	(void)state;
	memset(setting + len, 'd', 120);
	setting[len + 120] = '\0';
	assert_int_equal(config_load(&src, &cfg, &err), 0);
	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	assert_int_equal(config_render(cfg, &text), 0);
	assert_int_equal(config_parse_rendered(buf_slice(&text), &again, &err), 0);
	assert_string_equal(again->server.control_socket, cfg->server.control_socket);
	buf_fini(&text);
	config_free(&again);
	config_free(&cfg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_auth_and_listen),
	    cmocka_unit_test(test_oauth_server),
	    cmocka_unit_test(test_stores),
	    cmocka_unit_test(test_optional_routes),
	    cmocka_unit_test(test_caches_of_a_store),
	    cmocka_unit_test(test_principals),
	    cmocka_unit_test(test_control_socket),
	    cmocka_unit_test(test_control_socket_that_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
