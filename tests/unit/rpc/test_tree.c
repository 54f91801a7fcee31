/*
 * test_tree.c - parameters as trees
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "rpc/message.h"

/* The code with which reading these params fails; 0 and the tree when it does not. */
static int
params_of(const char *params, json_t **tree_r)
{
	struct rpc_message msg;
	struct rpc_fault fault;
	char body[512];
	int r;

	*tree_r = NULL;
	rpc_fault_init(&fault);
	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"%s%s}",
		 params == NULL ? "" : ",\"params\":", params == NULL ? "" : params);
	assert_int_equal(rpc_parse(slice_from_str(body), NULL, &msg, &fault), 0);
	r = rpc_params(&msg, NULL, tree_r, &fault);
	assert_int_equal(r, fault.code == 0 ? 0 : -1);
	assert_true((*tree_r != NULL) == (r == 0));
	assert_true(slice_is(msg.id, "1"));
	return fault.code;
}

static void
absent_params_are_empty(void **state)
{
	json_t *tree;

	(void)state;
	assert_int_equal(params_of(NULL, &tree), 0);
	assert_true(json_is_object(tree));
	assert_int_equal(json_object_size(tree), 0);
	json_decref(tree);
}

/* the NUL stays, nothing behind it is lost. */
static void
params_are_read(void **state)
{
	json_t *tree;

	(void)state;
	assert_int_equal(params_of("{\"name\":\"x\\u0000y\",\"arguments\":{\"n\":9007199254740993}}", &tree), 0);
	assert_int_equal(json_string_length(json_object_get(tree, "name")), 3);
	assert_true(json_integer_value(json_object_get(json_object_get(tree, "arguments"), "n")) == 9007199254740993);
	json_decref(tree);
}

/* */
static void
r030_names_stand_once_at_any_depth(void **state)
{
	static const char *const cases[] = {"{\"name\":\"a\",\"name\":\"a\"}", "{\"_meta\":{},\"_meta\":{}}",
					    "{\"uri\":\"a\",\"u\\u0072i\":\"b\"}",
					    "{\"arguments\":{\"x\":[{\"y\":1,\"y\":2}]}}"};
	json_t *tree;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(params_of(cases[i], &tree), RPC_INVALID_REQUEST);
}

static void
numbers_that_cannot_be_held_are_refused(void **state)
{
	json_t *tree;

	(void)state;
	assert_int_equal(params_of("{\"n\":9223372036854775808}", &tree), RPC_PARSE_ERROR);
	assert_int_equal(params_of("{\"n\":1e999}", &tree), RPC_PARSE_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(absent_params_are_empty),
	    cmocka_unit_test(params_are_read),
	    cmocka_unit_test(r030_names_stand_once_at_any_depth),
	    cmocka_unit_test(numbers_that_cannot_be_held_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
