/*
 * test_describe.c - the table is well-formed, each key is documented, the sample is valid, the manual page lints
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sources.h"

#include "base/fd.h"
#include "config/keys.h"

#define TREE TEST_DATA "/../../"

static void
test_table(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < keys_count; i++) {
		const struct config_key *key = &keys_table[i];
		const struct config_section *section = keys_section_find(slice_from_str(key->section));

		assert_non_null(section);
		assert_int_equal(section->flags, key->flags & (KEY_PER_STORE | KEY_PER_PRINCIPAL));
		assert_true(strlen(key->doc) > 10);
		assert_int_equal(key->doc[strlen(key->doc) - 1], '.');
		/* Where no default shows what a value looks like, an example has to. */
		assert_true(key->type == TYPE_SECRET || key->example != NULL ||
			    (key->fallback != NULL && key->fallback[0] != '\0'));
		assert_true(key->fallback != NULL || key->type == TYPE_SECRET || (key->flags & KEY_REQUIRED));
		for (k = 0; k < i; k++) {
			assert_false(strcmp(keys_table[k].section, key->section) == 0 &&
				     strcmp(keys_table[k].key, key->key) == 0);
			assert_false(key->seed != NULL && keys_table[k].seed != NULL &&
				     strcmp(key->seed, keys_table[k].seed) == 0);
		}
	}
	for (i = 0; i < keys_sections_count; i++)
		assert_true(strlen(keys_sections[i].doc) > 10);
}

static void
test_sample_is_the_default(void **state)
{
	struct config *plain = sources_good(NULL, NULL, NULL), *sample;
	struct buf text, a, b;

	(void)state;
	buf_init(&text, CONFIG_FILE_MAX);
	buf_init(&a, CONFIG_RENDERED_MAX);
	buf_init(&b, CONFIG_RENDERED_MAX);
	assert_int_equal(config_describe_sample(&text), 0);
	sample = sources_good(buf_cstr(&text), NULL, NULL);
	assert_int_equal(config_render(plain, &a), 0);
	assert_int_equal(config_render(sample, &b), 0);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	buf_fini(&text);
	buf_fini(&a);
	buf_fini(&b);
	config_free(&plain);
	config_free(&sample);
}

/* With the # of each key and section taken away it must load: every key of the table is there, with a valid value. */
static void
test_sample_without_comments(void **state)
{
	struct buf text, opened;
	struct slice rest, line;
	struct config *cfg;
	size_t i;

	(void)state;
	buf_init(&text, CONFIG_FILE_MAX);
	buf_init(&opened, CONFIG_FILE_MAX);
	assert_int_equal(config_describe_sample(&text), 0);
	for (rest = buf_slice(&text); slice_next(&rest, '\n', &line);) {
		bool is_setting = line.len > 1 && line.ptr[0] == '#' && line.ptr[1] != ' ';

		(void)buf_put_slice(&opened, is_setting ? slice_sub(line, 1, line.len) : line);
		(void)buf_put_char(&opened, '\n');
	}
	for (i = 0; i < keys_count; i++) {
		char setting[128];

		snprintf(setting, sizeof(setting), "\n%s = ", keys_table[i].key);
		assert_non_null(strstr(buf_cstr(&opened), setting));
		assert_non_null(strstr(buf_cstr(&text), keys_table[i].key));
	}
	cfg = sources_good(buf_cstr(&opened), NULL, NULL);
	assert_int_equal(cfg->n_stores, 1);
	assert_int_equal(cfg->n_principals, 1);
	assert_int_equal(cfg->server.allowed_hosts.n, 1);
	config_free(&cfg);
	buf_fini(&text);
	buf_fini(&opened);
}

static void
test_manual_page_names_every_key(void **state)
{
	struct buf text;
	size_t i;

	(void)state;
	buf_init(&text, CONFIG_FILE_MAX);
	assert_int_equal(config_describe_man(&text), 0);
	for (i = 0; i < keys_count; i++) {
		char item[128];

		snprintf(item, sizeof(item), ".It Ic %s Ns ", keys_table[i].key);
		assert_non_null(strstr(buf_cstr(&text), item));
		if (keys_table[i].seed != NULL)
			assert_non_null(strstr(buf_cstr(&text), keys_table[i].seed));
	}
	buf_fini(&text);
}

static void
test_manual_pages_lint(void **state)
{
	(void)state;
	if (access("/usr/bin/mandoc", X_OK) != 0)
		skip();
	assert_int_equal(system("/usr/bin/mandoc -Tlint -Wwarning " TREE "docs/man/magento-mcp.8"), 0);
	assert_int_equal(system("/usr/bin/mandoc -Tlint -Wwarning " TREE "docs/man/magento-mcp.conf.5"), 0);
}

static void
check_file(const char *path, int (*describe)(struct buf *out))
{
	struct buf text, file;
	struct err err;

	buf_init(&text, CONFIG_FILE_MAX);
	buf_init(&file, CONFIG_FILE_MAX);
	assert_int_equal(describe(&text), 0);
	assert_int_equal(fd_read_file(path, CONFIG_FILE_MAX, &file, &err), 0);
	if (!slice_eq(buf_slice(&text), buf_slice(&file)))
		fail_msg("%s is not what the table says, run `make docs`", path);
	buf_fini(&text);
	buf_fini(&file);
}

static void
test_files_in_the_tree_are_current(void **state)
{
	(void)state;
	check_file(TREE "conf/magento-mcp.conf", config_describe_sample);
	check_file(TREE "docs/man/magento-mcp.conf.5", config_describe_man);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_sample_is_the_default),
	    cmocka_unit_test(test_sample_without_comments),
	    cmocka_unit_test(test_manual_page_names_every_key),
	    cmocka_unit_test(test_manual_pages_lint),
	    cmocka_unit_test(test_files_in_the_tree_are_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
