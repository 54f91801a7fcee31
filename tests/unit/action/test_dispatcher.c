/*
 * test_dispatcher.c - the order of checks, who is told what, and cancellation
 */
#include "fake_shop.h"

#include "../base/expect_abort.h"

/* ---- actions of this test ---- */

static struct fiber_wait *gate;
static unsigned cancelled;

static void
on_cancel(void *ctx)
{
	(void)ctx;
	cancelled++;
}

static int
run_echo(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)fault;
	assert_true(call->deadline_mono_ms > call->began.mono_ms);
	*result_r =
	    json_pack("{s:O, s:s, s:s, s:s}", "params", params, "username", call->has_login ? call->login.username : "",
		      "request", call->request_id, "principal", call->principal->name);
	return 0;
}

static int
run_wait(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct fiber_wait wait;
	char *kept = pool_printf(call->pool, "kept");

	(void)params;
	fiber_wait_init(&wait, on_cancel, NULL);
	gate = &wait;
	if (fiber_wait_for(&wait) < 0)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	*result_r = json_pack("{s:s}", "text", kept);
	return 0;
}

/* Ignores that it was cancelled. */
static int
run_stubborn(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	if (run_wait(call, params, result_r, fault) < 0) {
		fault_fini(fault);
		*result_r = json_object();
	}
	return 0;
}

static int
run_refuse(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)result_r;
	fault_set(fault, FAULT_NOT_FOUND, json_pack("[i]", 1), "first");
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_incref(params), "second"); /* replaces it */
}

static int
run_nothing(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params, (void)result_r, (void)fault;
	return 0;
}

static int
run_silently_wrong(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params, (void)result_r, (void)fault;
	return -1;
}

static int
run_both(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	*result_r = json_object();
	return fault_set(fault, FAULT_NOT_FOUND, NULL, "and yet there is a result");
}

static int
run_two_results(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params, (void)fault;
	*result_r = json_object();
	return buf_put_str(&call->text, "{}");
}

/* What was written before a refusal is nobody's. */
static int
run_text(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *text = json_get_str(params, "text", "");

	(void)result_r;
	buf_put_str(&call->text, "{\"said\":\"");
	if (text[0] == '\0')
		return fault_set(fault, FAULT_NOT_FOUND, NULL, "nothing to say");
	buf_put_str(&call->text, text);
	buf_put_str(&call->text, "\"}");
	return 0;
}

static const struct json_schema text = {.type = JSON_T_STRING};
static const struct json_prop props[] = {{"text", &text, false, NULL}, {0}};
static const struct json_schema params_schema = {.type = JSON_T_OBJECT, .props = props};
static const struct json_schema any_result = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};

#define ROW(its_name, its_flags, its_scope, its_run)                                                                   \
	{                                                                                                              \
		.name = its_name, .title = "T", .description = "D", .tier = ACTION_SAFE, .flags = its_flags,           \
		.scope = its_scope, .params = &params_schema, .result = &any_result, .run = its_run                    \
	}

static const struct action echo = ROW("t.echo", 0, NULL, run_echo);
static const struct action mine = ROW("t.mine", ACTION_NEEDS_LOGIN, "catalog:read", run_echo);
static const struct action waits = ROW("t.waits", 0, NULL, run_wait);
static const struct action stubborn = ROW("t.stubborn", 0, NULL, run_stubborn);
static const struct action writes = ROW("t.writes", 0, NULL, run_text);
static const struct action refuses = ROW("t.refuses", 0, NULL, run_refuse);

static void
begin(struct shop *shop, struct told *told, const struct action *action, const char *arguments)
{
	json_t *tree = arguments != NULL ? json_of(arguments) : NULL;
	char id[] = "1.2.3";
	const struct action_request request = {.action = action,
					       .arguments = json_view_of(tree),
					       .principal = &shop->principal,
					       .memory = shop->memory,
					       .request_id = id};

	memset(told, 0, sizeof(*told));
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, told, &told->running), 0);
	assert_true((told->times == 1) == (told->running == NULL));
	memset(id, 'x', sizeof(id)); /* copied */
	json_decref(tree);	     /* borrowed during the dispatch only */
}

/* ---- being told ---- */

static void
a_call_that_needs_no_wait_is_told_at_once(void **state)
{
	struct shop *shop = *state;
	struct told told;

	begin(shop, &told, &echo, "{\"text\":\"x\"}");
	assert_int_equal(told.times, 1);
	assert_string_equal(json_get_str(json_object_get(told.result, "params"), "text", ""), "x");
	assert_string_equal(json_get_str(told.result, "request", ""), "1.2.3");
	assert_string_equal(json_get_str(told.result, "principal", ""), "alice");
	assert_int_equal(shop->calls, 1);
	assert_int_equal(shop->fault_code, FAULT_NONE);
	told_fini(&told);
}

static void
a_call_that_waits_is_told_later(void **state)
{
	struct shop *shop = *state;
	struct told told;

	begin(shop, &told, &waits, NULL);
	assert_int_equal(told.times, 0);
	assert_int_equal(shop->calls, 0);
	fiber_wait_done(gate);
	assert_int_equal(told.times, 1);
	assert_int_equal(shop->calls, 1);
	assert_string_equal(json_get_str(told.result, "text", ""), "kept");
	told_fini(&told);
}

static void
a_result_may_be_a_text(void **state)
{
	struct shop *shop = *state;
	struct told told;

	begin(shop, &told, &writes, "{\"text\":\"x\"}");
	assert_string_equal(json_get_str(told.result, "said", ""), "x");
	told_fini(&told);
	begin(shop, &told, &writes, "{}");
	assert_null(told.result);
	expect_fault(&told, FAULT_NOT_FOUND);
}

static void
the_last_fault_is_told(void **state)
{
	struct shop *shop = *state;
	struct told told;

	begin(shop, &told, &refuses, "{\"text\":\"x\"}");
	assert_fault(&told, FAULT_MAGENTO_API_ERROR);
	assert_string_equal(told.message, "second");
	assert_string_equal(json_get_str(told.details, "text", ""), "x");
	assert_int_equal(shop->fault_code, FAULT_MAGENTO_API_ERROR);
	told_fini(&told);
}

/* ---- the order of checks ---- */

static void
handle_then_login_then_rights_then_parameters(void **state)
{
	static const char *const none[] = {"cms:read"};
	const struct config_principal poor = {.name = "alice", .scopes = {none, 1}};
	struct shop *shop = *state;
	struct told told;

	shop->principal.scopes = &poor.scopes;
	begin(shop, &told, &mine, "{\"session\":5,\"wrong\":1}");
	assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "session");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	begin(shop, &told, &mine, "{\"session\":\"unknown\",\"wrong\":1}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	begin(shop, &told, &mine, "{\"wrong\":1}");
	assert_string_equal(told.message, "Not authenticated. Call auth_login first.");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	shop_login(shop);
	begin(shop, &told, &mine, "{\"wrong\":1}");
	assert_non_null(strstr(told.message, "catalog:read"));
	expect_fault(&told, FAULT_FORBIDDEN);
	shop->principal.scopes = NULL;
	begin(shop, &told, &mine, "{\"wrong\":1}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	begin(shop, &told, &mine, "{\"text\":\"x\"}");
	assert_string_equal(json_get_str(told.result, "username", ""), "Main shop");
	told_fini(&told);
}

/* Rights to a store are judged at each call, not at login. */
static void
a_store_taken_away_is_refused(void **state)
{
	static const char *const others[] = {"other"};
	const struct config_principal poor = {.name = "alice", .stores = {others, 1}};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop->principal.stores = &poor.stores;
	begin(shop, &told, &mine, NULL);
	assert_non_null(strstr(told.message, "main"));
	expect_fault(&told, FAULT_FORBIDDEN);
}

/* A handle in the call wins over the remembered login, also when it leads nowhere. */
static void
a_handle_wins_over_the_memory(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	begin(shop, &told, &mine, "{\"session\":\"0123456789012345678901234567890123456789012\"}");
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
	begin(shop, &told, &mine, "{\"session\":null}");
	assert_non_null(told.result);
	told_fini(&told);
}

static void
a_remembered_login_that_ended_is_none(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	assert_int_equal(login_destroy(&shop->sessions, SLICE_LIT("alice"), shop->memory.login, action_now()), 0);
	begin(shop, &told, &mine, NULL);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
}

/* ---- cancelling ---- */

static void
a_cancelled_call_is_not_told(void **state)
{
	struct shop *shop = *state;
	struct told told;

	cancelled = 0;
	begin(shop, &told, &waits, NULL);
	action_cancel(&told.running);
	assert_null(told.running);
	assert_int_equal(cancelled, 1);
	assert_int_equal(told.times, 0);
	assert_int_equal(shop->calls, 1); /* counted, as what it was */
	assert_int_equal(shop->fault_code, FAULT_CANCELLED);
	action_cancel(&told.running);
}

static void
what_a_cancelled_call_still_gives_is_dropped(void **state)
{
	struct shop *shop = *state;
	struct told told;

	begin(shop, &told, &stubborn, NULL);
	action_cancel(&told.running);
	assert_int_equal(told.times, 0);
	assert_int_equal(shop->calls, 1);
}

/* ---- shortage ---- */

static void
no_fiber_left_means_not_begun(void **state)
{
	struct shop *shop = *state;
	const struct action_request request = {.action = &waits, .principal = &shop->principal};
	struct action_running *running[9] = {NULL};
	struct told told;

	memset(&told, 0, sizeof(told));
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(action_dispatch(&shop->env, &request, told_done, &told, &running[i]), 0);
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, &told, &running[8]), ERR_FULL);
	assert_null(running[8]);
	assert_int_equal(told.times, 0);
	for (size_t i = 0; i < 8; i++)
		action_cancel(&running[i]);
}

/* ---- what an action must not do ---- */

static void
dispatch_wrong(void *run)
{
	struct action wrong = echo;
	struct action_request request = {.action = &wrong};
	struct config config;
	struct action_env env = {.config = &config};
	struct principal who = {.name = "alice"};
	struct action_running *running;
	struct told told;
	int r;

	memset(&config, 0, sizeof(config));
	memset(&told, 0, sizeof(told));
	env.fibers = fiber_pool_new(1, 1);
	request.principal = &who;
	memcpy(&wrong.run, run, sizeof(wrong.run));
	r = action_dispatch(&env, &request, told_done, &told, &running);
	(void)r;
}

static void
a_result_and_a_fault_exclude_each_other(void **state)
{
	int (*runs[])(struct action_call *, json_t *, json_t **, struct fault *) = {run_nothing, run_silently_wrong,
										    run_both, run_two_results};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		expect_abort(dispatch_wrong, &runs[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_call_that_needs_no_wait_is_told_at_once),
	    SHOP_TEST(a_call_that_waits_is_told_later),
	    SHOP_TEST(a_result_may_be_a_text),
	    SHOP_TEST(the_last_fault_is_told),
	    SHOP_TEST(handle_then_login_then_rights_then_parameters),
	    SHOP_TEST(a_store_taken_away_is_refused),
	    SHOP_TEST(a_handle_wins_over_the_memory),
	    SHOP_TEST(a_remembered_login_that_ended_is_none),
	    SHOP_TEST(a_cancelled_call_is_not_told),
	    SHOP_TEST(what_a_cancelled_call_still_gives_is_dropped),
	    SHOP_TEST(no_fiber_left_means_not_begun),
	    cmocka_unit_test(a_result_and_a_fault_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
