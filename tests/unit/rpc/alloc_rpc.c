/*
 * alloc_rpc.c - messages read and written without memory
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "rpc/answer.h"
#include "rpc/message.h"
#include "torture.h"

static const char body[] =
    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools\\/call\",\"params\":{\"name\":\"x\",\"arguments\":{}}}";

/* Whatever fails for want of memory is an internal error, and the id is still known. */
static int
read_scenario(void *ctx)
{
	struct rpc_message msg;
	struct rpc_fault fault;
	json_t *params = NULL;
	int r;

	(void)ctx;
	rpc_fault_init(&fault);
	r = rpc_parse(slice_from_str(body), NULL, &msg, &fault);
	if (r == 0)
		r = rpc_params(&msg, NULL, &params, &fault);
	assert_int_equal(fault.code, r == 0 ? 0 : RPC_INTERNAL_ERROR);
	assert_true(slice_is(msg.id, "\"a\""));
	json_decref(params);
	rpc_fault_fini(&fault);
	return r == 0 ? 0 : ERR_NOMEM;
}

static int
write_scenario(void *ctx)
{
	struct buf out;
	int r;

	buf_init(&out, 4096);
	r = rpc_write_fault(&out, SLICE_LIT("\"a\""), ctx);
	assert_true(r == 0 || (r == ERR_NOMEM && out.len == 0));
	buf_fini(&out);
	return r;
}

static void
reading(void **state)
{
	(void)state;
	torture("read", read_scenario, NULL);
	assert_true(torture_failures() > 5);
}

static void
writing(void **state)
{
	struct rpc_fault fault;

	(void)state;
	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_PARAMS, json_pack("{s:[s,s]}", "supported", "a", "b"),
		      "A sentence, not too short.");
	torture("write", write_scenario, &fault);
	assert_true(torture_failures() > 1);
	rpc_fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading),
	    cmocka_unit_test(writing),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
