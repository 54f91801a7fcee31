/*
 * test_notice.c - who is told what about a plan
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/change.h"
#include "action/env.h"
#include "action/notice.h"

#define PLAN "11111111-1111-4111-8111-111111111111"

static char told[256];

static void
on_change(void *ctx, const struct action_change *change)
{
	snprintf(ctx, sizeof(told), "%d %.*s %.*s", (int)change->kind, SLICE_FMT(change->uri),
		 SLICE_FMT(change->principal));
}

static void
the_owner_alone_is_told(void **state)
{
	const struct principal owner = {.name = "alice"};
	struct action_env env = {.on_change = on_change, .watcher = told};
	const struct action_call call = {.env = &env, .principal = &owner};
	char expected[256];

	(void)state;
	notice_plans(&call);
	snprintf(expected, sizeof(expected), "%d  alice", ACTION_CHANGE_RESOURCES);
	assert_string_equal(told, expected);
	notice_plan(&call, PLAN);
	snprintf(expected, sizeof(expected), "%d magento://plans/" PLAN " alice", ACTION_CHANGE_RESOURCE);
	assert_string_equal(told, expected);
}

static void
nobody_watches(void **state)
{
	const struct principal owner = {.name = "alice"};
	struct action_env env = {.watcher = told};
	const struct action_call call = {.env = &env, .principal = &owner};

	(void)state;
	told[0] = '\0';
	notice_plans(&call);
	notice_plan(&call, PLAN);
	assert_string_equal(told, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_owner_alone_is_told),
	    cmocka_unit_test(nobody_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
