/*
 * test_write.c - commas, brackets and what a full buffer does
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/err.h"
#include "json/write.h"

static void
commas_stand_where_they_belong(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	json_write_init(&w, &out);
	json_write_begin_object(&w);
	json_write_key_string(&w, "a", "x\"y");
	json_write_key(&w, "b");
	json_write_begin_array(&w);
	json_write_int(&w, INT64_MIN);
	json_write_begin_array(&w);
	json_write_end(&w);
	json_write_begin_object(&w);
	json_write_end(&w);
	json_write_null(&w);
	json_write_end(&w);
	json_write_key(&w, "c");
	json_write_bool(&w, true);
	json_write_key_int(&w, "d", 7);
	json_write_key_raw(&w, "e", SLICE_LIT("{\"raw\":1}"));
	json_write_key(&w, "f");
	json_write_bool(&w, false);
	json_write_key_string(&w, "g", NULL);
	json_write_end(&w);
	assert_int_equal(json_write_finish(&w), 0);
	assert_string_equal(buf_cstr(&out),
			    "{\"a\":\"x\\\"y\",\"b\":[-9223372036854775808,[],{},null],\"c\":true,\"d\":7,"
			    "\"e\":{\"raw\":1},\"f\":false,\"g\":null}");
	buf_fini(&out);
}

static void
scalars_may_be_roots(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	json_write_init(&w, &out);
	json_write_slice(&w, slice_of("a\0b", 3));
	assert_int_equal(json_write_finish(&w), 0);
	assert_string_equal(buf_cstr(&out), "\"a\\u0000b\"");
	buf_fini(&out);
}

static void
reals_and_trees_are_items(void **state)
{
	json_t *tree = json_pack("{s:[i,f]}", "t", 1, 2.5);
	struct json_writer w;
	struct buf out;

	(void)state;
	assert_non_null(tree);
	buf_init(&out, 256);
	json_write_init(&w, &out);
	json_write_begin_array(&w);
	json_write_real(&w, 0.1);
	json_write_real(&w, NAN);
	json_write_real(&w, -INFINITY);
	json_write_tree(&w, tree);
	json_write_tree(&w, tree);
	json_write_end(&w);
	assert_int_equal(json_write_finish(&w), 0);
	assert_string_equal(buf_cstr(&out), "[0.1,null,null,{\"t\":[1,2.5]},{\"t\":[1,2.5]}]");
	buf_fini(&out);
	json_decref(tree);
}

static void
deepest_nesting_keeps_count(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	json_write_init(&w, &out);
	for (int i = 0; i < JSON_WRITE_DEPTH_MAX / 2; i++) {
		json_write_begin_array(&w);
		json_write_int(&w, i);
		json_write_begin_object(&w);
		json_write_key(&w, "k");
	}
	json_write_null(&w);
	for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
		json_write_end(&w);
	assert_int_equal(json_write_finish(&w), 0);
	assert_true(slice_has_prefix(buf_slice(&out), "[0,{\"k\":[1,{\"k\":["));
	assert_non_null(strstr(buf_cstr(&out), "{\"k\":null}]}]}]"));
	buf_fini(&out);
}

static void
a_full_buffer_is_told_at_the_end(void **state)
{
	struct json_writer w;
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	json_write_init(&w, &out);
	json_write_begin_array(&w);
	json_write_string(&w, "much too long");
	json_write_int(&w, 1);
	json_write_end(&w);
	assert_int_equal(json_write_finish(&w), ERR_LIMIT);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_stand_where_they_belong),	cmocka_unit_test(scalars_may_be_roots),
	    cmocka_unit_test(reals_and_trees_are_items),	cmocka_unit_test(deepest_nesting_keeps_count),
	    cmocka_unit_test(a_full_buffer_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
