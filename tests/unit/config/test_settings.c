/*
 * test_settings.c - where settings may stand, twice or unknown, and what is said then
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#define SAMPLE_HINT "; `magento-mcp check --print-sample` shows them all"

static void
test_places_in_a_file(void **state)
{
	static const struct {
		const char *file;
		const char *text;
	} cases[] = {
	    {"[server]\nworkers = 999\n", SOURCES_FILE ":2: server.workers: 999 is out of range, write 0 to 32"},
	    {"[server]\nworker = 1\n", SOURCES_FILE ":2: server.worker: there is no such key, write workers"},
	    {"[session]\nidle = 1h\n", SOURCES_FILE ":2: session.idle: there is no such key, write idle_ms"},
	    {"[server]\nidle_ms = 1h\n",
	     SOURCES_FILE ":2: server.idle_ms: there is no such key here, write it in section session"},
	    {"[server]\nqqqqqqqq = 1\n", SOURCES_FILE ":2: server.qqqqqqqq: there is no such key" SAMPLE_HINT},
	    {"\n[servers]\n", SOURCES_FILE ":2: servers: there is no such section, write server"},
	    {"[qqqqqqqq]\n", SOURCES_FILE ":1: qqqqqqqq: there is no such section" SAMPLE_HINT},
	    {"[server]\nworkers=1\n\nworkers=1\n",
	     SOURCES_FILE ":4: server.workers: the key was set already in line 2, keep one of them"},
	    {"[server]\n[http]\n[server]\n",
	     SOURCES_FILE ":3: server: the section was there already in line 1, join the two"},
	    {"[server \"x\"]\n", SOURCES_FILE ":1: server: this section takes no name, write [server]"},
	    {"[store]\n", SOURCES_FILE ":1: store: this section needs a name, write [store \"NAME\"]"},
	    {"[store \"a\"]\nbase_url=http://a\n[store \"a\"]\n",
	     SOURCES_FILE ":3: store.a: a section of this name was there already, join the two or rename one"},
	    {"[store \"a\"]\noauth_token = x\noauth_token_file = /y\n",
	     SOURCES_FILE ":3: store.a.oauth_token: both oauth_token and oauth_token_file are given, keep one of them"},
	    {"[store \"a\"]\nbase_url_file = /x\n",
	     SOURCES_FILE ":2: store.base_url_file: there is no such key" SAMPLE_HINT},
	    {"[server]\nhunter2\n",
	     SOURCES_FILE ":2: this is neither a section, a setting nor a comment, write key = value"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		sources_bad(cases[i].file, NULL, NULL, cases[i].text);
}

static void
test_command_line(void **state)
{
	static const struct {
		const char *option;
		const char *text;
	} cases[] = {
	    {"", "-s: this is no setting, write section.key=value or store.NAME.key=value"},
	    {"server.workers", "-s: this is no setting, write section.key=value or store.NAME.key=value"},
	    {"workers=1", "-s: this is no setting, write section.key=value or store.NAME.key=value"},
	    {"=1", "-s: this is no setting, write section.key=value or store.NAME.key=value"},
	    {"server.=1", "-s: server.: there is no such key" SAMPLE_HINT},
	    {"server.x.workers=1", "-s: server: this section takes no name, write server.workers=value"},
	    {"store.base_url=http://a",
	     "-s: store: a name of letters, digits or . _ @ - is missing, write store.NAME.base_url=value"},
	    {"store..base_url=http://a",
	     "-s: store: a name of letters, digits or . _ @ - is missing, write store.NAME.base_url=value"},
	    {"store.a b.base_url=http://a",
	     "-s: store: a name of letters, digits or . _ @ - is missing, write store.NAME.base_url=value"},
	    {"server.workers=a", "-s: server.workers: \"a\" is no whole number, write digits only"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		sources_bad(NULL, LIST(cases[i].option), NULL, cases[i].text);
}

static void
test_last_option_wins(void **state)
{
	struct config *cfg = sources_good(NULL, LIST("server.workers=1", " server.workers = 3 "), NULL);

	(void)state;
	assert_int_equal(cfg->server.workers, 3);
	config_free(&cfg);
}

static void
test_names_with_dots(void **state)
{
	struct config *cfg = sources_good(NULL, LIST("store.a.b@c.base_url=http://x"), NULL);

	(void)state;
	assert_int_equal(cfg->n_stores, 1);
	assert_string_equal(cfg->stores[0].name, "a.b@c");
	config_free(&cfg);
}

static void
test_most_sections(void **state)
{
	struct buf text;
	struct config *cfg;
	size_t i;

	(void)state;
	buf_init(&text, 65536);
	for (i = 0; i < CONFIG_STORES_MAX; i++)
		(void)buf_printf(&text, "[store \"s%zu\"]\nbase_url=http://s%zu\n", i, i);
	for (i = 0; i < CONFIG_PRINCIPALS_MAX; i++)
		(void)buf_printf(&text, "[principal \"p%zu\"]\ntoken_sha256=%064zx\n", i, i);
	cfg = sources_good(buf_cstr(&text), NULL, NULL);
	assert_int_equal(cfg->n_stores, 64);
	assert_int_equal(cfg->n_principals, 256);
	assert_string_equal(cfg->stores[63].base_url, "http://s63");
	config_free(&cfg);

	sources_bad(buf_cstr(&text), LIST("store.one_more.base_url=http://a"), NULL,
		    "-s: there are more than 64 stores, remove some");
	(void)buf_put_str(&text, "[principal \"p\"]\n");
	sources_bad(buf_cstr(&text), NULL, NULL, SOURCES_FILE ":641: there are more than 256 principals, remove some");
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places_in_a_file), cmocka_unit_test(test_command_line),
	    cmocka_unit_test(test_last_option_wins), cmocka_unit_test(test_names_with_dots),
	    cmocka_unit_test(test_most_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
