#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "action/env.h"
#include "action/record.h"
#include "base/log.h"
#include "json/get.h"

struct desk {
	char path[64];
	struct config config;
	struct action action;
	struct principal principal;
	struct action_env env;
	struct action_call call;
	json_t *line; /* the last one read */
};

static int
open_desk(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct err err;
	int fd;

	log_set_level(LOG_ERROR - 1);
	snprintf(desk->path, sizeof(desk->path), "/tmp/record-test-XXXXXX");
	fd = mkstemp(desk->path);
	assert_true(fd >= 0);
	close(fd);
	desk->action.name = "catalog.commit_bulk_update";
	desk->principal.name = "alice";
	desk->env.config = &desk->config;
	desk->env.audit = audit_open(desk->path, &err);
	assert_non_null(desk->env.audit);
	desk->call = (struct action_call){
	    .action = &desk->action, .env = &desk->env, .principal = &desk->principal, .request_id = "1.0.7"};
	desk->call.began = action_now();
	*state = desk;
	return 0;
}

static int
close_desk(void **state)
{
	struct desk *desk = *state;

	json_decref(desk->line);
	audit_free(&desk->env.audit);
	unlink(desk->path);
	free(desk);
	return 0;
}

/* The only line of the file, which is emptied. */
static const json_t *
take_line(struct desk *desk)
{
	json_decref(desk->line);
	desk->line = json_load_file(desk->path, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(desk->line);
	assert_int_equal(truncate(desk->path, 0), 0);
	return desk->line;
}

static const json_t *
record(struct desk *desk, enum audit_phase phase, const char *params, const char *result, const struct fault *fault)
{
	json_t *p = params != NULL ? json_loads(params, 0, NULL) : NULL,
	       *r = result != NULL ? json_loads(result, 0, NULL) : NULL;

	assert_int_equal(record_call(&desk->call, phase, p, r, fault), 0);
	json_decref(p);
	json_decref(r);
	return take_line(desk);
}

static void
which_are_writes(void **state)
{
	static const struct {
		unsigned flags;
		bool is_write;
	} cases[] = {{0, false},
		     {ACTION_READ_ONLY | ACTION_NEEDS_LOGIN, false},
		     {ACTION_CONFIRM, true},
		     {ACTION_WRITES, true},
		     {ACTION_DESTRUCTIVE, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct action action = {.flags = cases[i].flags};

		assert_int_equal(record_is_write(&action), cases[i].is_write);
	}
}

static void
beginning(void **state)
{
	const json_t *line = record(
	    *state, AUDIT_BEGIN,
	    "{\"plan_id\":\"p-1\",\"confirm\":true,\"reason\":\"sale\",\"scope\":{\"scope\":\"global\"}}", NULL, NULL);

	assert_string_equal(json_get_str(line, "phase", ""), "begin");
	assert_string_equal(json_get_str(line, "tool", ""), "catalog.commit_bulk_update");
	assert_string_equal(json_get_str(line, "principal", ""), "alice");
	assert_string_equal(json_get_str(line, "request_id", ""), "1.0.7");
	assert_string_equal(json_get_str(line, "plan_id", ""), "p-1");
	assert_string_equal(json_get_str(line, "reason", ""), "sale");
	assert_string_equal(json_get_str(json_get_object(line, "scope"), "scope", ""), "global");
	assert_null(json_object_get(line, "outcome"));
	assert_null(json_object_get(line, "duration_ms"));
	assert_null(json_object_get(line, "counts"));
}

static void
good_end(void **state)
{
	const json_t *line = record(
	    *state, AUDIT_END, "{\"match\":{}}",
	    "{\"plan_id\":\"p-2\",\"success_count\":3,\"error_count\":0,\"message\":\"x\",\"warnings\":[],\"_count\":1,"
	    "\"text_count\":\"no\"}",
	    NULL);
	json_t *wanted = json_pack("{s:i, s:i}", "success_count", 3, "error_count", 0);

	assert_string_equal(json_get_str(line, "outcome", ""), "ok");
	assert_string_equal(json_get_str(line, "plan_id", ""), "p-2");
	assert_true(json_equal(json_object_get(line, "counts"), wanted));
	assert_true(json_get_int(line, "duration_ms", -1) >= 0);
	json_decref(wanted);
}

static void
bad_end(void **state)
{
	struct fault fault;
	const json_t *line;

	fault_init(&fault);
	fault_set(&fault, FAULT_PLAN_EXPIRED, NULL, "This plan has expired.");
	line = record(*state, AUDIT_END, "{\"plan_id\":\"p-1\"}", NULL, &fault);
	assert_string_equal(json_get_str(line, "outcome", ""), "PLAN_EXPIRED");
	fault_fini(&fault);
}

/* A refused call is recorded as it came: with its parameters in a member, or flat, or without any. */
static void
refused(void **state)
{
	static const char *const forms[] = {
	    "{\"params\":{\"plan_id\":\"p-1\",\"reason\":\"r\"},\"session\":\"h4ndle\"}",
	    "{\"plan_id\":\"p-1\",\"reason\":\"r\",\"session\":\"h4ndle\"}"};
	struct fault fault;
	const json_t *line;

	fault_init(&fault);
	fault_set(&fault, FAULT_CONFIRMATION_REQUIRED, NULL, "x");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		char *text;

		line = record(*state, AUDIT_REFUSED, forms[i], NULL, &fault);
		assert_string_equal(json_get_str(line, "phase", ""), "refused");
		assert_string_equal(json_get_str(line, "plan_id", ""), "p-1");
		assert_string_equal(json_get_str(line, "reason", ""), "r");
		text = json_dumps(line, 0);
		assert_null(strstr(text, "h4ndle"));
		free(text);
	}
	line = record(*state, AUDIT_REFUSED, NULL, NULL, &fault);
	assert_string_equal(json_get_str(line, "outcome", ""), "CONFIRMATION_REQUIRED");
	fault_fini(&fault);
}

/* Where a password is expected, a name nobody knows may be a misspelt one: its value is not told, in either form. */
static void
misspelt_secrets(void **state)
{
	static const struct json_schema text = {.type = JSON_T_STRING};
	static const struct json_prop props[] = {
	    {.name = "username", .schema = &text}, {.name = "password", .schema = &text}, {.name = NULL}};
	static const struct json_schema params = {.type = JSON_T_OBJECT, .props = props};
	static const char *const forms[] = {
	    "{\"params\":{\"username\":\"admin\",\"pasword\":\"s3cret\",\"login\":{\"a\":\"s3cret\"}}}",
	    "{\"username\":\"admin\",\"pasword\":\"s3cret\",\"params\":\"s3cret\",\"password\":\"s3cret\"}"};
	struct desk *desk = *state;
	struct fault fault;

	desk->action.params = &params;
	desk->action.flags |= ACTION_TAKES_SECRETS;
	fault_init(&fault);
	fault_set(&fault, FAULT_VALIDATION_ERROR, NULL, "x");
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		char *line = json_dumps(record(desk, AUDIT_REFUSED, forms[i], NULL, &fault), 0);

		assert_non_null(strstr(line, "pasword"));
		assert_non_null(strstr(line, "admin"));
		assert_null(strstr(line, "s3cret"));
		free(line);
	}
	fault_fini(&fault);
}

static void
who(void **state)
{
	struct desk *desk = *state;
	const json_t *line = record(desk, AUDIT_BEGIN, "{}", NULL, NULL);

	assert_null(json_object_get(line, "session"));
	assert_null(json_object_get(line, "store"));
	desk->call.has_login = true;
	desk->call.login_ref.lo = 0x0123456789abcdefull;
	desk->call.login_ref.hi = 0xfedcba9876543210ull;
	snprintf(desk->call.login.base_url, sizeof(desk->call.login.base_url), "https://shop.example");
	snprintf(desk->call.login.username, sizeof(desk->call.login.username), "admin");
	line = record(desk, AUDIT_BEGIN, "{}", NULL, NULL);
	assert_string_equal(json_get_str(line, "session", ""), "0123456789abcdef");
	assert_string_equal(json_get_str(line, "store", ""), "https://shop.example");
	assert_string_equal(json_get_str(line, "username", ""), "admin");
}

static void
no_room(void **state)
{
	struct desk *desk = *state;
	struct err err;

	audit_free(&desk->env.audit);
	desk->env.audit = audit_open("/dev/full", &err);
	assert_non_null(desk->env.audit);
	assert_true(record_call(&desk->call, AUDIT_BEGIN, NULL, NULL, NULL) < 0);
	audit_free(&desk->env.audit);
	assert_int_equal(record_call(&desk->call, AUDIT_BEGIN, NULL, NULL, NULL), 0); /* there is no log */
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, open_desk, close_desk)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(which_are_writes),
	    DESK_TEST(beginning),
	    DESK_TEST(good_end),
	    DESK_TEST(bad_end),
	    DESK_TEST(refused),
	    DESK_TEST(misspelt_secrets),
	    DESK_TEST(who),
	    DESK_TEST(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
