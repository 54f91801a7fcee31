/*
 * test_load.c - files of secrets, derived paths, warnings, lookups, and that no secret gets into a text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#include "config/keys.h"

static void
write_file(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Every field a consumer may read without a look at it is there. */
static void
test_defaults(void **state)
{
	struct config *cfg = sources_good(NULL, NULL, NULL);

	(void)state;
	assert_int_equal(cfg->server.listen.n, 1);
	assert_string_equal(cfg->server.listen.items[0].text, "127.0.0.1:8765");
	assert_string_equal(cfg->admin.listen.text, "127.0.0.1:9464");
	assert_string_equal(cfg->server.control_socket, "/var/lib/magento-mcp/control.sock");
	assert_string_equal(cfg->audit.path, "/var/lib/magento-mcp/audit.jsonl");
	assert_string_equal(cfg->keeper.path, "/var/lib/magento-mcp/keeper.db");
	assert_string_equal(cfg->server.log_file, "");
	assert_string_equal(cfg->magento.ca_file, "");
	assert_string_equal(cfg->fastly.service_id, "");
	assert_int_equal(cfg->server.log_level, LOG_INFO);
	assert_int_equal(cfg->session.idle_ms, 3600000);
	assert_int_equal(cfg->session.max_age_ms, 12 * 3600000);
	assert_int_equal(cfg->magento.max_reply_bytes, 4 << 20);
	assert_int_equal(cfg->guardrails.catalog_update_fields.n, 15);
	assert_true(cfg->magento.verify_tls);
	assert_true(cfg->guardrails.tier2_confirm);
	assert_int_equal(cfg->n_warnings, 0);
	assert_null(config_store_default(cfg));
	config_free(&cfg);
	assert_null(cfg);
	config_free(&cfg);
}

static void
test_paths_follow_the_state_directory(void **state)
{
	struct config *cfg = sources_good(NULL, LIST("server.state_dir=/s/", "audit.path=/elsewhere/a"), NULL);

	(void)state;
	assert_string_equal(cfg->server.control_socket, "/s/control.sock");
	assert_string_equal(cfg->keeper.path, "/s/keeper.db");
	assert_string_equal(cfg->audit.path, "/elsewhere/a");
	config_free(&cfg);
}

/* A role's own default gives way to every source. */
static void
test_a_role_may_have_its_own_state_directory(void **state)
{
	const char *const settings[] = {"server.state_dir=/set"};
	struct config_sources src = {.state_dir = "/home/me/state/"};
	struct config *cfg = NULL;

	(void)state;
	assert_int_equal(config_load(&src, &cfg, NULL), 0);
	assert_string_equal(cfg->server.state_dir, "/home/me/state");
	assert_string_equal(cfg->audit.path, "/home/me/state/audit.jsonl");
	config_free(&cfg);
	src.settings = settings;
	src.n_settings = 1;
	assert_int_equal(config_load(&src, &cfg, NULL), 0);
	assert_string_equal(cfg->server.state_dir, "/set");
	config_free(&cfg);
}

static void
test_secret_files(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *secret; /* NULL: refused with `text` */
		const char *text;
	} cases[] = {
	    {"abc", 3, "abc", NULL},
	    {"abc\n", 4, "abc", NULL},
	    {"abc\r\n", 5, "abc", NULL},
	    {"a b#;=\"", 7, "a b#;=\"", NULL},
	    {"", 0, NULL, "in the file: the secret is empty, write it or remove the line"},
	    {"\n", 1, NULL, "in the file: the secret is empty, write it or remove the line"},
	    {"abc\n\n", 5, NULL, "in the file: the value holds a control character or a line break, remove it"},
	    {"a\0b", 3, NULL, "in the file: the value holds a control character or a line break, remove it"},
	    {" abc\n", 5, NULL, "in the file: the value begins or ends with a space, remove it"},
	};
	char dir[] = "/tmp/config-test-XXXXXX";
	char path[64], file[256], environment[64], text[256];
	struct config *cfg;
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/token", dir);
	snprintf(environment, sizeof(environment), "CREDENTIALS_DIRECTORY=%s", dir);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		write_file(path, cases[i].bytes, cases[i].len);
		snprintf(file, sizeof(file), "[store \"a\"]\nbase_url = http://a\nintegration_token_file = %s\n",
			 i % 2 == 0 ? path : "token");
		if (cases[i].secret != NULL) {
			cfg = sources_good(file, NULL, LIST(environment));
			assert_true(slice_is(secret_slice(&cfg->stores[0].integration_token), cases[i].secret));
			config_free(&cfg);
		} else {
			snprintf(text, sizeof(text), SOURCES_FILE ":3: store.a.integration_token: %s", cases[i].text);
			sources_bad(file, NULL, LIST(environment), text);
		}
	}
	unlink(path);
	rmdir(dir);
}

static void
test_files_that_are_not_there(void **state)
{
	struct config_sources src = {.path = "/nowhere/x.conf"};
	struct config *cfg;
	struct err err;

	(void)state;
	assert_int_equal(config_load(&src, &cfg, &err), ERR_IO);
	assert_null(cfg);
	assert_non_null(strstr(err.text, "/nowhere/x.conf"));
	assert_int_equal(sources_load("[fastly]\nservice_id=x\napi_token_file=/nowhere/t\n", NULL, NULL, &cfg, &err),
			 ERR_IO);
	assert_non_null(strstr(err.text, SOURCES_FILE ":3: fastly.api_token: cannot open /nowhere/t"));
	sources_bad(
	    "[fastly]\nservice_id=x\napi_token_file=t\n", NULL, NULL,
	    SOURCES_FILE
	    ":3: fastly.api_token: the file's path is not absolute, begin it with / (only with systemd's credentials "
	    "a plain name will do)");
	assert_int_equal(config_load(&src, &cfg, NULL), ERR_IO);
}

static void
test_warnings(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = sources_good(
	    NULL, LIST("store.a.base_url=http://a", "store.a.integration_token=hunter2", "magento.verify_tls=no"),
	    NULL);
	assert_int_equal(cfg->n_warnings, 2);
	assert_string_equal(
	    cfg->warnings[0],
	    "integration_token was given with -s: every user of this machine can see it; use a file, -s is for tests");
	assert_non_null(strstr(cfg->warnings[1], "magento.verify_tls is off"));
	config_free(&cfg);

	cfg = sources_good(
	    "[cache]\nvarnish_hosts=v:1\n[store \"a\"]\nbase_url=http://a\n[store \"b\"]\nbase_url=http://b\n", NULL,
	    NULL);
	assert_int_equal(cfg->n_warnings, 1);
	assert_non_null(strstr(cfg->warnings[0], "no store is the default"));
	config_free(&cfg);
}

static void
test_default_store(void **state)
{
	static const struct {
		const char *file;
		const char *name;
	} cases[] = {
	    {"[store \"a\"]\nbase_url=http://a\n", "a"},
	    {"[store \"a\"]\nbase_url=http://a\n[store \"b\"]\nbase_url=http://b\nis_default=yes\n", "b"},
	    {"[store \"a\"]\nbase_url=http://a\n[store \"default\"]\nbase_url=http://b\n", "default"},
	    {"[store \"a\"]\nbase_url=http://a\n[store \"b\"]\nbase_url=http://b\n", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct config *cfg = sources_good(cases[i].file, NULL, NULL);
		const struct config_store *store = config_store_default(cfg);

		if (cases[i].name == NULL)
			assert_null(store);
		else
			assert_string_equal(store->name, cases[i].name);
		assert_ptr_equal(config_store_find(cfg, SLICE_LIT("a")), &cfg->stores[0]);
		assert_null(config_store_find(cfg, SLICE_LIT("A")));
		assert_null(config_store_find(cfg, SLICE_NONE));
		config_free(&cfg);
	}
}

/* A wrong value of a secret key, from each source, in a text that is shown: the value must not be there. */
static void
test_refusals_hold_no_secret(void **state)
{
	static const char marker[] = "hunter2hunter2";
	size_t i;

	(void)state;
	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		const char *name = key->flags & KEY_PER_STORE ? ".a" : "";
		char file[1024], setting[1024], value[SECRET_MAX + 64];
		struct config *cfg;
		struct err err;

		if (key->type != TYPE_SECRET)
			continue;
		memset(value, 'x', sizeof(value) - 1);
		memcpy(value, marker, sizeof(marker) - 1);
		value[sizeof(value) - 1] = '\0';
		snprintf(setting, sizeof(setting), "%s%s.%s=%s", key->section, name, key->key, value);
		assert_int_equal(sources_load(NULL, LIST(setting), NULL, &cfg, &err), ERR_INVALID);
		assert_null(strstr(err.text, "hunter2"));

		snprintf(file, sizeof(file),
			 key->flags & KEY_PER_STORE ? "[%s \"a\"]\n%s = %s\n%s = %s\n" : "[%s]\n%s = %s\n%s = %s\n",
			 key->section, key->key, marker, key->key, marker);
		assert_int_equal(sources_load(file, NULL, NULL, &cfg, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "set already"));
		assert_null(strstr(err.text, "hunter2"));
	}
	sources_bad("[store \"a\"]\nbase_url = https://u:hunter2@h\n", NULL, NULL,
		    SOURCES_FILE
		    ":2: store.a.base_url: the URL holds a user name or password, write them under their own keys");
}

static void
test_control_socket_of_a_broken_file(void **state)
{
	static const struct {
		const char *file;
		const char *path;
		int r;
	} cases[] = {
	    {"[server]\nstate_dir = /s\n", "/s/control.sock", 0},
	    {"[server]\nstate_dir = /s\nworkers = x\n[store \"a\"]\noauth_token_file=/nowhere\n", "/s/control.sock", 0},
	    {"[server]\nstate_dir = /s\ncontrol_socket = /c\n[auth]\nmode=token\n", "/c", 0},
	    {"[server]\nstate_dir = /s\nnonsense\n", "/s/control.sock", ERR_INVALID},
	    {"[nonsense]\n", "/var/lib/magento-mcp/control.sock", ERR_INVALID},
	};
	char path[] = "/tmp/config-test-XXXXXX";
	struct config_sources src = {.path = path};
	struct buf out;
	struct err err;
	size_t i;

	(void)state;
	close(mkstemp(path));
	buf_init(&out, 4096);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		write_file(path, cases[i].file, strlen(cases[i].file));
		buf_clear(&out);
		assert_int_equal(config_control_socket(&src, &out, &err), cases[i].r);
		assert_string_equal(buf_cstr(&out), cases[i].path);
	}
	unlink(path);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_paths_follow_the_state_directory),
	    cmocka_unit_test(test_a_role_may_have_its_own_state_directory),
	    cmocka_unit_test(test_secret_files),
	    cmocka_unit_test(test_files_that_are_not_there),
	    cmocka_unit_test(test_warnings),
	    cmocka_unit_test(test_default_store),
	    cmocka_unit_test(test_refusals_hold_no_secret),
	    cmocka_unit_test(test_control_socket_of_a_broken_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
