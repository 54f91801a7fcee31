/*
 * test_question.c - what is an answer and what is not; how questions look in each revision
 */
#include "question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "json/get.h"
#include "json/parse.h"

static json_t *
json_of(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &root, NULL), 0);
	return root;
}

static bool
is_answer(enum action_question_kind kind, const char *params, const char *answer)
{
	json_t *sent = json_of(params), *got = json_of(answer);
	const struct action_question question = {"k", kind, sent};
	bool good = question_is_answered(&question, got);

	json_decref(sent);
	json_decref(got);
	return good;
}

/* A form with one member "v" of this schema, required. */
static bool
fits(const char *schema, const char *value)
{
	char params[1024], answer[1024];

	snprintf(params, sizeof(params),
		 "{\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"v\":%s},\"required\":[\"v\"]}}", schema);
	snprintf(answer, sizeof(answer), "{\"action\":\"accept\",\"content\":{\"v\":%s}}", value);
	return is_answer(ACTION_ELICIT_FORM, params, answer);
}

static void
texts_keep_their_bounds(void **state)
{
	static const char short_text[] = "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}";

	(void)state;
	assert_true(fits("{\"type\":\"string\"}", "\"\""));
	assert_true(fits(short_text, "\"ab\""));
	assert_true(fits(short_text, "\"\\u00e4\\u20ac\\ud83d\\ude00\"")); /* characters, not bytes */
	assert_false(fits(short_text, "\"a\""));
	assert_false(fits(short_text, "\"abcd\""));
	assert_false(fits("{\"type\":\"string\"}", "\"a\\u0000b\""));
	assert_false(fits("{\"type\":\"string\"}", "5"));
	assert_false(fits("{\"type\":\"string\"}", "null"));
}

static void
numbers_keep_their_bounds(void **state)
{
	static const char age[] = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":130}";

	(void)state;
	assert_true(fits(age, "1"));
	assert_true(fits(age, "130.0"));
	assert_false(fits(age, "0"));
	assert_false(fits(age, "131"));
	assert_false(fits(age, "5.5"));
	assert_false(fits(age, "\"5\""));
	assert_true(fits("{\"type\":\"number\",\"minimum\":0.5}", "0.5"));
	assert_false(fits("{\"type\":\"number\",\"minimum\":0.5}", "0.4"));
	assert_false(fits("{\"type\":\"number\"}", "true"));
	assert_true(fits("{\"type\":\"boolean\"}", "false"));
	assert_false(fits("{\"type\":\"boolean\"}", "0"));
}

/* every form of a choice. */
static void
choices_are_kept_to(void **state)
{
	static const char *const single[] = {
	    "{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}",
	    "{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"enumNames\":[\"A\",\"B\"]}",
	    "{\"type\":\"string\",\"oneOf\":[{\"const\":\"a\",\"title\":\"A\"},{\"const\":\"b\",\"title\":\"B\"}]}",
	};
	static const char *const several[] = {
	    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}}",
	    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"anyOf\":[{\"const\":\"a\",\"title\":\"A\"},"
	    "{\"const\":\"b\",\"title\":\"B\"}]}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		assert_true(fits(single[i], "\"b\""));
		assert_false(fits(single[i], "\"c\""));
		assert_false(fits(single[i], "\"A\""));
		assert_false(fits(single[i], "[\"a\"]"));
	}
	for (size_t i = 0; i < ARRAY_LEN(several); i++) {
		assert_true(fits(several[i], "[\"b\",\"a\"]"));
		assert_false(fits(several[i], "[]"));
		assert_false(fits(several[i], "[\"a\",\"b\",\"a\"]"));
		assert_false(fits(several[i], "[\"c\"]"));
		assert_false(fits(several[i], "[1]"));
		assert_false(fits(several[i], "\"a\""));
	}
	assert_false(fits("{\"type\":\"object\"}", "{}"));
	assert_false(fits("{}", "\"a\""));
}

/* */
static void
a_form_is_answered_as_a_whole(void **state)
{
	static const char form[] =
	    "{\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
	    "\"b\":{\"type\":\"boolean\"}},\"required\":[\"a\"]}}";
	static const char *const good[] = {
	    "{\"action\":\"accept\",\"content\":{\"a\":\"x\"}}",
	    "{\"action\":\"accept\",\"content\":{\"a\":\"x\",\"b\":true,\"more\":[]}}",
	    "{\"action\":\"decline\"}",
	    "{\"action\":\"cancel\",\"content\":{\"a\":5}}",
	};
	static const char *const bad[] = {
	    "12345",
	    "null",
	    "[]",
	    "\"accept\"",
	    "{}",
	    "{\"action\":\"yes\"}",
	    "{\"action\":null}",
	    "{\"action\":\"accept\"}",
	    "{\"action\":\"accept\",\"content\":null}",
	    "{\"action\":\"accept\",\"content\":[]}",
	    "{\"action\":\"accept\",\"content\":{}}",
	    "{\"action\":\"accept\",\"content\":{\"b\":true}}",
	    "{\"action\":\"accept\",\"content\":{\"a\":\"x\",\"b\":\"true\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(is_answer(ACTION_ELICIT_FORM, form, good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_answer(ACTION_ELICIT_FORM, form, bad[i]));
}

static void
the_other_kinds_have_their_own_answers(void **state)
{
	(void)state;
	assert_true(is_answer(ACTION_ELICIT_URL, "{}", "{\"action\":\"accept\"}"));
	assert_false(is_answer(ACTION_ELICIT_URL, "{}", "{\"roots\":[]}"));
	assert_true(
	    is_answer(ACTION_SAMPLE, "{}",
		      "{\"role\":\"assistant\",\"model\":\"m\",\"content\":{\"type\":\"text\",\"text\":\"t\"}}"));
	assert_false(is_answer(ACTION_SAMPLE, "{}", "{\"role\":\"assistant\"}"));
	assert_true(is_answer(ACTION_LIST_ROOTS, "{}", "{\"roots\":[]}"));
	assert_false(is_answer(ACTION_LIST_ROOTS, "{}", "{\"roots\":{}}"));
	assert_false(is_answer(ACTION_LIST_ROOTS, "{}", "[]"));
}

/* */
static void
questions_look_as_their_revision_wants(void **state)
{
	static const struct {
		enum action_question_kind kind;
		enum mcp_protocol protocol;
		const char *mode; /* NULL: none */
		bool has_id;
	} cases[] = {
	    {ACTION_ELICIT_FORM, MCP_2025_06_18, NULL, false},	 {ACTION_ELICIT_FORM, MCP_2025_11_25, "form", false},
	    {ACTION_ELICIT_FORM, MCP_2026_07_28, "form", false}, {ACTION_ELICIT_URL, MCP_2025_11_25, "url", true},
	    {ACTION_ELICIT_URL, MCP_2026_07_28, "url", false},	 {ACTION_SAMPLE, MCP_2026_07_28, NULL, false},
	    {ACTION_LIST_ROOTS, MCP_2025_03_26, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *given = json_of("{\"message\":\"m\"}");
		const struct action_question question = {"k", cases[i].kind, given};
		json_t *params = question_params(&question, cases[i].protocol);

		assert_string_equal(json_get_str(params, "message", ""), "m");
		if (cases[i].mode != NULL)
			assert_string_equal(json_get_str(params, "mode", ""), cases[i].mode);
		else
			assert_null(json_object_get(params, "mode"));
		assert_int_equal(json_object_get(params, "elicitationId") != NULL, cases[i].has_id);
		assert_int_equal(json_object_size(given), 1);
		json_decref(params);
		json_decref(given);
	}
	assert_string_equal(question_method(ACTION_ELICIT_URL), "elicitation/create");
	assert_string_equal(question_method(ACTION_SAMPLE), "sampling/createMessage");
	assert_string_equal(question_method(ACTION_LIST_ROOTS), "roots/list");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_keep_their_bounds),
	    cmocka_unit_test(numbers_keep_their_bounds),
	    cmocka_unit_test(choices_are_kept_to),
	    cmocka_unit_test(a_form_is_answered_as_a_whole),
	    cmocka_unit_test(the_other_kinds_have_their_own_answers),
	    cmocka_unit_test(questions_look_as_their_revision_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
