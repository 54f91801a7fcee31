/*
 * test_confirm.c - a change that the user has not agreed to: who is asked, what an answer does, what is recorded
 */
#include "fake_shop.h"

#include <stdlib.h>
#include <unistd.h>

#include "action/peer.h"
#include "audit/audit.h"
#include "session/login.h"

/* ---- a client that can be asked ---- */

struct client {
	unsigned asked;
	char message[4096];
	json_t *schema;		 /* owned: of the last question */
	const char *answer;	 /* what the client's user says */
	enum fault_code refuses; /* instead of an answer */
	struct shop *log_out;	 /* whose login ends meanwhile */
};

static struct client client;
static unsigned worked;
static char worked_with[1024];

static int
on_ask(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
       struct fault *fault)
{
	struct client *c = ctx;

	assert_int_equal(n, 1);
	assert_int_equal(questions[0].kind, ACTION_ELICIT_FORM);
	assert_non_null(keep);
	c->asked++;
	snprintf(c->message, sizeof(c->message), "%s", json_get_str(questions[0].params, "message", ""));
	json_decref(c->schema);
	c->schema = json_incref(json_object_get(questions[0].params, "requestedSchema"));
	if (c->log_out != NULL)
		assert_int_equal(
		    login_destroy(&c->log_out->sessions, SLICE_LIT("alice"), c->log_out->memory.login, action_now()),
		    0);
	if (c->refuses != FAULT_NONE)
		return fault_set(fault, c->refuses, NULL, "x");
	*answers_r = json_object();
	json_object_set_new(*answers_r, questions[0].key, json_of(c->answer));
	return 0;
}

/* ---- tools ---- */

static int
run_work(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);

	(void)call, (void)fault;
	worked++;
	snprintf(worked_with, sizeof(worked_with), "%s", text);
	free(text);
	*result_r = json_object();
	return 0;
}

static int
say_numbers(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	(void)call, (void)fault;
	buf_printf(text, "Change %lld products?", (long long)json_get_int(params, "n", 0));
	return 0;
}

static int
refuse_plan(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	(void)call, (void)params, (void)text;
	return fault_set(fault, FAULT_PLAN_EXPIRED, NULL, "This plan has expired.");
}

static const struct json_schema any = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};

#define ROW(its_name, its_flags, its_question)                                                                         \
	{                                                                                                              \
		.name = its_name, .title = "Do it", .description = "D", .tier = ACTION_RISK,                           \
		.flags = ACTION_CONFIRM | (its_flags), .params = &any, .result = &any, .run = run_work,                \
		.question = its_question                                                                               \
	}

static const struct action plain = ROW("t.plain", 0, NULL);
static const struct action numbered = ROW("t.numbered", 0, say_numbers);
static const struct action expired = ROW("t.expired", 0, refuse_plan);
static const struct action mine = ROW("t.mine", ACTION_NEEDS_LOGIN, NULL);

static void
call_with(struct shop *shop, struct told *told, const struct action *action, const char *arguments, unsigned can)
{
	json_t *tree = json_of(arguments);
	const struct action_request request = {.action = action,
					       .arguments = json_view_of(tree),
					       .principal = &shop->principal,
					       .memory = shop->memory,
					       .request_id = "1.2.3",
					       .peer = {.can = can, .ask = on_ask, .ctx = &client}};
	char *before = json_dumps(tree, JSON_SORT_KEYS), *after;

	memset(told, 0, sizeof(*told));
	worked = 0;
	client.asked = 0;
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, told, &told->running), 0);
	after = json_dumps(tree, JSON_SORT_KEYS);
	assert_string_equal(before, after); /* the caller's own */
	free(before);
	free(after);
	json_decref(tree);
}

static void
refused(struct told *told, enum fault_code code)
{
	assert_int_equal(worked, 0);
	expect_fault(told, code);
}

/* ---- who is asked ---- */

static void
who_has_agreed_is_not_asked(void **state)
{
	struct told told;

	call_with(*state, &told, &plain, "{\"confirm\":true,\"reason\":\"why\"}", ACTION_ELICIT_FORM);
	assert_int_equal(client.asked, 0);
	assert_int_equal(worked, 1);
	told_fini(&told);
}

static void
who_cannot_be_asked_is_refused(void **state)
{
	struct told told;

	call_with(*state, &told, &plain, "{}", ACTION_ELICIT_URL | ACTION_SAMPLE);
	assert_int_equal(client.asked, 0);
	refused(&told, FAULT_CONFIRMATION_REQUIRED);
	/* It said that it can, and cannot. */
	client.refuses = FAULT_CAPABILITY_MISSING;
	call_with(*state, &told, &plain, "{}", ACTION_ELICIT_FORM);
	assert_int_equal(client.asked, 1);
	assert_non_null(strstr(told.message, "call again with confirm: true"));
	refused(&told, FAULT_CONFIRMATION_REQUIRED);
}

static void
the_operator_may_not_ask_for_it(void **state)
{
	static const char *const settings[] = {"store.main.base_url=%s", "guardrails.tier2_confirm=off"};
	struct shop *shop = *state;
	struct told told;

	shop_configure(shop, settings, ARRAY_LEN(settings));
	call_with(shop, &told, &plain, "{}", ACTION_ELICIT_FORM);
	assert_int_equal(client.asked, 0);
	assert_int_equal(worked, 1);
	told_fini(&told);
}

/* ---- the question ---- */

static void
the_question_states_what_the_tool_says(void **state)
{
	json_t *wanted = json_of("[\"confirm\",\"reason\"]"), *properties, *reason;
	struct told told;

	client.answer = "{\"action\":\"accept\",\"content\":{\"confirm\":true,\"reason\":\"because\"}}";
	call_with(*state, &told, &numbered, "{\"n\":300}", ACTION_ELICIT_FORM);
	assert_string_equal(client.message, "Change 300 products?");
	assert_string_equal(json_get_str(client.schema, "type", ""), "object");
	properties = json_object_get(client.schema, "properties");
	reason = json_object_get(properties, "reason");
	assert_int_equal(json_object_size(properties), 2);
	assert_string_equal(json_get_str(json_object_get(properties, "confirm"), "type", ""), "boolean");
	assert_string_equal(json_get_str(reason, "type", ""), "string");
	assert_int_equal(json_get_int(reason, "minLength", 0), 1);
	assert_int_equal(json_get_int(reason, "maxLength", 0), 500);
	assert_true(json_equal(json_object_get(client.schema, "required"), wanted));
	json_decref(wanted);
	told_fini(&told);
}

static void
without_words_of_its_own_title_and_parameters_are_shown(void **state)
{
	struct told told;

	client.answer = "{\"action\":\"decline\"}";
	call_with(*state, &told, &plain,
		  "{\"sku\":\"A-1\",\"password\":\"hunter2\",\"confirm\":false,\"idempotency_key\":\"k\"}",
		  ACTION_ELICIT_FORM);
	assert_string_equal(client.message, "Do it: {\"sku\":\"A-1\",\"password\":\"[secret]\"}");
	refused(&told, FAULT_CONFIRMATION_REQUIRED);
	call_with(*state, &told, &plain, "{}", ACTION_ELICIT_FORM);
	assert_string_equal(client.message, "Do it");
	refused(&told, FAULT_CONFIRMATION_REQUIRED);
}

static void
what_cannot_be_done_is_refused_unasked(void **state)
{
	struct told told;

	call_with(*state, &told, &expired, "{}", ACTION_ELICIT_FORM);
	assert_int_equal(client.asked, 0);
	refused(&told, FAULT_PLAN_EXPIRED);
}

/* ---- the answer ---- */

static void
an_agreement_becomes_the_parameters(void **state)
{
	struct told told;

	client.answer = "{\"action\":\"accept\",\"content\":{\"confirm\":true,\"reason\":\"because\",\"n\":9}}";
	call_with(*state, &told, &plain, "{\"params\":{\"n\":1,\"confirm\":false}}", ACTION_ELICIT_FORM);
	assert_int_equal(worked, 1);
	assert_string_equal(worked_with, "{\"confirm\":true,\"n\":1,\"reason\":\"because\"}");
	told_fini(&told);
}

static void
anything_else_is_a_no(void **state)
{
	static const char *const answers[][2] = {
	    {"{\"action\":\"decline\"}", "declined"},
	    {"{\"action\":\"cancel\"}", "dismissed"},
	    {"{}", "dismissed"},
	    {"{\"action\":\"accept\"}", "declined"},
	    {"{\"action\":\"accept\",\"content\":{\"confirm\":false,\"reason\":\"because\"}}", "declined"},
	    {"{\"action\":\"accept\",\"content\":{\"reason\":\"because\"}}", "declined"},
	    {"{\"action\":\"accept\",\"content\":{\"confirm\":true}}", "no reason"},
	    {"{\"action\":\"accept\",\"content\":{\"confirm\":true,\"reason\":\" \"}}", "no reason"},
	};
	struct told told;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		client.answer = answers[i][0];
		call_with(*state, &told, &plain, "{\"n\":1}", ACTION_ELICIT_FORM);
		if (strstr(told.message, answers[i][1]) == NULL)
			fail_msg("%s: %s", answers[i][0], told.message);
		assert_string_equal(json_get_str(told.details, "action", ""), "t.plain");
		refused(&told, FAULT_CONFIRMATION_REQUIRED);
	}
}

static void
a_login_that_ended_meanwhile_ends_the_call(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	client.log_out = shop;
	client.answer = "{\"action\":\"accept\",\"content\":{\"confirm\":true,\"reason\":\"because\"}}";
	call_with(shop, &told, &mine, "{}", ACTION_ELICIT_FORM);
	assert_int_equal(client.asked, 1);
	refused(&told, FAULT_NOT_AUTHENTICATED);
}

/* ---- what is recorded ---- */

/* Lines of the audit log as "phase outcome reason|". */
static const char *
read_audit(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "r");
	char line[4096];

	out[0] = '\0';
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		json_t *record = json_of(line);
		size_t len = strlen(out);

		snprintf(out + len, cap - len, "%s %s %s|", json_get_str(record, "phase", ""),
			 json_get_str(record, "outcome", "-"), json_get_str(record, "reason", "-"));
		json_decref(record);
	}
	if (file != NULL)
		fclose(file);
	assert_int_equal(truncate(path, 0), 0);
	return out;
}

static void
a_question_is_no_failure_and_no_beginning(void **state)
{
	char path[] = "/tmp/confirm-test-XXXXXX", lines[512];
	struct shop *shop = *state;
	int fd = mkstemp(path);
	struct told told;
	struct err err;

	close(fd);
	shop->env.audit = audit_open(path, &err);
	assert_non_null(shop->env.audit);
	client.refuses = FAULT_INPUT_REQUIRED;
	call_with(shop, &told, &plain, "{\"reason\":\"early\"}", ACTION_ELICIT_FORM);
	refused(&told, FAULT_INPUT_REQUIRED);
	assert_string_equal(read_audit(path, lines, sizeof(lines)), "asked input_required early|");
	client.refuses = FAULT_NONE;
	client.answer = "{\"action\":\"decline\"}";
	call_with(shop, &told, &plain, "{}", ACTION_ELICIT_FORM);
	refused(&told, FAULT_CONFIRMATION_REQUIRED);
	assert_string_equal(read_audit(path, lines, sizeof(lines)), "refused CONFIRMATION_REQUIRED -|");
	client.answer = "{\"action\":\"accept\",\"content\":{\"confirm\":true,\"reason\":\"because\"}}";
	call_with(shop, &told, &plain, "{}", ACTION_ELICIT_FORM);
	assert_string_equal(read_audit(path, lines, sizeof(lines)), "begin - because|end ok because|");
	told_fini(&told);
	audit_free(&shop->env.audit);
	unlink(path);
}

static int
open_shop(void **state)
{
	memset(&client, 0, sizeof(client));
	return shop_open(state);
}

static int
close_shop(void **state)
{
	json_decref(client.schema);
	return shop_close(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_shop, close_shop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_has_agreed_is_not_asked),
	    TEST(who_cannot_be_asked_is_refused),
	    TEST(the_operator_may_not_ask_for_it),
	    TEST(the_question_states_what_the_tool_says),
	    TEST(without_words_of_its_own_title_and_parameters_are_shown),
	    TEST(what_cannot_be_done_is_refused_unasked),
	    TEST(an_agreement_becomes_the_parameters),
	    TEST(anything_else_is_a_no),
	    TEST(a_login_that_ended_meanwhile_ends_the_call),
	    TEST(a_question_is_no_failure_and_no_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
