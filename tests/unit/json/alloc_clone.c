/*
 * alloc_clone.c - a copy is whole, or it is none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/clone.h"
#include "torture.h"

static json_t *tree;

static int
deep(void *ctx)
{
	json_t *copy = json_clone(tree);

	(void)ctx;
	if (copy == NULL)
		return ERR_NOMEM;
	assert_true(json_equal(copy, tree));
	assert_ptr_not_equal(json_object_get(copy, "list"), json_object_get(tree, "list"));
	json_decref(copy);
	return 0;
}

static int
shallow(void *ctx)
{
	json_t *copy = json_clone_shallow(ctx != NULL ? ctx : tree);

	if (copy == NULL)
		return ERR_NOMEM;
	assert_true(json_equal(copy, ctx != NULL ? ctx : tree));
	json_decref(copy);
	return 0;
}

static void
whole_or_none(void **state)
{
	(void)state;
	torture("deep", deep, NULL);
	assert_true(torture_failures() > 10);
	torture("shallow", shallow, NULL);
	assert_true(torture_failures() > 5);
	torture("list", shallow, json_object_get(tree, "list"));
	assert_true(torture_failures() > 1);
}

static void
nothing_of_nothing(void **state)
{
	(void)state;
	assert_null(json_clone(NULL));
	assert_null(json_clone_shallow(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_or_none),
	    cmocka_unit_test(nothing_of_nothing),
	};
	int r;

	json_set_alloc_funcs(torture_malloc, torture_free);
	tree =
	    json_pack("{s:s, s:[i, f, b, n, {s:s, s:[]}], s:{s:i}, s:i, s:i, s:i, s:i, s:i, s:i}", "a", "text", "list",
		      1, 2.5, 1, "x", "y", "z", "inner", "m", 3, "b", 1, "c", 2, "d", 3, "e", 4, "f", 5, "g", 6);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(tree);
	return r;
}
