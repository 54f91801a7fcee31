/*
 * test_answer.c - messages we write
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "rpc/answer.h"

static struct buf out;

static int
setup(void **state)
{
	(void)state;
	buf_init(&out, 4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&out);
	return 0;
}

/* */
static void
results_repeat_the_raw_id(void **state)
{
	(void)state;
	assert_int_equal(rpc_write_result(&out, SLICE_LIT("123456789012345678901"), SLICE_LIT("{\"a\":[]}")), 0);
	assert_string_equal(buf_cstr(&out), "{\"jsonrpc\":\"2.0\",\"id\":123456789012345678901,\"result\":{\"a\":[]}}");
	buf_clear(&out);
	assert_int_equal(rpc_write_result(&out, SLICE_LIT("\"\\u0031\""), SLICE_LIT("{}")), 0);
	assert_string_equal(buf_cstr(&out), "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0031\",\"result\":{}}");
}

static void
results_can_be_streamed(void **state)
{
	(void)state;
	assert_int_equal(rpc_write_result_open(&out, SLICE_LIT("1")), 0);
	assert_int_equal(buf_put_str(&out, "[1,2]"), 0);
	assert_int_equal(rpc_write_result_close(&out), 0);
	assert_string_equal(buf_cstr(&out), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[1,2]}");
}

/* */
static void
errors_without_an_id_have_no_id_member(void **state)
{
	(void)state;
	assert_int_equal(rpc_write_error(&out, SLICE_NONE, RPC_PARSE_ERROR, "Not \"JSON\".", SLICE_NONE), 0);
	assert_string_equal(buf_cstr(&out),
			    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"Not \\\"JSON\\\".\"}}");
	buf_clear(&out);
	assert_int_equal(
	    rpc_write_error(&out, SLICE_LIT("\"x\""), RPC_VERSION_NOT_SERVED, "No.", SLICE_LIT("{\"supported\":[]}")),
	    0);
	assert_string_equal(buf_cstr(&out),
			    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32022,\"message\":\"No.\","
			    "\"data\":{\"supported\":[]}}}");
}

static void
faults_are_written_with_their_data(void **state)
{
	struct rpc_fault fault;

	(void)state;
	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_VERSION_NOT_SERVED, json_pack("{s:s}", "requested", "1999"), "Version not served.");
	assert_int_equal(rpc_write_fault(&out, SLICE_LIT("4"), &fault), 0);
	assert_string_equal(buf_cstr(&out), "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32022,"
					    "\"message\":\"Version not served.\",\"data\":{\"requested\":\"1999\"}}}");
	rpc_fault_fini(&fault);
}

static void
notifications_and_requests(void **state)
{
	(void)state;
	assert_int_equal(rpc_write_notification(&out, "notifications/progress", SLICE_LIT("{\"progress\":1}")), 0);
	assert_string_equal(buf_cstr(&out),
			    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1}}");
	buf_clear(&out);
	assert_int_equal(rpc_write_notification(&out, "notifications/tools/list_changed", SLICE_NONE), 0);
	assert_string_equal(buf_cstr(&out), "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
	buf_clear(&out);
	assert_int_equal(rpc_write_request(&out, SLICE_LIT("\"e-1\""), "elicitation/create", SLICE_LIT("{}")), 0);
	assert_string_equal(buf_cstr(&out),
			    "{\"jsonrpc\":\"2.0\",\"id\":\"e-1\",\"method\":\"elicitation/create\",\"params\":{}}");
}

/* Half an answer is worse than none: the buffer is as it was. */
static void
a_full_buffer_keeps_what_it_had(void **state)
{
	struct rpc_fault fault;

	(void)state;
	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INTERNAL_ERROR, json_pack("{s:s}", "k", "vvvvvvvvvvvvvvvv"), "m");
	for (int kind = 0; kind < 4; kind++) {
		struct buf small;
		int r;

		buf_init(&small, 70);
		assert_int_equal(buf_put_str(&small, "before"), 0);
		if (kind == 0)
			r = rpc_write_result(&small, SLICE_LIT("1"),
					     SLICE_LIT("\"0123456789012345678901234567890123456789\""));
		else if (kind == 1)
			r = rpc_write_error(&small, SLICE_LIT("1"), 1, "0123456789012345678901234567890123456789",
					    SLICE_NONE);
		else if (kind == 2)
			r = rpc_write_fault(&small, SLICE_LIT("1"), &fault);
		else
			r = rpc_write_notification(&small, "0123456789012345678901234567890123456789", SLICE_NONE);
		assert_int_equal(r, ERR_LIMIT);
		assert_string_equal(buf_cstr(&small), "before");
		buf_fini(&small);
	}
	rpc_fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(results_repeat_the_raw_id, setup, teardown),
	    cmocka_unit_test_setup_teardown(results_can_be_streamed, setup, teardown),
	    cmocka_unit_test_setup_teardown(errors_without_an_id_have_no_id_member, setup, teardown),
	    cmocka_unit_test_setup_teardown(faults_are_written_with_their_data, setup, teardown),
	    cmocka_unit_test_setup_teardown(notifications_and_requests, setup, teardown),
	    cmocka_unit_test(a_full_buffer_keeps_what_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
