/*
 * test_peer.c - what reaches the caller's side while a call runs: how often, how much, and what is asked
 */
#include "fake_shop.h"

#include "action/peer.h"

struct heard {
	unsigned progresses, logs, questions;
	double done, total;
	enum action_log_level level;
	char text[256];
	size_t n;
	const json_t *keep;
};

static void
hear_progress(void *ctx, double done, double total, const char *text)
{
	struct heard *heard = ctx;

	heard->progresses++;
	heard->done = done;
	heard->total = total;
	snprintf(heard->text, sizeof(heard->text), "%s", text);
}

static void
hear_log(void *ctx, enum action_log_level level, const char *text)
{
	struct heard *heard = ctx;

	heard->logs++;
	heard->level = level;
	snprintf(heard->text, sizeof(heard->text), "%s", text);
}

static int
hear_question(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
	      struct fault *fault)
{
	struct heard *heard = ctx;

	(void)fault;
	heard->questions++;
	heard->n = n;
	heard->keep = keep;
	*answers_r = json_pack("{s:{s:s}}", questions[0].key, "action", "decline");
	return 0;
}

static struct action_call
call_of(struct heard *heard, unsigned can)
{
	struct action_call call = {.peer = {.can = can,
					    .log_from = ACTION_LOG_WARNING,
					    .wants_progress = true,
					    .progress = hear_progress,
					    .log = hear_log,
					    .ask = hear_question,
					    .ctx = heard},
				   .progress_told = -1};

	memset(heard, 0, sizeof(*heard));
	return call;
}

/* ---- progress ---- */

static void
progress_is_told_when_it_is_more_and_not_too_often(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, 0);

	(void)state;
	action_progress(&call, 0, 300, "%d of %d products updated", 0, 300);
	assert_int_equal(heard.progresses, 1);
	assert_string_equal(heard.text, "0 of 300 products updated");
	assert_true(heard.total == 300);
	action_progress(&call, 10, 300, "too soon");
	assert_int_equal(heard.progresses, 1);
	call.progress_told_ms -= ACTION_PROGRESS_EVERY_MS;
	action_progress(&call, 0, 300, "no more than before");
	assert_int_equal(heard.progresses, 1);
	action_progress(&call, 20, 300, "later");
	assert_int_equal(heard.progresses, 2);
	assert_true(heard.done == 20);
}

static void
the_end_is_told_at_once_and_once(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, 0);

	(void)state;
	action_progress(&call, 299, 300, "nearly");
	action_progress(&call, 300, 300, "done");
	assert_int_equal(heard.progresses, 2);
	assert_string_equal(heard.text, "done");
	action_progress(&call, 300, 300, "done");
	assert_int_equal(heard.progresses, 2);
}

static void
an_unknown_total_is_limited_too(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, 0);

	(void)state;
	action_progress(&call, 1, 0, "a");
	action_progress(&call, 2, 0, "b");
	assert_int_equal(heard.progresses, 1);
}

static void
who_wants_none_is_told_none(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, 0);

	(void)state;
	call.peer.wants_progress = false;
	action_progress(&call, 1, 1, "x");
	call.peer = (struct action_peer){.wants_progress = true};
	action_progress(&call, 2, 2, "x");
	action_log(&call, ACTION_LOG_ERROR, "x");
	assert_int_equal(heard.progresses + heard.logs, 0);
}

/* ---- log ---- */

static void
log_lines_below_the_threshold_are_dropped(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, 0);

	(void)state;
	action_log(&call, ACTION_LOG_NOTICE, "x");
	assert_int_equal(heard.logs, 0);
	action_log(&call, ACTION_LOG_WARNING, "%s", "asked again");
	assert_int_equal(heard.logs, 1);
	assert_int_equal(heard.level, ACTION_LOG_WARNING);
	assert_string_equal(heard.text, "asked again");
	call.peer.log_from = ACTION_LOG_NONE;
	action_log(&call, ACTION_LOG_EMERGENCY, "x");
	assert_int_equal(heard.logs, 1);
}

/* ---- questions ---- */

static void
a_question_is_passed_on(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, ACTION_ELICIT_FORM);
	const struct action_question question = {.key = "it", .kind = ACTION_ELICIT_FORM};
	json_t *answers = NULL, *keep = json_object();
	struct fault fault;

	(void)state;
	fault_init(&fault);
	call.peer.kept = keep;
	assert_true(action_can_ask(&call, ACTION_ELICIT_FORM));
	assert_ptr_equal(action_kept(&call), keep);
	assert_int_equal(action_ask(&call, &question, 1, keep, &answers, &fault), 0);
	assert_int_equal(heard.n, 1);
	assert_ptr_equal(heard.keep, keep);
	assert_string_equal(json_get_str(json_object_get(answers, "it"), "action", ""), "decline");
	json_decref(answers);
	json_decref(keep);
}

/* Some kind must be taken; where the core cannot go on without the others, the refusal names them in the client's own
 * terms. */
static void
what_the_client_does_not_take_is_not_asked(void **state)
{
	struct heard heard;
	struct action_call call = call_of(&heard, ACTION_ELICIT_URL);
	const struct action_question questions[] = {{.key = "a", .kind = ACTION_ELICIT_FORM},
						    {.key = "b", .kind = ACTION_SAMPLE},
						    {.key = "c", .kind = ACTION_LIST_ROOTS}};
	json_t *answers = NULL, *wanted = json_of("{\"requiredCapabilities\":{\"elicitation\":{\"form\":{}},"
						  "\"sampling\":{},\"roots\":{}}}");
	struct fault fault;

	(void)state;
	fault_init(&fault);
	assert_int_equal(action_ask(&call, questions, 3, NULL, &answers, &fault), -1);
	assert_int_equal(heard.questions, 0);
	assert_int_equal(fault.code, FAULT_CAPABILITY_MISSING);
	assert_true(json_equal(fault.details, wanted));
	fault_fini(&fault);
	call.peer = (struct action_peer){.can = ACTION_ELICIT_URL};
	assert_false(action_can_ask(&call, ACTION_ELICIT_URL));
	json_decref(wanted);
}

/* ---- cancelled ---- */

static struct fiber_wait *gate;
static struct heard over;
static struct fault asked;

static int
run_and_tell(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct action_question question = {.key = "it", .kind = ACTION_ELICIT_FORM};
	json_t *answers = NULL;
	struct fiber_wait wait;
	int r;

	(void)params;
	action_progress(call, 1, 3, "one");
	fiber_wait_init(&wait, NULL, NULL);
	gate = &wait;
	r = fiber_wait_for(&wait); /* cannot be cut short */
	(void)r;
	action_progress(call, 3, 3, "three");
	action_log(call, ACTION_LOG_ERROR, "late");
	r = action_ask(call, &question, 1, NULL, &answers, &asked);
	assert_int_equal(r, -1);
	*result_r = json_object();
	(void)fault;
	return 0;
}

static const struct json_schema any = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};
static const struct action tells = {.name = "t.tells",
				    .title = "T",
				    .description = "D",
				    .tier = ACTION_SAFE,
				    .params = &any,
				    .result = &any,
				    .run = run_and_tell};

static void
a_cancelled_call_tells_nothing_more(void **state)
{
	struct shop *shop = *state;
	const struct action_call call = call_of(&over, ACTION_ELICIT_FORM);
	const struct action_request request = {.action = &tells, .principal = &shop->principal, .peer = call.peer};
	struct told told;

	memset(&told, 0, sizeof(told));
	fault_init(&asked);
	assert_int_equal(action_dispatch(&shop->env, &request, told_done, &told, &told.running), 0);
	assert_int_equal(over.progresses, 1);
	action_cancel(&told.running);
	fiber_wait_done(gate);
	assert_int_equal(over.progresses, 1);
	assert_int_equal(over.logs, 0);
	assert_int_equal(over.questions, 0);
	assert_int_equal(asked.code, FAULT_CANCELLED);
	assert_int_equal(shop->calls, 1);
	fault_fini(&asked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(progress_is_told_when_it_is_more_and_not_too_often),
	    cmocka_unit_test(the_end_is_told_at_once_and_once),
	    cmocka_unit_test(an_unknown_total_is_limited_too),
	    cmocka_unit_test(who_wants_none_is_told_none),
	    cmocka_unit_test(log_lines_below_the_threshold_are_dropped),
	    cmocka_unit_test(a_question_is_passed_on),
	    cmocka_unit_test(what_the_client_does_not_take_is_not_asked),
	    SHOP_TEST(a_cancelled_call_tells_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
