/*
 * test_fault.c - refusals: codes, texts, ownership of details
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"
#include "json/fault.h"
#include "json/write.h"

static void
code_names_are_the_contract(void **state)
{
	static const char *const names[] = {"VALIDATION_ERROR", "NOT_AUTHENTICATED",	 "FORBIDDEN",
					    "NOT_FOUND",	"MAGENTO_API_ERROR",	 "PLAN_NOT_FOUND",
					    "PLAN_EXPIRED",	"CONFIRMATION_REQUIRED", "BULK_CAP_EXCEEDED",
					    "RATE_LIMITED",	"IDEMPOTENCY_CONFLICT",	 "FASTLY_API_ERROR",
					    "INTERNAL_ERROR",	"ACTION_NOT_FOUND"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(fault_code_name((enum fault_code)(i + 1)), names[i]);
	for (int code = 0; code < FAULT_CODES; code++)
		assert_non_null(fault_code_name((enum fault_code)code));
}

static void
assert_json(const struct fault *f, const char *want)
{
	json_t *tree = fault_to_json(f);
	struct buf out;

	buf_init(&out, 4096);
	assert_non_null(tree);
	assert_int_equal(json_dump_to(&out, tree), 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_fini(&out);
	json_decref(tree);
}

static void
faults_are_published(void **state)
{
	struct fault f;

	(void)state;
	fault_init(&f);
	assert_int_equal(fault_set(&f, FAULT_NOT_FOUND, NULL, "No product has the SKU \"%s\".", "A-1"), -1);
	assert_json(&f, "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"No product has the SKU \\\"A-1\\\".\"}}");
	assert_int_equal(fault_set(&f, FAULT_RATE_LIMITED, json_pack("{s:i}", "retry_after_s", 7), "Wait."), -1);
	assert_json(&f,
		    "{\"error\":{\"code\":\"RATE_LIMITED\",\"message\":\"Wait.\",\"details\":{\"retry_after_s\":7}}}");
	assert_json(&f,
		    "{\"error\":{\"code\":\"RATE_LIMITED\",\"message\":\"Wait.\",\"details\":{\"retry_after_s\":7}}}");
	fault_fini(&f);
	assert_int_equal(f.code, FAULT_NONE);
	assert_null(f.details);
	fault_fini(&f);
}

static void
a_fault_may_quote_itself(void **state)
{
	struct fault f;

	(void)state;
	fault_init(&f);
	fault_set(&f, FAULT_INTERNAL_ERROR, NULL, "inner");
	fault_set(&f, FAULT_INTERNAL_ERROR, NULL, "outer: %s", f.message);
	assert_string_equal(f.message, "outer: inner");
	fault_fini(&f);
}

static void
faults_move(void **state)
{
	struct fault from, to;
	json_t *details = json_array();

	(void)state;
	fault_init(&from);
	fault_init(&to);
	fault_set(&to, FAULT_FORBIDDEN, json_object(), "old");
	fault_set(&from, FAULT_NOT_FOUND, details, "new");
	fault_move(&to, &from);
	assert_int_equal(to.code, FAULT_NOT_FOUND);
	assert_ptr_equal(to.details, details);
	assert_string_equal(to.message, "new");
	assert_int_equal(from.code, FAULT_NONE);
	assert_null(from.details);
	fault_move(&to, &to);
	assert_ptr_equal(to.details, details);
	fault_fini(&to);
}

/* What is quoted from a caller or a shop steers no terminal. */
static void
messages_hold_no_control_characters(void **state)
{
	struct fault f;

	(void)state;
	fault_init(&f);
	fault_set(&f, FAULT_NOT_FOUND, NULL, "%s", "a\r\nb\tc\x1b[31m\x7f\x01 \xc2\x9b \xc3\xa9");
	assert_string_equal(f.message, "a?\nb\tc?[31m?? ?? \xc3\xa9");
	fault_fini(&f);
}

/* Foreign or cut bytes must not make the whole answer fail: jansson takes UTF-8 only. */
static void
messages_are_always_utf8(void **state)
{
	char text[FAULT_MESSAGE_MAX + 8];
	struct fault f;

	(void)state;
	fault_init(&f);
	fault_set(&f, FAULT_INTERNAL_ERROR, NULL, "bad \xFF byte \xC3");
	assert_string_equal(f.message, "bad ? byte ?");
	for (size_t shift = 0; shift < 3; shift++) {
		json_t *tree;

		memset(text, 'x', sizeof(text));
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 3);
		text[sizeof(text) - 1] = '\0';
		fault_set(&f, FAULT_INTERNAL_ERROR, NULL, "%s", text);
		assert_true(strlen(f.message) >= FAULT_MESSAGE_MAX - 4 && strlen(f.message) < FAULT_MESSAGE_MAX);
		assert_true(slice_is_utf8(slice_from_str(f.message)));
		assert_null(strchr(f.message, '?'));
		tree = fault_to_json(&f);
		assert_non_null(tree);
		json_decref(tree);
	}
	fault_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(code_names_are_the_contract),
	    cmocka_unit_test(faults_are_published),
	    cmocka_unit_test(a_fault_may_quote_itself),
	    cmocka_unit_test(faults_move),
	    cmocka_unit_test(messages_hold_no_control_characters),
	    cmocka_unit_test(messages_are_always_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
