/*
 * alloc_arguments.c - arguments without memory: nothing wrong is let through
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/arguments.h"
#include "action/env.h"
#include "action/auth/login_choice.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"
#include "torture.h"

static const struct json_schema text = {.type = JSON_T_STRING};
static const struct json_prop props[] = {{"sku", &text, true, NULL}, {0}};
static const struct json_schema schema = {.type = JSON_T_OBJECT, .props = props};

static json_t *
json_of(const char *json)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(json), NULL, &root, NULL), 0);
	return root;
}

/* Good arguments: accepted whole, or our own fault. */
static int
take(void *ctx)
{
	const struct json_view *arguments = ctx;
	json_t *params = NULL;
	struct fault fault;
	int r;

	fault_init(&fault);
	r = arguments_params(*arguments, &schema, &params, &fault);
	if (r == 0)
		assert_string_equal(json_get_str(params, "sku", ""), "A");
	else
		assert_int_equal(fault.code, FAULT_INTERNAL_ERROR);
	assert_true((r == 0) == (params != NULL));
	json_decref(params);
	fault_fini(&fault);
	return r == 0 ? 0 : ERR_NOMEM;
}

static void
good_arguments(void **state)
{
	static const char *const forms[] = {"{\"params\":{\"sku\":\"A\"}}", "{\"sku\":\"A\",\"session\":\"h\"}",
					    "{\"params\":\"{\\\"sku\\\":\\\"A\\\"}\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		json_t *tree = json_of(forms[i]);
		struct json_view view = json_view_of(tree);
		struct json_outline outline;

		torture(forms[i], take, &view);
		assert_true((torture_failures() > 0) == (i > 0)); /* the first takes no memory at all */
		json_decref(tree);
		if (json_outline_read(&outline, slice_from_str(forms[i]), NULL) < 0)
			continue;
		view = json_view_root(&outline);
		torture(forms[i], take, &view);
		assert_true(torture_failures() > 0);
	}
}

/* Wrong ones: refused in any case, perhaps with less to say. */
static int
refuse(void *ctx)
{
	json_t *params = NULL;
	struct fault fault;
	bool is_whole;

	fault_init(&fault);
	assert_int_equal(arguments_params(json_view_of(ctx), &schema, &params, &fault), -1);
	assert_null(params);
	assert_true(fault.code == FAULT_VALIDATION_ERROR ||
		    (torture_has_failed() && fault.code == FAULT_INTERNAL_ERROR));
	is_whole = json_array_size(fault.details) > 0;
	assert_true(is_whole || torture_has_failed());
	fault_fini(&fault);
	return 0;
}

static void
wrong_arguments(void **state)
{
	static const char *const forms[] = {"{}",
					    "{\"sku\":5,\"more\":1}",
					    "{\"params\":{\"sku\":\"A\"},\"sku\":\"A\"}",
					    "{\"params\":5}",
					    "{\"params\":\"[\"}",
					    "{\"params\":null}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		json_t *tree = json_of(forms[i]);

		torture(forms[i], refuse, tree);
		assert_true(torture_failures() > 0);
		json_decref(tree);
	}
}

/* ---- which login is meant ---- */

static int
choose_half(void *ctx)
{
	struct config_store store = {.name = "main", .base_url = "https://shop.example", .is_default = true};
	struct config config = {.stores = &store, .n_stores = 1};
	struct action_env env = {.config = &config};
	struct principal who = {.name = "alice"};
	struct action_call call = {.env = &env, .principal = &who};
	struct login_choice choice;
	struct fault fault;

	fault_init(&fault);
	assert_true(login_choose(&call, ctx, &choice, &fault) < 0);
	assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
	fault_fini(&fault);
	return 0;
}

static void
half_credentials(void **state)
{
	static const char *const forms[] = {"{\"oauth_token\":\"c\"}", "{\"username\":\"u\"}", "{\"store\":\"other\"}",
					    "{\"base_url\":\"https://other.example\"}", "{\"base_url\":\"nonsense\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		json_t *tree = json_of(forms[i]);

		torture(forms[i], choose_half, tree);
		assert_true(torture_failures() > 0);
		json_decref(tree);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_arguments),
	    cmocka_unit_test(wrong_arguments),
	    cmocka_unit_test(half_credentials),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
