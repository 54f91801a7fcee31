#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/env.h"
#include "action/guard.h"
#include "json/get.h"

static int
confirm(bool is_on, json_t *params, struct fault *fault)
{
	static const struct action action = {.name = "shop.change"};
	static struct config config;
	static struct action_env env = {.config = &config};
	const struct action_call call = {.action = &action, .env = &env};
	int r;

	config.guardrails.tier2_confirm = is_on;
	fault_init(fault);
	r = guard_confirm(&call, params, fault);
	json_decref(params);
	return r;
}

static void
confirmed(void **state)
{
	struct fault fault;

	(void)state;
	assert_int_equal(confirm(true, json_pack("{s:b, s:s}", "confirm", 1, "reason", "because"), &fault), 0);
	assert_int_equal(confirm(true, json_pack("{s:b, s:s}", "confirm", 1, "reason", " \n\t x"), &fault), 0);
}

static void
not_confirmed(void **state)
{
	json_t *cases[] = {
	    json_object(),
	    NULL,
	    json_pack("{s:b}", "confirm", 1),
	    json_pack("{s:s}", "reason", "because"),
	    json_pack("{s:b, s:s}", "confirm", 0, "reason", "because"),
	    json_pack("{s:b, s:s}", "confirm", 1, "reason", ""),
	    json_pack("{s:b, s:s}", "confirm", 1, "reason", " \r\n\t "),
	    json_pack("{s:s, s:s}", "confirm", "true", "reason", "because"),
	    json_pack("{s:i, s:s}", "confirm", 1, "reason", "because"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fault fault;

		assert_int_equal(confirm(true, cases[i], &fault), -1);
		assert_int_equal(fault.code, FAULT_CONFIRMATION_REQUIRED);
		assert_string_equal(json_get_str(fault.details, "action", ""), "shop.change");
		fault_fini(&fault);
	}
}

static void
switched_off(void **state)
{
	struct fault fault;

	(void)state;
	assert_int_equal(confirm(false, json_object(), &fault), 0);
}

static void
caps(void **state)
{
	struct fault fault;

	(void)state;
	fault_init(&fault);
	assert_int_equal(guard_cap(0, 0, "x", &fault), 0);
	assert_int_equal(guard_cap(500, 500, "x", &fault), 0);
	assert_int_equal(guard_cap(501, 500, "guardrails.max_skus_per_bulk", &fault), -1);
	assert_int_equal(fault.code, FAULT_BULK_CAP_EXCEEDED);
	assert_int_equal(json_get_int(fault.details, "count", 0), 501);
	assert_int_equal(json_get_int(fault.details, "cap", 0), 500);
	assert_string_equal(json_get_str(fault.details, "setting", ""), "guardrails.max_skus_per_bulk");
	assert_non_null(strstr(fault.message, "501"));
	fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(confirmed),
	    cmocka_unit_test(not_confirmed),
	    cmocka_unit_test(switched_off),
	    cmocka_unit_test(caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
