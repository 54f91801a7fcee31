/*
 * alloc_results.c - results without memory: clean, or said not to be
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/results.h"
#include "base/err.h"
#include "json/get.h"
#include "torture.h"

static int
clean(void *ctx)
{
	json_t *tree = json_pack("{s:s, s:[s, {s:s}]}", "a", "x\x01", "b", "y\x02z", "c", "\x03");
	int r;

	(void)ctx;
	if (tree == NULL)
		return ERR_NOMEM;
	r = result_clean(tree);
	if (r == 0) {
		const json_t *list = json_get_array(tree, "b");

		assert_string_equal(json_get_str(tree, "a", ""), "x");
		assert_string_equal(json_string_value(json_array_get(list, 0)), "yz");
		assert_string_equal(json_get_str(json_array_get(list, 1), "c", "?"), "");
	}
	json_decref(tree);
	return r == 0 ? 0 : ERR_NOMEM;
}

static int
build(void *ctx)
{
	const struct login_scope *scope = ctx;
	json_t *object = json_object();
	json_t *where = result_default_scope(scope);
	int r = result_set_time(object, "at", 1000);

	r |= json_object_set_new(object, "scope", where);
	if (r == 0)
		assert_int_equal(json_object_size(object), 2);
	json_decref(object);
	return r == 0 ? 0 : ERR_NOMEM;
}

static void
cleaning(void **state)
{
	(void)state;
	torture("clean", clean, NULL);
	assert_true(torture_failures() > 5);
}

static void
building(void **state)
{
	struct login_scope none = {.store_view = ""}, view = {.store_view = "de"};

	(void)state;
	torture("no scope", build, &none);
	torture("a view", build, &view);
	assert_true(torture_failures() > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cleaning),
	    cmocka_unit_test(building),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
