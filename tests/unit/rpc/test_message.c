/*
 * test_message.c - the JSON-RPC envelope, rule by rule
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "rpc/message.h"

#define HEAD "{\"jsonrpc\":\"2.0\","
#define S(literal)                                                                                                     \
	{                                                                                                              \
		literal, sizeof(literal) - 1                                                                           \
	}

struct parsed {
	int r;
	struct rpc_message msg;
	struct rpc_fault fault;
};

static struct parsed
parse(struct slice body)
{
	struct parsed p;

	rpc_fault_init(&p.fault);
	p.r = rpc_parse(body, NULL, &p.msg, &p.fault);
	assert_true(p.r == (p.fault.code == 0 ? 0 : -1));
	assert_true(p.r == 0 || (p.fault.envelope && p.fault.message[0] != '\0' && p.fault.data == NULL));
	return p;
}

static struct parsed
parse_str(const char *body)
{
	return parse(slice_from_str(body));
}

static void
assert_refused(struct slice body, int code, const char *id)
{
	struct parsed p = parse(body);

	if (p.fault.code != code)
		fail_msg("%.*s: %d (%s) instead of %d", SLICE_FMT(body), p.fault.code, p.fault.message, code);
	if (!slice_is(p.msg.id, id == NULL ? "" : id))
		fail_msg("%.*s: id %.*s instead of %s", SLICE_FMT(body), SLICE_FMT(p.msg.id), id == NULL ? "none" : id);
}

/* */
static void
r020_text_that_is_not_utf8_json_is_a_parse_error(void **state)
{
	static const struct slice bodies[] = {S(""),
					      S("   "),
					      S("nonsense"),
					      S("{"),
					      S(HEAD "\"id\":1,\"method\":\"a\""),
					      S(HEAD "\"id\":1,\"method\":\"\xC3\x28\"}"),
					      S(HEAD "\"id\":1,\"method\":\"\xED\xA0\x80\"}"),
					      S("\xEF\xBB\xBF" HEAD "\"id\":1,\"method\":\"a\"}"),
					      S(HEAD "\"id\":1,\"method\":\"a\"}x"),
					      S(HEAD "\"id\":1,\"method\":\"a\"}\0"),
					      S(HEAD "\"id\":1\0,\"method\":\"a\"}"),
					      S("[1"),
					      S(HEAD "\"id\":1,\"method\":\"a\",\"params\":{\"x\":\"\\ud800\"}}")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_refused(bodies[i], RPC_PARSE_ERROR, NULL);
}

/* */
static void
r021_jsonrpc_is_exactly_two_zero(void **state)
{
	static const char *const versions[] = {"\"1.0\"", "\"2\"", "\"2.00\"",	"2.0",	    "2",
					       "null",	  "true",  "[\"2.0\"]", "\"2.0 \"", "\"2.0\\u0000\""};
	char body[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		snprintf(body, sizeof(body), "{\"jsonrpc\":%s,\"id\":7,\"method\":\"a\"}", versions[i]);
		assert_refused(slice_from_str(body), RPC_INVALID_REQUEST, "7");
	}
	assert_refused(SLICE_LIT("{\"id\":7,\"method\":\"a\"}"), RPC_INVALID_REQUEST, "7");
	assert_int_equal(parse_str("{\"jsonrpc\":\"\\u0032.0\",\"id\":7,\"method\":\"a\"}").r, 0);
}

static void
r021_method_is_a_string(void **state)
{
	static const char *const methods[] = {"1", "null", "true", "{}", "[\"a\"]", "1.5"};
	char body[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		snprintf(body, sizeof(body), HEAD "\"id\":\"x\",\"method\":%s}", methods[i]);
		assert_refused(slice_from_str(body), RPC_INVALID_REQUEST, "\"x\"");
	}
	assert_refused(SLICE_LIT(HEAD "\"id\":\"x\"}"), RPC_INVALID_REQUEST, "\"x\"");
	assert_refused(SLICE_LIT("{}"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT("7"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT("\"text\""), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT("null"), RPC_INVALID_REQUEST, NULL);
}

/* */
static void
r022_other_ids_are_refused(void **state)
{
	static const char *const ids[] = {"null", "1.5", "1.0", "1e3", "-0.0", "true", "false", "{}", "[1]", "[]"};
	char body[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		snprintf(body, sizeof(body), HEAD "\"id\":%s,\"method\":\"a\"}", ids[i]);
		assert_refused(slice_from_str(body), RPC_INVALID_REQUEST, NULL);
	}
}

/* */
static void
r023_ids_keep_type_and_spelling(void **state)
{
	static const char *const ids[] = {"1",
					  "0",
					  "-1",
					  "-0",
					  "\"1\"",
					  "\"\"",
					  "9007199254740993",
					  "9223372036854775808",
					  "18446744073709551616",
					  "-123456789012345678901234567890",
					  "\"\\u0061\\/\\n\"",
					  "\"\xC3\xA9\"",
					  "\"a\\u0000b\"",
					  "\"\\ud83d\\ude00\""};
	char body[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct parsed p;

		snprintf(body, sizeof(body), HEAD "\"id\" : %s ,\"method\":\"ping\"}", ids[i]);
		p = parse_str(body);
		assert_int_equal(p.r, 0);
		assert_int_equal(p.msg.kind, RPC_REQUEST);
		assert_true(slice_is(p.msg.id, ids[i]));
		assert_string_equal(p.msg.method, "ping");
	}
}

static void
r023_ids_are_bounded(void **state)
{
	char body[RPC_ID_MAX + 100];
	int n;

	(void)state;
	n = snprintf(body, sizeof(body), HEAD "\"method\":\"a\",\"id\":\"%0*d\"}", RPC_ID_MAX - 2, 0);
	assert_int_equal(parse(slice_of(body, (size_t)n)).r, 0);
	n = snprintf(body, sizeof(body), HEAD "\"method\":\"a\",\"id\":\"%0*d\"}", RPC_ID_MAX - 1, 0);
	assert_refused(slice_of(body, (size_t)n), RPC_INVALID_REQUEST, NULL);
}

/* wherever the fault is, and wherever the id stands. */
static void
r024_a_readable_id_is_kept_on_refusal(void **state)
{
	(void)state;
	assert_refused(SLICE_LIT("{\"id\":5}"), RPC_INVALID_REQUEST, "5");
	assert_refused(SLICE_LIT("{\"method\":1,\"jsonrpc\":\"2.0\",\"id\":\"z\"}"), RPC_INVALID_REQUEST, "\"z\"");
	assert_refused(SLICE_LIT(HEAD "\"method\":\"a\",\"params\":[1],\"id\":5}"), RPC_INVALID_PARAMS, "5");
	assert_refused(SLICE_LIT(HEAD "\"method\":\"a\",\"params\":3,\"id\":5}"), RPC_INVALID_REQUEST, "5");
	assert_refused(SLICE_LIT(HEAD "\"method\":\"a\",\"method\":\"b\",\"id\":5}"), RPC_INVALID_REQUEST, "5");
	assert_refused(SLICE_LIT(HEAD "\"method\":\"a\",\"id\":5,\"id\":6}"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT(HEAD "\"method\":\"a\",\"id\":5,\"\\u0069d\":5}"), RPC_INVALID_REQUEST, NULL);
}

/* too deep is no reason to forget whose request it was, if that came first. */
static void
r024_a_bomb_behind_the_id_is_answered_to_it(void **state)
{
	static const char head[] = HEAD "\"id\":5,\"method\":\"a\",\"params\":{\"x\":";
	size_t len = sizeof(head) - 1 + 100000;
	char *body = malloc(len);

	(void)state;
	assert_non_null(body);
	memset(body, '[', len);
	memcpy(body, head, sizeof(head) - 1);
	assert_refused(slice_of(body, len), RPC_PARSE_ERROR, "5");
	memset(body, '[', len);
	assert_refused(slice_of(body, len), RPC_PARSE_ERROR, NULL);
	free(body);
}

/* */
static void
r026_without_an_id_it_is_a_notification(void **state)
{
	struct parsed p = parse_str(HEAD "\"method\":\"notifications/initialized\"}");

	(void)state;
	assert_int_equal(p.r, 0);
	assert_int_equal(p.msg.kind, RPC_NOTIFICATION);
	assert_null(p.msg.id.ptr);
	assert_null(p.msg.params.ptr);
	assert_string_equal(p.msg.method, "notifications/initialized");
}

/* what a client may send back to a request of ours. */
static void
r028_responses_are_recognised(void **state)
{
	struct parsed p;
	bool is_error;
	json_t *value;

	(void)state;
	p = parse_str(HEAD "\"id\":\"e-1\",\"result\":{\"action\":\"accept\"}}");
	assert_int_equal(p.msg.kind, RPC_RESPONSE);
	assert_true(slice_is(p.msg.id, "\"e-1\""));
	assert_int_equal(rpc_response(&p.msg, NULL, &value, &is_error, &p.fault), 0);
	assert_false(is_error);
	assert_string_equal(json_string_value(json_object_get(value, "action")), "accept");
	json_decref(value);
	p = parse_str(HEAD "\"id\":3,\"error\":{\"code\":-1,\"message\":\"no\"}}");
	assert_int_equal(rpc_response(&p.msg, NULL, &value, &is_error, &p.fault), 0);
	assert_true(is_error);
	assert_int_equal(json_integer_value(json_object_get(value, "code")), -1);
	json_decref(value);
}

static void
r028_odd_responses(void **state)
{
	(void)state;
	assert_int_equal(parse_str(HEAD "\"id\":null,\"error\":{}}").msg.kind, RPC_RESPONSE);
	assert_int_equal(parse_str(HEAD "\"error\":{}}").msg.kind, RPC_RESPONSE);
	assert_int_equal(parse_str(HEAD "\"id\":1,\"result\":null}").msg.kind, RPC_RESPONSE);
	assert_refused(SLICE_LIT(HEAD "\"id\":1,\"result\":{},\"error\":{}}"), RPC_INVALID_REQUEST, "1");
	assert_refused(SLICE_LIT(HEAD "\"id\":1,\"result\":{},\"method\":\"a\"}"), RPC_INVALID_REQUEST, "1");
	assert_refused(SLICE_LIT(HEAD "\"id\":1,\"error\":{},\"method\":\"a\"}"), RPC_INVALID_REQUEST, "1");
	assert_refused(SLICE_LIT(HEAD "\"id\":1,\"error\":\"no\"}"), RPC_INVALID_REQUEST, "1");
	assert_refused(SLICE_LIT(HEAD "\"result\":{}}"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT(HEAD "\"id\":null,\"result\":{}}"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT(HEAD "\"id\":1.5,\"error\":{}}"), RPC_INVALID_REQUEST, NULL);
}

/* */
static void
r029_batches_are_opened_element_by_element(void **state)
{
	struct parsed p = parse_str(" [" HEAD "\"id\":1,\"method\":\"a\"} , 7,[]," HEAD "\"method\":\"b\"}] ");
	struct rpc_message msg;
	struct rpc_batch batch;
	struct slice element;

	(void)state;
	assert_int_equal(p.r, 0);
	assert_int_equal(p.msg.kind, RPC_BATCH);
	assert_int_equal(rpc_batch_open(&p.msg, NULL, &batch, &p.fault), 0);
	assert_int_equal(batch.count, 4);
	assert_true(rpc_batch_next(&batch, &element));
	assert_int_equal(rpc_parse_element(element, NULL, &msg, &p.fault), 0);
	assert_true(msg.kind == RPC_REQUEST && slice_is(msg.id, "1"));
	assert_true(rpc_batch_next(&batch, &element));
	assert_int_equal(rpc_parse_element(element, NULL, &msg, &p.fault), -1);
	assert_int_equal(p.fault.code, RPC_INVALID_REQUEST);
	assert_true(rpc_batch_next(&batch, &element));
	assert_int_equal(rpc_parse_element(element, NULL, &msg, &p.fault), -1);
	assert_true(rpc_batch_next(&batch, &element));
	assert_int_equal(rpc_parse_element(element, NULL, &msg, &p.fault), 0);
	assert_true(msg.kind == RPC_NOTIFICATION);
	assert_false(rpc_batch_next(&batch, &element));
	rpc_fault_fini(&p.fault);
}

static void
r029_batches_are_bounded(void **state)
{
	char body[3 * RPC_BATCH_MAX + 10] = "[";
	struct rpc_batch batch;
	struct parsed p;

	(void)state;
	assert_refused(SLICE_LIT("[]"), RPC_INVALID_REQUEST, NULL);
	assert_refused(SLICE_LIT("[ ]"), RPC_INVALID_REQUEST, NULL);
	for (int i = 0; i < RPC_BATCH_MAX; i++)
		strcat(body, i == 0 ? "{}" : ",{}");
	strcat(body, "]");
	p = parse_str(body);
	assert_int_equal(rpc_batch_open(&p.msg, NULL, &batch, &p.fault), 0);
	assert_int_equal(batch.count, RPC_BATCH_MAX);
	strcpy(body + strlen(body) - 1, ",{}]");
	p = parse_str(body);
	assert_int_equal(p.r, 0);
	assert_int_equal(rpc_batch_open(&p.msg, NULL, &batch, &p.fault), -1);
	assert_int_equal(p.fault.code, RPC_INVALID_REQUEST);
}

static void
r029_nested_batches_are_refused(void **state)
{
	struct rpc_fault fault;
	struct rpc_message msg;

	(void)state;
	rpc_fault_init(&fault);
	assert_int_equal(rpc_parse_element(SLICE_LIT("[" HEAD "\"id\":1,\"method\":\"a\"}]"), NULL, &msg, &fault), -1);
	assert_int_equal(fault.code, RPC_INVALID_REQUEST);
}

/* in the envelope, in any spelling, and unknown members too. */
static void
r030_members_stand_once(void **state)
{
	static const char *const bodies[] = {HEAD "\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"}",
					     HEAD "\"id\":1,\"method\":\"a\",\"method\":\"a\"}",
					     HEAD "\"id\":1,\"method\":\"a\",\"m\\u0065thod\":\"b\"}",
					     HEAD "\"id\":1,\"method\":\"a\",\"params\":{},\"params\":{}}",
					     HEAD "\"id\":1,\"method\":\"a\",\"x\":1,\"x\":1}",
					     HEAD "\"id\":1,\"method\":\"a\",\"_meta\":{},\"\\u005fmeta\":{}}",
					     HEAD "\"id\":1,\"result\":{},\"result\":{}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_refused(slice_from_str(bodies[i]), RPC_INVALID_REQUEST, "1");
}

/* */
static void
r032_unknown_members_are_ignored_up_to_a_bound(void **state)
{
	char body[1024] = HEAD "\"id\":1,\"method\":\"a\"";
	size_t len = strlen(body);

	(void)state;
	for (int i = 0; i < 16; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len, ",\"x%d\":%d", i, i);
	strcpy(body + len, "}");
	assert_int_equal(parse_str(body).r, 0);
	strcpy(body + len, ",\"x16\":0}");
	assert_refused(slice_from_str(body), RPC_INVALID_REQUEST, "1");
}

static void
methods_are_made_comparable(void **state)
{
	char body[400], longest[301];

	(void)state;
	assert_string_equal(parse_str(HEAD "\"id\":1,\"method\":\"tools\\/call\"}").msg.method, "tools/call");
	assert_string_equal(parse_str(HEAD "\"id\":1,\"method\":\"tools/list\\u0000\"}").msg.method, "tools/list?");
	assert_string_equal(parse_str(HEAD "\"id\":1,\"method\":\"a\\nb\x7F\"}").msg.method, "a?b?");
	assert_string_equal(parse_str(HEAD "\"id\":1,\"method\":\"\"}").msg.method, "");
	memset(longest, 'm', sizeof(longest));
	longest[RPC_METHOD_MAX] = '\0';
	snprintf(body, sizeof(body), HEAD "\"method\":\"%s\"}", longest);
	assert_string_equal(parse_str(body).msg.method, longest);
	snprintf(body, sizeof(body), HEAD "\"method\":\"%s\\/\"}", longest);
	assert_int_equal(strlen(parse_str(body).msg.method), RPC_METHOD_MAX);
	assert_string_equal(parse_str(body).msg.method + RPC_METHOD_MAX - 4, "m...");
	snprintf(body, sizeof(body), HEAD "\"method\":\"%sx\"}", longest);
	assert_string_equal(parse_str(body).msg.method + RPC_METHOD_MAX - 4, "m...");
	/* cut between characters: 124 is not a border of three-byte characters that begin at 0 */
	for (size_t i = 0; i < 300; i += 3)
		memcpy(longest + i, "\xE2\x82\xAC", 3);
	longest[300] = '\0';
	snprintf(body, sizeof(body), HEAD "\"method\":\"%s\"}", longest);
	assert_true(slice_is_utf8(slice_from_str(parse_str(body).msg.method)));
}

static void
text_is_the_message_without_space(void **state)
{
	struct parsed p = parse_str(" \r\n" HEAD "\"method\":\"a\",\"params\":{ \"x\" : [1] }}\t\n");

	(void)state;
	assert_true(slice_is(p.msg.text, HEAD "\"method\":\"a\",\"params\":{ \"x\" : [1] }}"));
	assert_true(slice_is(p.msg.params, "{ \"x\" : [1] }"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(r020_text_that_is_not_utf8_json_is_a_parse_error),
	    cmocka_unit_test(r021_jsonrpc_is_exactly_two_zero),
	    cmocka_unit_test(r021_method_is_a_string),
	    cmocka_unit_test(r022_other_ids_are_refused),
	    cmocka_unit_test(r023_ids_keep_type_and_spelling),
	    cmocka_unit_test(r023_ids_are_bounded),
	    cmocka_unit_test(r024_a_readable_id_is_kept_on_refusal),
	    cmocka_unit_test(r024_a_bomb_behind_the_id_is_answered_to_it),
	    cmocka_unit_test(r026_without_an_id_it_is_a_notification),
	    cmocka_unit_test(r028_responses_are_recognised),
	    cmocka_unit_test(r028_odd_responses),
	    cmocka_unit_test(r029_batches_are_opened_element_by_element),
	    cmocka_unit_test(r029_batches_are_bounded),
	    cmocka_unit_test(r029_nested_batches_are_refused),
	    cmocka_unit_test(r030_members_stand_once),
	    cmocka_unit_test(r032_unknown_members_are_ignored_up_to_a_bound),
	    cmocka_unit_test(methods_are_made_comparable),
	    cmocka_unit_test(text_is_the_message_without_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
