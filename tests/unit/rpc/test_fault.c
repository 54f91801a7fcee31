/*
 * test_fault.c - error codes and their HTTP status, as the protocol's table of errors has them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "rpc/fault.h"

static void
status_follows_the_table(void **state)
{
	static const struct {
		int code;
		bool envelope;
		int modern, legacy;
	} rows[] = {
	    {-32700, true, 400, 400},  {-32600, true, 400, 400},  {-32601, false, 404, 200},
	    {-32602, true, 400, 200},  {-32602, false, 200, 200}, {-32603, false, 200, 200},
	    {-32020, false, 400, 400}, {-32021, false, 400, 400}, {-32022, false, 400, 400}, /* legacy: R-006 */
	    {-32002, false, 200, 200}, {-32042, false, 200, 200}, {1001, false, 200, 200},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(rpc_http_status(rows[i].code, rows[i].envelope, RPC_ERA_MODERN), rows[i].modern);
		assert_int_equal(rpc_http_status(rows[i].code, rows[i].envelope, RPC_ERA_LEGACY), rows[i].legacy);
	}
}

static void
codes_are_the_protocols(void **state)
{
	(void)state;
	assert_int_equal(RPC_PARSE_ERROR, -32700);
	assert_int_equal(RPC_INVALID_REQUEST, -32600);
	assert_int_equal(RPC_METHOD_NOT_FOUND, -32601);
	assert_int_equal(RPC_INVALID_PARAMS, -32602);
	assert_int_equal(RPC_INTERNAL_ERROR, -32603);
	assert_int_equal(RPC_HEADER_MISMATCH, -32020);
	assert_int_equal(RPC_CAPABILITY_MISSING, -32021);
	assert_int_equal(RPC_VERSION_NOT_SERVED, -32022);
}

static void
a_fault_replaces_the_one_before(void **state)
{
	struct rpc_fault f;

	(void)state;
	rpc_fault_init(&f);
	assert_int_equal(rpc_fault_set_envelope(&f, RPC_INVALID_PARAMS, json_object(), "first %d", 1), -1);
	assert_true(f.envelope);
	assert_int_equal(rpc_fault_set(&f, RPC_INTERNAL_ERROR, NULL, "then %s", f.message), -1);
	assert_string_equal(f.message, "then first 1");
	assert_false(f.envelope);
	assert_null(f.data);
	rpc_fault_fini(&f);
	assert_int_equal(f.code, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(status_follows_the_table),
	    cmocka_unit_test(codes_are_the_protocols),
	    cmocka_unit_test(a_fault_replaces_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
