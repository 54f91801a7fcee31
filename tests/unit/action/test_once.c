/*
 * test_once.c - the same key gives the same result: against a real keeper
 */
#include "../keeper/house.h"

#include "action/env.h"
#include "action/once.h"
#include "json/get.h"

static struct house house;
static struct action_env env;

static const struct action action = {.name = "shop.change"};
static const struct action other_action = {.name = "shop.other"};
static const struct principal alice = {.name = "alice"}, bob = {.name = "bob"};

static struct action_call
call_of(const struct action *what, const struct principal *who)
{
	struct action_call call = {
	    .action = what, .env = &env, .pool = house.pool, .principal = who, .request_id = "1", .has_login = true};

	env.keeper = house.keeper;
	snprintf(call.login.base_url, sizeof(call.login.base_url), "https://shop.example");
	return call;
}

static json_t *
params_of(const char *key, int value)
{
	return json_pack("{s:i, s:s*, s:b, s:s}", "value", value, "idempotency_key", key, "confirm", 1, "reason",
			 "because");
}

/* What once_begin() gives for a call, and with which fault. */
static int
begin(struct once *once, struct action_call *call, json_t *params, json_t **result_r, enum fault_code *code_r)
{
	struct fault fault;
	int r;

	*result_r = NULL;
	fault_init(&fault);
	r = once_begin(once, call, params, result_r, &fault);
	*code_r = fault.code;
	assert_true((r < 0) == (fault.code != FAULT_NONE));
	assert_true((r == 1) == (*result_r != NULL));
	fault_fini(&fault);
	json_decref(params);
	return r;
}

static void
finish(struct once *once, const char *answer)
{
	json_t *result = json_pack("{s:s}", "answer", answer);

	once_finish(once, result);
	assert_false(json_get_bool(result, "replayed", true));
	assert_null(once->claim);
	json_decref(result);
}

/* ---- ---- */

static void
without_key(struct house *h)
{
	struct action_call call = call_of(&action, &alice);
	enum fault_code code;
	struct once once;
	json_t *result;

	(void)h;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(begin(&once, &call, params_of(NULL, 1), &result, &code), 0);
		assert_null(once.claim);
		assert_false(once.is_repeat);
		finish(&once, "done");
	}
	once_abandon(&once, false);
}

static void
replayed(struct house *h)
{
	struct action_call call = call_of(&action, &alice);
	enum fault_code code;
	struct once once;
	json_t *result, *reworded = params_of("replay", 1);

	(void)h;
	assert_int_equal(begin(&once, &call, params_of("replay", 1), &result, &code), 0);
	assert_false(once.is_repeat);
	finish(&once, "first");

	/* What only confirms the call does not make it another one. */
	json_object_set_new(reworded, "reason", json_string("said differently"));
	json_object_del(reworded, "confirm");
	assert_int_equal(begin(&once, &call, reworded, &result, &code), 1);
	assert_string_equal(json_get_str(result, "answer", ""), "first");
	assert_true(json_get_bool(result, "replayed", false));
	assert_null(once.claim);
	json_decref(result);

	assert_int_equal(begin(&once, &call, params_of("replay", 2), &result, &code), -1);
	assert_int_equal(code, FAULT_IDEMPOTENCY_CONFLICT);
}

/* A key belongs to a tool, a caller and a store. */
static void
keys_of_others(struct house *h)
{
	struct action_call calls[] = {call_of(&action, &alice), call_of(&other_action, &alice), call_of(&action, &bob),
				      call_of(&action, &alice)};
	enum fault_code code;
	struct once once;
	json_t *result;

	(void)h;
	snprintf(calls[3].login.base_url, sizeof(calls[3].login.base_url), "https://other.example");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		assert_int_equal(begin(&once, &calls[i], params_of("shared", (int)i), &result, &code), 0);
		finish(&once, "own");
	}
}

static void
while_it_runs(struct house *h)
{
	struct action_call call = call_of(&action, &alice);
	enum fault_code code;
	struct once first, second;
	json_t *result;

	(void)h;
	assert_int_equal(begin(&first, &call, params_of("running", 1), &result, &code), 0);
	assert_int_equal(begin(&second, &call, params_of("running", 1), &result, &code), -1);
	assert_int_equal(code, FAULT_IDEMPOTENCY_CONFLICT);
	finish(&first, "done");
	assert_int_equal(begin(&second, &call, params_of("running", 1), &result, &code), 1);
	json_decref(result);
}

static void
abandoned(struct house *h)
{
	struct action_call call = call_of(&action, &alice);
	enum fault_code code;
	struct once once;
	json_t *result;

	(void)h;
	/* Nothing was changed: the key is free, for other arguments too. */
	assert_int_equal(begin(&once, &call, params_of("left", 1), &result, &code), 0);
	once_abandon(&once, true);
	assert_null(once.claim);
	assert_int_equal(begin(&once, &call, params_of("left", 2), &result, &code), 0);
	assert_false(once.is_repeat);

	/* Something may have been: the next one is a repeat, and must mean the same. */
	once_abandon(&once, false);
	assert_int_equal(begin(&once, &call, params_of("left", 3), &result, &code), -1);
	assert_int_equal(code, FAULT_IDEMPOTENCY_CONFLICT);
	assert_int_equal(begin(&once, &call, params_of("left", 2), &result, &code), 0);
	assert_true(once.is_repeat);
	assert_string_equal(once.plan_id, "");
	finish(&once, "second try");
	assert_int_equal(begin(&once, &call, params_of("left", 2), &result, &code), 1);
	assert_string_equal(json_get_str(result, "answer", ""), "second try");
	json_decref(result);
}

/* A result larger than what a client may send is read back all the same. */
static void
large_result(struct house *h)
{
	struct action_call call = call_of(&action, &alice);
	enum fault_code code;
	struct once once;
	json_t *result;
	char *text = malloc((5u << 20) + 1);

	(void)h;
	assert_non_null(text);
	memset(text, 'x', 5u << 20);
	text[5u << 20] = '\0';
	assert_int_equal(begin(&once, &call, params_of("large", 1), &result, &code), 0);
	finish(&once, text);
	assert_int_equal(begin(&once, &call, params_of("large", 1), &result, &code), 1);
	assert_int_equal(json_string_length(json_object_get(result, "answer")), 5u << 20);
	json_decref(result);
	free(text);
}

/* ---- ---- */

#define ON_A_FIBER(fn)                                                                                                 \
	static void test_##fn(void **state)                                                                            \
	{                                                                                                              \
		(void)state;                                                                                           \
		house_run(&house, fn);                                                                                 \
	}

ON_A_FIBER(without_key)
ON_A_FIBER(replayed)
ON_A_FIBER(keys_of_others)
ON_A_FIBER(while_it_runs)
ON_A_FIBER(abandoned)
ON_A_FIBER(large_result)

static int
open_house(void **state)
{
	(void)state;
	house_init(&house);
	house_connect(&house);
	return 0;
}

static int
close_house(void **state)
{
	(void)state;
	house_disconnect(&house);
	house_fini(&house);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_key),	   cmocka_unit_test(test_replayed),
	    cmocka_unit_test(test_keys_of_others), cmocka_unit_test(test_while_it_runs),
	    cmocka_unit_test(test_abandoned),	   cmocka_unit_test(test_large_result),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
