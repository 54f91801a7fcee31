/*
 * test_suite.c - JSONTestSuite (https://github.com/nst/JSONTestSuite), where somebody has a copy
 *
 *	JSON_TEST_SUITE=.../test_parsing build/unit/json/test_suite
 *
 * Its files say by their names what a parser must do: n_ refuse, y_ accept, i_ as it likes.  Ours refuses more: names
 * that stand twice, and a NUL in a name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "json/parse.h"

#define FILE_MAX (4 * 1024 * 1024)

struct counts {
	size_t refused, accepted, by_policy, either;
};

static const char *const policy[] = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
				     "y_object_escaped_null_in_key.json"};

static bool
is_refused_by_policy(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(policy); i++) {
		if (strcmp(policy[i], name) == 0)
			return true;
	}
	return false;
}

static int
parse_file(const char *folder, const char *name)
{
	char path[PATH_MAX], piece[4096];
	json_t *tree = NULL;
	struct buf text;
	struct err err;
	FILE *file;
	size_t n;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	buf_init(&text, FILE_MAX);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(buf_put(&text, piece, n), 0);
	fclose(file);
	r = json_parse(buf_slice(&text), NULL, &tree, &err);
	assert_true((r == 0) == (tree != NULL));
	json_decref(tree);
	buf_fini(&text);
	return r;
}

static void
judge(const char *folder, const char *name, struct counts *counts)
{
	int r = parse_file(folder, name);
	bool must_refuse = name[0] == 'n' || is_refused_by_policy(name);

	if (name[0] == 'i') {
		counts->either++;
		return;
	}
	if ((r < 0) != must_refuse)
		fail_msg("%s: %d", name, r);
	*(name[0] == 'n' ? &counts->refused : must_refuse ? &counts->by_policy : &counts->accepted) += 1;
}

static void
test_suite(void **state)
{
	const char *folder = getenv("JSON_TEST_SUITE");
	struct counts counts = {0};
	struct dirent *entry;
	DIR *dir;

	(void)state;
	if (folder == NULL) {
		skip();
		return;
	}
	dir = opendir(folder);
	assert_non_null(dir);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			judge(folder, entry->d_name, &counts);
	}
	closedir(dir);
	assert_true(counts.refused >= 188 && counts.accepted + counts.by_policy >= 95);
	print_message("JSONTestSuite: %zu refused, %zu accepted, %zu refused by policy, %zu either way\n",
		      counts.refused, counts.accepted, counts.by_policy, counts.either);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_suite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
