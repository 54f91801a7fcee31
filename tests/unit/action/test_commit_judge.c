#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/commit_private.h"
#include "json/get.h"

static bool
same(const char *field, const json_t *a, const json_t *b)
{
	return strcmp(field, "loose") == 0 || json_equal(a, b);
}

static const struct commit_ops ops = {.pair = "test", .noun = "things", .same = same};

struct bench {
	struct commit commit;
	struct commit_step step;
	json_t *detail;
};

static void
open_bench(struct bench *bench, json_t *from, json_t *to, json_t *present)
{
	memset(bench, 0, sizeof(*bench));
	fault_init(&bench->step.fault);
	bench->step.from = from;
	bench->step.to = to;
	bench->step.present = present;
	bench->commit.ops = &ops;
	bench->commit.steps = &bench->step;
	bench->commit.details = &bench->detail;
	bench->commit.n_steps = 1;
}

static void
close_bench(struct bench *bench)
{
	json_decref(bench->step.from);
	json_decref(bench->step.to);
	json_decref(bench->step.present);
	json_decref(bench->detail);
	fault_fini(&bench->step.fault);
}

/* ---- what was found ---- */

static void
findings(void **state)
{
	static const struct {
		const char *from, *to, *present;
		enum commit_finding finding;
	} cases[] = {
	    {"{\"a\":1}", "{\"a\":2}", "{\"a\":1}", COMMIT_IS_BEFORE},
	    {"{\"a\":1}", "{\"a\":2}", "{\"a\":2}", COMMIT_IS_TARGET},
	    {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", COMMIT_IS_OTHER},
	    {"{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":2}", "{\"a\":2,\"b\":1}", COMMIT_IS_OTHER}, /* half */
	    {"{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":2}", "{\"a\":2,\"b\":2}", COMMIT_IS_TARGET},
	    {"{\"a\":1}", "{\"a\":2}", "{\"a\":1,\"b\":9}", COMMIT_IS_BEFORE}, /* only touched fields count */
	    {"{\"a\":null}", "{\"a\":2}", "{}", COMMIT_IS_BEFORE},	       /* absence is null */
	    {"{}", "{\"a\":2}", "{}", COMMIT_IS_BEFORE},
	    {"{\"a\":1}", "{\"a\":null}", "{}", COMMIT_IS_TARGET},
	    {"{\"loose\":1}", "{\"loose\":2}", "{\"loose\":3}", COMMIT_IS_TARGET}, /* the domain compares */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench bench;

		open_bench(&bench, json_loads(cases[i].from, 0, NULL), json_loads(cases[i].to, 0, NULL),
			   json_loads(cases[i].present, 0, NULL));
		if (commit_find(&bench.commit, &bench.step) != cases[i].finding)
			fail_msg("%s -> %s, found %s", cases[i].from, cases[i].to, cases[i].present);
		close_bench(&bench);
	}
}

/* ---- what follows ---- */

static void
to_be_written(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i}", "a", 2), json_pack("{s:i}", "a", 1));
	assert_true(commit_judge(&bench.commit, &bench.step));
	assert_int_equal(bench.step.status, KEEPER_PENDING);
	assert_null(bench.detail);
	close_bench(&bench);
}

static void
already_there(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i}", "a", 2), json_pack("{s:i}", "a", 2));
	bench.commit.force = true;
	assert_false(commit_judge(&bench.commit, &bench.step));
	assert_int_equal(bench.step.status, KEEPER_UNCHANGED);
	close_bench(&bench);
}

static void
conflict(void **state)
{
	struct bench bench;
	json_t *wanted;

	(void)state;
	open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i, s:s}", "a", 2, "b", "new"),
		   json_pack("{s:i}", "a", 3));
	assert_false(commit_judge(&bench.commit, &bench.step));
	assert_int_equal(bench.step.status, KEEPER_CONFLICT);
	wanted = json_pack("{s:{s:{s:i, s:i, s:i}, s:{s:n, s:n, s:s}}}", "changes", "a", "planned_from", 1, "found", 3,
			   "to", 2, "b", "planned_from", "found", "to", "new");
	assert_true(json_equal(bench.detail, wanted));
	json_decref(wanted);
	close_bench(&bench);
}

static void
forced(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i}", "a", 2), json_pack("{s:i}", "a", 3));
	bench.commit.force = true;
	assert_true(commit_judge(&bench.commit, &bench.step));
	assert_null(bench.detail);
	close_bench(&bench);
}

/* Nothing is made anew, by force neither. */
static void
gone(void **state)
{
	for (int force = 0; force < 2; force++) {
		struct bench bench;

		(void)state;
		open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i}", "a", 2), NULL);
		bench.step.gone = true;
		bench.commit.force = force;
		assert_false(commit_judge(&bench.commit, &bench.step));
		assert_int_equal(bench.step.status, KEEPER_ERROR);
		assert_string_equal(json_get_str(bench.detail, "code", ""), "NOT_FOUND");
		assert_true(strlen(json_get_str(bench.detail, "error", "")) > 0);
		close_bench(&bench);
	}
}

static void
long_texts_are_cut(void **state)
{
	char text[5000];
	struct bench bench;
	const json_t *change;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	open_bench(&bench, json_pack("{s:s}", "a", "old"), json_pack("{s:s}", "a", text),
		   json_pack("{s:s}", "a", "other"));
	commit_set_conflict(&bench.commit, &bench.step);
	change = json_get_object(json_get_object(bench.detail, "changes"), "a");
	assert_string_equal(json_get_str(change, "found", ""), "other");
	assert_true(strlen(json_get_str(change, "to", text)) < 500);
	assert_non_null(strstr(json_get_str(change, "to", ""), "4999 bytes"));
	close_bench(&bench);
}

/* The last word counts. */
static void
error_replaces_conflict(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, json_pack("{s:i}", "a", 1), json_pack("{s:i}", "a", 2), json_pack("{s:i}", "a", 3));
	commit_set_conflict(&bench.commit, &bench.step);
	fault_set(&bench.step.fault, FAULT_FORBIDDEN, NULL, "not allowed");
	commit_set_error(&bench.commit, &bench.step);
	assert_int_equal(bench.step.status, KEEPER_ERROR);
	assert_string_equal(json_get_str(bench.detail, "code", ""), "FORBIDDEN");
	assert_string_equal(json_get_str(bench.detail, "error", ""), "not allowed");
	assert_null(json_object_get(bench.detail, "changes"));
	close_bench(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(findings),
	    cmocka_unit_test(to_be_written),
	    cmocka_unit_test(already_there),
	    cmocka_unit_test(conflict),
	    cmocka_unit_test(forced),
	    cmocka_unit_test(gone),
	    cmocka_unit_test(long_texts_are_cut),
	    cmocka_unit_test(error_replaces_conflict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
