/*
 * test_rounds.c - the modern era asks: the call ends with questions, comes again with the answers, and is done once
 */
#include "rounds.h"

#include "world.h"

#define FORM "{\"elicitation\":{}}"
#define ALL "{\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{},\"roots\":{}}"
#define ACCEPT(name, value) "{\"action\":\"accept\",\"content\":{\"" name "\":" value "}}"
#define ARGUMENTS(kinds) "\"arguments\":{\"kinds\":\"" kinds "\"},"
#define KEEPING "\"arguments\":{\"keep\":true},"

/* An InputRequiredResult; gives its requestState. */
static const char *
state_of(const struct reply *r)
{
	const json_t *result = result_of(r);
	const json_t *meta = json_get_object(result, "_meta");

	assert_string_equal(json_get_str(result, "resultType", ""), "input_required");
	assert_null(json_object_get(result, "ttlMs"));
	assert_null(json_object_get(result, "content"));
	assert_true(json_object_size(json_get_object(result, "inputRequests")) > 0);
	assert_non_null(json_get_object(meta, "io.modelcontextprotocol/serverInfo"));
	return json_get_str(result, "requestState", NULL);
}

static const json_t *
question_in(const struct reply *r, const char *key)
{
	return json_get_object(json_get_object(result_of(r), "inputRequests"), key);
}

/* The call again, with these responses (or none) and this state (or none). */
static void
again(struct world *w, struct reply *r, const char *tool, const char *capabilities, const char *arguments,
      const char *responses, const char *state)
{
	char *more = NULL;

	assert_true(asprintf(&more, "%s%s%s%s%s%s%s", arguments, responses != NULL ? "\"inputResponses\":" : "",
			     responses != NULL ? responses : "", responses != NULL ? "," : "",
			     state != NULL ? "\"requestState\":\"" : "", state != NULL ? state : "",
			     state != NULL ? "\"," : "") > 0);
	modern_capable(w, r, tool, capabilities, "", more);
	free(more);
}

static void
expect_asked_again(struct reply *r)
{
	assert_non_null(state_of(r));
	reply_fini(r);
}

static void
a_call_ends_with_its_questions(void **state)
{
	struct world w;
	struct reply r, next;
	const json_t *question;
	json_t *content;

	(void)state;
	world_open(&w);
	modern_capable(&w, &r, "test_ask", FORM, "", "");
	assert_non_null(state_of(&r));
	assert_int_equal(r.n_events, 0);
	question = question_in(&r, "form");
	assert_int_equal(json_object_size(question), 2);
	assert_string_equal(json_get_str(question, "method", ""), "elicitation/create");
	assert_string_equal(json_get_str(json_get_object(question, "params"), "mode", ""), "form");
	again(&w, &next, "test_ask", FORM, "", "{\"form\":" ACCEPT("name", "\"Ann\"") ",\"more\":{\"x\":1}}",
	      state_of(&r));
	assert_string_equal(json_get_str(result_of(&next), "resultType", ""), "complete");
	assert_int_equal(json_get_int(result_of(&next), "ttlMs", -1), 0); /* */
	assert_string_equal(json_get_str(result_of(&next), "cacheScope", ""), "private");
	content = content_of(&next, false);
	assert_string_equal(
	    json_get_str(json_get_object(json_get_object(json_get_object(content, "answers"), "form"), "content"),
			 "name", ""),
	    "Ann");
	json_decref(content);
	reply_fini(&next);
	reply_fini(&r);
	world_close(&w);
}

/* Where nothing is kept the answers speak for themselves; what cannot be an answer is asked for again. */
static void
only_answers_count(void **state)
{
	static const char *const missing[] = {
	    "{}",
	    "{\"wrong_key\":" ACCEPT("name", "\"Ann\"") "}",
	    "{\"form\":12345}",
	    "{\"form\":null}",
	    "{\"form\":" ACCEPT("name", "5") "}",
	    "{\"form\":" ACCEPT("other", "\"Ann\"") "}",
	};
	static const char *const broken[] = {"null", "[]", "5", "\"x\""};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	again(&w, &r, "test_ask", FORM, "", "{\"form\":" ACCEPT("name", "\"Ann\"") ",\"more\":{}}", NULL);
	expect_good(&r);
	again(&w, &r, "test_ask", FORM, "", "{\"form\":{\"action\":\"decline\"}}", NULL);
	assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "complete");
	reply_fini(&r);
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		again(&w, &r, "test_ask", FORM, "", missing[i], NULL);
		expect_asked_again(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		again(&w, &r, "test_ask", FORM, "", broken[i], NULL);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "1");
	}
	world_close(&w);
}

/* Where something is kept, answers count with the state that holds it, once, from its own caller. */
static void
a_state_is_used_once_and_as_given(void **state)
{
	static const char answer[] = "{\"form\":" ACCEPT("name", "\"Ann\"") "}";
	struct world w;
	struct reply r, next;
	const char *given;
	char *tampered = NULL;
	json_t *content;

	(void)state;
	world_open(&w);
	again(&w, &r, "test_ask", FORM, KEEPING, answer, NULL);
	given = state_of(&r);
	assert_true(asprintf(&tampered, "%s-TAMPERED", given) > 0);
	again(&w, &next, "test_ask", FORM, KEEPING, answer, tampered);
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "1");
	again(&w, &next, "test_ask", FORM, "", answer, given); /* other arguments */
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "1");
	again(&w, &next, "test_ask", FORM, KEEPING, answer, given);
	content = content_of(&next, false);
	assert_int_equal(json_get_int(json_get_object(content, "kept"), "kept", 0), 5);
	json_decref(content);
	reply_fini(&next);
	again(&w, &next, "test_ask", FORM, KEEPING, answer, given);
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "1");
	modern_capable(&w, &next, "test_ask", FORM, "", "\"requestState\":5,");
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "1");
	free(tampered);
	reply_fini(&r);
	world_close(&w);
}

static void
another_caller_cannot_use_it(void **state)
{
	struct world w;
	struct reply r, next;
	char *params = NULL;

	(void)state;
	world_open(&w);
	modern_capable(&w, &r, "test_ask", FORM, "", KEEPING);
	assert_true(asprintf(&params, "\"name\":\"test_ask\"," KEEPING "\"inputResponses\":{},\"requestState\":\"%s\",",
			     state_of(&r)) > 0);
	modern_as(&w, &next, &bob, "tools/call", "test_ask", params);
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	free(params);
	reply_fini(&r);
	world_close(&w);
}

static void
a_state_expires(void **state)
{
	struct world w;
	struct reply r, next;

	(void)state;
	world_open(&w);
	modern_capable(&w, &r, "test_ask", FORM, "", KEEPING);
	w.later_ms = 11 * 60 * 1000;
	again(&w, &next, "test_ask", FORM, KEEPING, "{}", state_of(&r));
	assert_non_null(strstr(json_get_str(error_of(&next), "message", ""), "expired"));
	expect_refused(&next, 200, RPC_INVALID_PARAMS, "1");
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
rounds_follow_one_another(void **state)
{
	struct world w;
	struct reply first, second, last;
	json_t *content;

	(void)state;
	world_open(&w);
	modern_capable(&w, &first, "test_steps", FORM, "", "");
	assert_non_null(question_in(&first, "name"));
	again(&w, &second, "test_steps", FORM, "", "{\"name\":" ACCEPT("name", "\"Ann\"") "}", state_of(&first));
	assert_null(question_in(&second, "name"));
	assert_non_null(question_in(&second, "count"));
	assert_string_not_equal(state_of(&first), state_of(&second));
	again(&w, &last, "test_steps", FORM, "", "{\"count\":" ACCEPT("count", "7") "}", state_of(&second));
	content = content_of(&last, false);
	assert_string_equal(json_get_str(content, "name", ""), "Ann");
	assert_int_equal(json_get_int(content, "count", 0), 7);
	json_decref(content);
	reply_fini(&last);
	reply_fini(&second);
	reply_fini(&first);
	world_close(&w);
}

/* what this request did not declare is not asked; of several, those that can be. */
static void
only_what_was_declared_is_asked(void **state)
{
	struct world w;
	struct reply r;
	const json_t *required;

	(void)state;
	world_open(&w);
	modern_capable(&w, &r, "test_ask", ALL, "", ARGUMENTS("form url sample roots"));
	assert_non_null(state_of(&r));
	assert_int_equal(json_object_size(json_get_object(result_of(&r), "inputRequests")), 4);
	assert_string_equal(json_get_str(question_in(&r, "sample"), "method", ""), "sampling/createMessage");
	assert_string_equal(json_get_str(question_in(&r, "roots"), "method", ""), "roots/list");
	assert_string_equal(json_get_str(json_get_object(question_in(&r, "url"), "params"), "mode", ""), "url");
	reply_fini(&r);
	modern_capable(&w, &r, "test_ask", "{\"sampling\":{}}", "", ARGUMENTS("form sample"));
	assert_non_null(state_of(&r));
	assert_null(question_in(&r, "form"));
	assert_non_null(question_in(&r, "sample"));
	reply_fini(&r);
	again(&w, &r, "test_ask", "{\"sampling\":{}}", ARGUMENTS("form sample"), "{\"sample\":{\"content\":{}}}", NULL);
	expect_refused(&r, 400, RPC_CAPABILITY_MISSING, "1");
	modern_capable(&w, &r, "test_ask", "{}", "", ARGUMENTS("form sample"));
	required = json_get_object(json_get_object(error_of(&r), "data"), "requiredCapabilities");
	assert_non_null(json_get_object(json_get_object(required, "elicitation"), "form"));
	assert_non_null(json_get_object(required, "sampling"));
	expect_refused(&r, 400, RPC_CAPABILITY_MISSING, "1");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_ends_with_its_questions),
	    cmocka_unit_test(only_answers_count),
	    cmocka_unit_test(a_state_is_used_once_and_as_given),
	    cmocka_unit_test(another_caller_cannot_use_it),
	    cmocka_unit_test(a_state_expires),
	    cmocka_unit_test(rounds_follow_one_another),
	    cmocka_unit_test(only_what_was_declared_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
