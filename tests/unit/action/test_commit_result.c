#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/commit_private.h"
#include "json/get.h"

#define PLAN "11111111-1111-4111-8111-111111111111"
#define STEPS_MAX 300

/* What the caller's side was told last. */
static struct action_call call;
static char told[256];
static unsigned n_told;

static void
on_progress(void *ctx, double done, double total, const char *text)
{
	(void)ctx;
	n_told++;
	snprintf(told, sizeof(told), "%g/%g %s", done, total, text);
}

static void
on_log(void *ctx, enum action_log_level level, const char *text)
{
	size_t len = strlen(told);

	(void)ctx;
	n_told++;
	snprintf(told + len, sizeof(told) - len, " [%d %s]", (int)level, text);
}

static const struct commit_ops ops = {.pair = "test", .noun = "things"};

/*
 * A commit after these steps: letters are the statuses of an item's writes, spaces end items: "u un c" has three items.
 * p pending, s sent, u updated, n unchanged, c conflict, e error.
 */
static json_t *
render(const char *steps, const char *stopped)
{
	static const char letters[] = "psunce";
	struct commit commit = {.ops = &ops, .call = &call};
	uint32_t item = 0;
	json_t *result, *violations = json_array();

	commit.items = json_array();
	commit.steps = calloc(STEPS_MAX, sizeof(*commit.steps));
	commit.details = calloc(STEPS_MAX, sizeof(json_t *));
	fault_init(&commit.stopped);
	if (stopped != NULL)
		fault_set(&commit.stopped, FAULT_NOT_AUTHENTICATED, NULL, "%s", stopped);
	for (const char *at = steps; *at != '\0'; at++) {
		struct commit_step *step = &commit.steps[commit.n_steps];
		char sku[16];

		if (*at == ' ') {
			item++;
			continue;
		}
		snprintf(sku, sizeof(sku), "S-%u", item);
		step->item = item;
		step->plan_item = json_pack("{s:{s:s}}", "key", "sku", sku);
		json_array_append_new(commit.items, step->plan_item);
		step->scope = at > steps && at[-1] != ' ' ? "de" : "all";
		step->status = (enum keeper_status)(strchr(letters, *at) - letters);
		fault_init(&step->fault);
		if (*at == 'e') {
			fault_set(&step->fault, FAULT_NOT_FOUND, NULL, "gone");
			commit_set_error(&commit, step);
		}
		if (*at == 'c')
			commit.details[commit.n_steps] = json_pack("{s:{}}", "changes");
		must(++commit.n_steps < STEPS_MAX);
	}
	commit_tell(&commit);
	commit_tell(&commit); /* nothing new */
	result = commit_render(&commit, PLAN);
	assert_non_null(result);
	if (json_schema_check(&commit_result, result, "result", violations) != 0)
		fail_msg("%s", json_dumps(violations, 0));
	json_decref(violations);
	commit_unload(&commit);
	fault_fini(&commit.stopped);
	return result;
}

static void
counts(void **state)
{
	static const struct {
		const char *steps, *status;
		int success, unchanged, errors, conflicts, pending;
	} cases[] = {
	    {"u u u", "completed", 3, 0, 0, 0, 0},
	    {"u n u", "completed", 3, 1, 0, 0, 0},
	    {"n n", "completed", 2, 2, 0, 0, 0},
	    {"u e c", "completed_with_errors", 1, 0, 1, 1, 0},
	    {"un", "completed", 1, 0, 0, 0, 0}, /* one item, two writes: one of them was made */
	    {"nn", "completed", 1, 1, 0, 0, 0},
	    {"uc", "completed_with_errors", 0, 0, 0, 1, 0},
	    {"ec ue", "completed_with_errors", 0, 0, 2, 0, 0},
	    {"u p", "interrupted", 1, 0, 0, 0, 1},
	    {"u s", "interrupted", 1, 0, 0, 0, 1},
	    {"up", "interrupted", 0, 0, 0, 0, 1},
	    {"ep", "interrupted", 0, 0, 0, 0, 1}, /* not done before all of its writes are */
	    {"cs u", "interrupted", 1, 0, 0, 0, 1},
	    {"", "completed", 0, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *result = render(cases[i].steps, NULL);

		if (strcmp(json_get_str(result, "status", ""), cases[i].status) != 0 ||
		    json_get_int(result, "success_count", -1) != cases[i].success ||
		    json_get_int(result, "unchanged_count", -1) != cases[i].unchanged ||
		    json_get_int(result, "error_count", -1) != cases[i].errors ||
		    json_get_int(result, "conflict_count", -1) != cases[i].conflicts ||
		    json_get_int(result, "pending_count", -1) != cases[i].pending)
			fail_msg("\"%s\": %s", cases[i].steps, json_dumps(result, 0));
		json_decref(result);
	}
}

static void
rows(void **state)
{
	json_t *result = render("u e uc ee", NULL);
	json_t *errors = json_object_get(result, "errors"), *conflicts = json_object_get(result, "conflicts");

	(void)state;
	assert_string_equal(json_get_str(result, "plan_id", ""), PLAN);
	assert_false(json_get_bool(result, "replayed", true));
	assert_int_equal(json_array_size(errors), 3);
	assert_string_equal(json_get_str(json_array_get(errors, 0), "sku", ""), "S-1");
	assert_string_equal(json_get_str(json_array_get(errors, 0), "scope", ""), "all");
	assert_string_equal(json_get_str(json_array_get(errors, 0), "code", ""), "NOT_FOUND");
	assert_string_equal(json_get_str(json_array_get(errors, 0), "error", ""), "gone");
	assert_string_equal(json_get_str(json_array_get(errors, 2), "scope", ""), "de");
	assert_int_equal(json_array_size(conflicts), 1);
	assert_string_equal(json_get_str(json_array_get(conflicts, 0), "sku", ""), "S-2");
	assert_non_null(json_get_object(json_array_get(conflicts, 0), "changes"));
	json_decref(result);
}

static void
the_first_hundred(void **state)
{
	char steps[2 * 150 + 1];
	json_t *result;

	(void)state;
	for (size_t i = 0; i < 150; i++)
		memcpy(&steps[2 * i], "e ", 3);
	result = render(steps, NULL);
	assert_int_equal(json_get_int(result, "error_count", 0), 150);
	assert_int_equal(json_get_array_len(result, "errors"), 100);
	json_decref(result);
}

static void
messages(void **state)
{
	static const struct {
		const char *steps, *stopped, *message;
	} cases[] = {
	    {"u n", NULL, "2 of 2 things updated."},
	    {"u e c c", NULL,
	     "1 of 4 things updated, 1 failed, 2 had been changed by somebody else and were left alone."},
	    {"u e p s", "The session has ended. Call auth_login.",
	     "2 of 4 things done, 2 still to do. The session has ended. Call auth_login. Call again with the same "
	     "plan_id to go "
	     "on."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *result = render(cases[i].steps, cases[i].stopped);

		assert_string_equal(json_get_str(result, "message", ""), cases[i].message);
		json_decref(result);
	}
}

static void
progress(void **state)
{
	(void)state;
	call = (struct action_call){.peer = {.wants_progress = true, .progress = on_progress, .log = on_log},
				    .progress_told = -1};
	told[0] = '\0';
	n_told = 0;
	json_decref(render("uu un up e c c p", NULL));
	assert_string_equal(
	    told, "5/7 5 of 7 things updated [3 2 things had been changed by somebody else and are left alone.]");
	assert_int_equal(n_told, 2);
	call = (struct action_call){0};
}

static void
parameters(void **state)
{
	static const struct {
		const char *params;
		bool good;
	} cases[] = {
	    {"{\"plan_id\":\"" PLAN "\"}", true},
	    {"{\"plan_id\":\"" PLAN "\",\"confirm\":true,\"reason\":\"r\",\"idempotency_key\":\"k\",\"force\":true}",
	     true},
	    {"{\"plan_id\":\"" PLAN "0\"}", false},
	    {"{\"plan_id\":\"../../../../../../../../etc/passwd!!!!!\"}", false},
	    {"{\"plan_id\":1}", false},
	    {"{\"plan_id\":\"" PLAN "\",\"force\":\"yes\"}", false},
	    {"{\"plan_id\":\"" PLAN "\",\"idempotency_key\":\"with space\"}", false},
	    {"{\"plan_id\":\"" PLAN "\",\"other\":1}", false},
	    {"{}", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *params = json_loads(cases[i].params, 0, NULL), *violations = json_array();

		if ((json_schema_check(&commit_params, params, "params", violations) == 0) != cases[i].good)
			fail_msg("%s", cases[i].params);
		json_decref(violations);
		json_decref(params);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts),	cmocka_unit_test(rows),	    cmocka_unit_test(the_first_hundred),
	    cmocka_unit_test(progress), cmocka_unit_test(messages), cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
