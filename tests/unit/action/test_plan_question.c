/*
 * test_plan_question.c - what the user reads before a plan is carried out
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/plan_question.h"

static char said[16384];

static const struct plan_words products = {.noun = "products"};
static const struct plan_words rules = {.noun = "cart price rules", .creates = true};

static const char *
say(const struct plan_words *words, enum keeper_plan_state state, const char *summary, bool force)
{
	json_t *tree = json_loads(summary, 0, NULL);
	struct buf text;

	assert_non_null(tree);
	buf_init(&text, 8192);
	plan_question_put(words, state, tree, force, &text);
	assert_int_equal(text.failed, 0);
	snprintf(said, sizeof(said), "%s", buf_cstr(&text));
	buf_fini(&text);
	json_decref(tree);
	return said;
}

static void
numbers_places_warnings_and_examples(void **state)
{
	(void)state;
	assert_string_equal(
	    say(&products, KEEPER_PLAN_PREPARED,
		"{\"affected_count\":300,\"warnings\":[\"12 change by more than 30 %\"],"
		"\"effective_scopes\":[{\"scope\":\"de\",\"fields\":[\"price\"],\"store_views\":[\"de\",\"at\"]},"
		"{\"scope\":\"fr\",\"fields\":[\"price\",\"name\"],\"store_views\":[\"fr\"]}],"
		"\"sample_diffs\":[{\"sku\":\"A-1\",\"scope\":\"de\",\"changes\":{\"price\":{\"from\":1.5,\"to\":2}}},"
		"{\"sku\":\"A-2\",\"scope\":\"all\",\"changes\":{\"name\":{\"from\":null,\"to\":\"X\"}}}]}",
		false),
	    "Change price, name of 300 products in 3 store views (de, at, fr)?\nWarnings:\n- 12 change by more than 30 "
	    "%\nFor example:\n- \"A-1\" (de) price: 1.5 -> 2\n- \"A-2\" name: null -> \"X\"");
}

/* A global write is named as such, whatever stands beside it. */
static void
a_write_that_all_see(void **state)
{
	(void)state;
	assert_string_equal(
	    say(&products, KEEPER_PLAN_INTERRUPTED,
		"{\"affected_count\":1,\"warnings\":[],\"effective_scopes\":[{\"scope\":\"all\",\"fields\":[\"price\"],"
		"\"store_views\":[]},{\"scope\":\"de\",\"fields\":[\"name\"],\"store_views\":[\"de\"]}]}",
		true),
	    "Go on with a plan that was interrupted. Change price, name of 1 product in all store views? What others "
	    "have changed since the plan was made is overwritten (force).");
}

static void
something_new(void **state)
{
	(void)state;
	assert_string_equal(
	    say(&rules, KEEPER_PLAN_PREPARED,
		"{\"affected_count\":1,\"warnings\":[\"live at once\"],\"effective_scopes\":[{\"scope\":"
		"\"all\",\"fields\":[\"name\"],\"store_views\":[]}],\"sample_diffs\":[{\"name\":\"Summer\","
		"\"scope\":\"all\",\"changes\":{\"discount_amount\":{\"from\":null,\"to\":20}}}]}",
		false),
	    "Create 1 cart price rule?\nWarnings:\n- live at once\nDetails:\n- \"Summer\" "
	    "discount_amount: null -> 20");
}

/* Whatever a plan holds, the question stays one that a person can read. */
static void
the_text_has_a_bound(void **state)
{
	json_t *summary =
	    json_pack("{s:i, s:[], s:[], s:[]}", "affected_count", 500, "warnings", "effective_scopes", "sample_diffs");
	json_t *warnings = json_object_get(summary, "warnings"), *samples = json_object_get(summary, "sample_diffs");
	char *text, value[3001];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 50; i++) {
		json_t *changes = json_object();

		json_array_append_new(warnings, json_sprintf("warning %d %.400s", i, value));
		for (int k = 0; k < 60; k++) {
			char name[24];

			snprintf(name, sizeof(name), "field_%d", k);
			json_object_set_new(changes, name, json_pack("{s:s, s:s}", "from", value, "to", value));
		}
		json_array_append_new(samples, json_pack("{s:i, s:o}", "page_id", i, "changes", changes));
	}
	text = json_dumps(summary, 0);
	say(&products, KEEPER_PLAN_PREPARED, text, false);
	assert_non_null(strstr(said, "\n- and 40 more"));
	assert_true(strlen(said) < 8192);
	assert_null(strstr(said, "page_id")); /* its value only */
	free(text);
	json_decref(summary);
}

static void
a_cut_value_stays_text(void **state)
{
	json_t *value =
	    json_string("0123456789012345678901234567890123456789012345678901234567890123456789012345678ä!");
	struct buf text;

	(void)state;
	buf_init(&text, 1000);
	plan_question_value(&text, value);
	assert_string_equal(buf_cstr(&text),
			    "\"0123456789012345678901234567890123456789012345678901234567890123456789012345678...");
	buf_clear(&text);
	plan_question_value(&text, NULL);
	assert_string_equal(buf_cstr(&text), "-");
	buf_fini(&text);
	json_decref(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_places_warnings_and_examples),
	    cmocka_unit_test(a_write_that_all_see),
	    cmocka_unit_test(something_new),
	    cmocka_unit_test(the_text_has_a_bound),
	    cmocka_unit_test(a_cut_value_stays_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
