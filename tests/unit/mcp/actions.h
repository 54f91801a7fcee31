/*
 * actions.h - a small table of actions, so that the protocol core is tested without a shop
 *
 *	test.echo    answers at once with what it was given
 *	test.wait    waits until the test opens its gate; cancelled, it ends
 *	test.refuse  refuses with details
 *	test.huge    gives a result of about `bytes`
 *	test.many    refuses with more details than a result may hold
 *	test.me      needs a login and tells whose
 *	test.open    makes a login and has the session remember it, at once or after a wait
 *	test.close   needs a login and ends it
 *	test.write   needs the right catalog:write
 *	test.tell    tells of progress and writes log lines
 *	test.ask     asks what `kinds` names, all at once; `keep` binds the answers to a requestState
 *	test.steps   asks for a name, then, keeping it, for a number
 *	test.own     takes its arguments as they are and makes a whole CallToolResult of them
 *	test.headed  the same, with arguments that travel in header fields too
 */
#ifndef TEST_MCP_ACTIONS_H
#define TEST_MCP_ACTIONS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/dispatcher.h"
#include "action/registry.h"
#include "base/err.h"
#include "base/fiber.h"
#include "json/get.h"
#include "json/write.h"

#define GATES 16

/* The fibers that wait, in the order they came. */
struct gates {
	struct fiber_wait *waits[GATES];
	size_t n;
	size_t cancelled;
	size_t ended; /* runs of test.wait that came to their end, cancelled or not */
};

static inline struct gates *
gates_of(const struct action_call *call)
{
	return call->env->observer;
}

static inline void
gate_cancelled(void *ctx)
{
	((struct gates *)ctx)->cancelled++;
}

static inline int
gate_wait(struct action_call *call, struct fault *fault)
{
	struct gates *gates = gates_of(call);
	struct fiber_wait wait;
	size_t at = gates->n++;

	must(at < GATES);
	fiber_wait_init(&wait, gate_cancelled, gates);
	gates->waits[at] = &wait;
	if (fiber_wait_for(&wait) < 0) {
		gates->waits[at] = NULL;
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	}
	gates->waits[at] = NULL;
	return 0;
}

static inline void
gate_open(struct gates *gates, size_t at)
{
	must(at < gates->n && gates->waits[at] != NULL);
	fiber_wait_done(gates->waits[at]);
}

static inline int
finished(json_t *result, json_t **result_r, struct fault *fault)
{
	*result_r = result;
	return result != NULL ? 0 : fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
}

static inline int
run_echo(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call;
	return finished(json_pack("{s:O}", "params", params), result_r, fault);
}

static inline int
run_wait(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	int r = gate_wait(call, fault);

	gates_of(call)->ended++;
	if (r < 0)
		return -1;
	return finished(json_pack("{s:O}", "waited", params), result_r, fault);
}

static inline int
run_refuse(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params, (void)result_r;
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:i, s:s}", "statusCode", 500, "kind", "internal"),
			 "Magento answered 500 without an explanation. Try again later.");
}

/* 0x01 takes six bytes in JSON, and thirteen in the text that repeats it. */
static inline int
run_huge(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	size_t n = (size_t)json_get_int(params, "bytes", 0);
	char *text = pool_alloc(call->pool, n + 1);

	if (text == NULL)
		return finished(NULL, result_r, fault);
	memset(text, json_get_bool(params, "control", false) ? 1 : 'x', n);
	if (json_get_bool(params, "written", false)) {
		struct json_writer w;

		json_write_init(&w, &call->text);
		json_write_begin_object(&w);
		json_write_key(&w, "text");
		json_write_slice(&w, slice_of(text, n));
		json_write_end(&w);
		return 0;
	}
	return finished(json_pack("{s:s%}", "text", text, n), result_r, fault);
}

static inline int
run_many(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	char *text = pool_alloc(call->pool, 2 * 1024 * 1024);

	(void)params, (void)result_r;
	if (text == NULL)
		return finished(NULL, result_r, fault);
	memset(text, 'x', 2 * 1024 * 1024 - 1);
	return fault_set(fault, FAULT_NOT_FOUND, json_pack("[s]", text), "Nothing of it was found. Look again.");
}

static inline int
run_me(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	return finished(json_pack("{s:s}", "username", call->login.username), result_r, fault);
}

static inline int
run_open(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct login login = {.method = LOGIN_OAUTH};
	struct login_ref ref, before;
	bool has_before = false;
	char handle[SESSION_HANDLE_CAP];
	struct err err;

	if (json_get_bool(params, "wait", false) && gate_wait(call, fault) < 0)
		return -1;
	snprintf(login.principal, sizeof(login.principal), "%s", call->principal->name);
	snprintf(login.username, sizeof(login.username), "%s", json_get_str(params, "username", "somebody"));
	if (login_create(call->env->sessions, &login, action_now(), handle, &ref, NULL, &err) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "%s", err.text);
	if (call->memory.remember != NULL && call->memory.remember(call->memory.ctx, ref, &before, &has_before) < 0)
		has_before = false;
	return finished(json_pack("{s:s, s:b}", "session", handle, "replaced", has_before), result_r, fault);
}

static inline int
run_close(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	int r =
	    login_destroy(call->env->sessions, slice_from_str(call->principal->name), call->login_ref, action_now());

	(void)params;
	if (call->memory.forget != NULL)
		call->memory.forget(call->memory.ctx, call->login_ref);
	return finished(json_pack("{s:b}", "was_open", r == 0), result_r, fault);
}

static inline int
run_own(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *kind = json_get_str(params, "kind", "text");

	(void)call;
	if (strcmp(kind, "link") == 0)
		return finished(json_pack("{s:[{s:s, s:s, s:s}]}", "content", "type", "resource_link", "name",
					  "a thing", "uri", "test://thing"),
				result_r, fault);
	return finished(json_pack("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text", kind, "isError",
				  json_get_bool(params, "fail", false)),
			result_r, fault);
}

/* ---- asking ---- */

static inline int
run_tell(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	action_progress(call, 1, 4, "first");
	action_progress(call, 2, 4, "too soon");
	action_log(call, ACTION_LOG_DEBUG, "a detail");
	action_log(call, ACTION_LOG_INFO, "half \"way\"");
	action_log(call, ACTION_LOG_ERROR, "oh");
	action_progress(call, 4, 4, "last of %d", 4);
	return finished(json_pack("{s:b}", "told", 1), result_r, fault);
}

static inline json_t *
form_of(const char *name, const char *type)
{
	return json_pack("{s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}", "message", "Please say", "requestedSchema", "type",
			 "object", "properties", name, "type", type, "required", name);
}

static inline int
run_ask(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *kinds = json_get_str(params, "kinds", "form");
	json_t *form = form_of("name", "string");
	json_t *url = json_pack("{s:s, s:s}", "message", "Go there", "url", "https://example.com/");
	json_t *sample = json_pack("{s:[], s:i}", "messages", "maxTokens", 10);
	json_t *none = json_object();
	json_t *keep = json_get_bool(params, "keep", false) ? json_pack("{s:i}", "kept", 5) : NULL;
	struct action_question questions[4];
	json_t *answers = NULL;
	size_t n = 0;
	int r;

	if (strstr(kinds, "form") != NULL)
		questions[n++] = (struct action_question){"form", ACTION_ELICIT_FORM, form};
	if (strstr(kinds, "url") != NULL)
		questions[n++] = (struct action_question){"url", ACTION_ELICIT_URL, url};
	if (strstr(kinds, "sample") != NULL)
		questions[n++] = (struct action_question){"sample", ACTION_SAMPLE, sample};
	if (strstr(kinds, "roots") != NULL)
		questions[n++] = (struct action_question){"roots", ACTION_LIST_ROOTS, none};
	if (json_get_bool(params, "keep", false) && keep == NULL)
		n = 0;
	r = n > 0 ? action_ask(call, questions, n, keep, &answers, fault)
		  : fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Nothing to ask. Name a kind.");
	if (r == 0)
		r = finished(json_pack("{s:o, s:O?}", "answers", answers, "kept", action_kept(call)), result_r, fault);
	json_decref(keep);
	json_decref(none);
	json_decref(sample);
	json_decref(url);
	json_decref(form);
	return r;
}

static inline int
ask_form(struct action_call *call, const char *name, const char *type, const json_t *keep, json_t **value_r,
	 struct fault *fault)
{
	json_t *form = form_of(name, type);
	const struct action_question question = {name, ACTION_ELICIT_FORM, form};
	json_t *answers = NULL;
	int r = action_ask(call, &question, 1, keep, &answers, fault);

	if (r == 0)
		*value_r =
		    json_incref(json_object_get(json_get_object(json_get_object(answers, name), "content"), name));
	json_decref(answers);
	json_decref(form);
	return r;
}

static inline int
run_steps(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *name = json_incref(json_object_get(action_kept(call), "name"));
	json_t *count = NULL, *keep = NULL;
	int r = 0;

	(void)params;
	if (name == NULL)
		r = ask_form(call, "name", "string", NULL, &name, fault);
	if (r == 0) {
		keep = json_pack("{s:O}", "name", name);
		r = ask_form(call, "count", "integer", keep, &count, fault);
	}
	if (r == 0)
		r = finished(json_pack("{s:O, s:O}", "name", name, "count", count), result_r, fault);
	json_decref(keep);
	json_decref(name);
	json_decref(count);
	return r;
}

static const struct json_schema any_text = {.type = JSON_T_STRING};
static const struct json_schema any_count = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(0)};
static const struct json_schema any_flag = {.type = JSON_T_BOOLEAN};
static const struct json_schema open_object = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};
static const struct json_schema no_params = {.type = JSON_T_OBJECT};
static const struct json_prop echo_props[] = {{"text", &any_text, true, NULL}, {"count", &any_count, false, NULL}, {0}};
static const struct json_schema echo_params = {.type = JSON_T_OBJECT, .props = echo_props};
static const struct json_prop huge_props[] = {
    {"bytes", &any_count, true, NULL}, {"control", &any_flag, false, NULL}, {"written", &any_flag, false, NULL}, {0}};
static const struct json_schema huge_params = {.type = JSON_T_OBJECT, .props = huge_props};
static const struct json_prop open_props[] = {
    {"wait", &any_flag, false, NULL}, {"username", &any_text, false, NULL}, {0}};
static const struct json_prop own_props[] = {{"kind", &any_text, true, NULL}, {"fail", &any_flag, false, NULL}, {0}};
static const struct json_schema own_params = {.type = JSON_T_OBJECT, .props = own_props};
static const char own_schema[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
    "\"properties\":{\"kind\":{\"type\":\"string\"},\"fail\":{\"type\":\"boolean\"}},\"required\":[\"kind\"]}";
static const char headed_schema[] =
    "{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"string\",\"x-mcp-header\":\"Kind\"},"
    "\"count\":{\"type\":\"integer\",\"x-mcp-header\":\"Count\"},"
    "\"flag\":{\"type\":\"boolean\",\"x-mcp-header\":\"Flag\"},"
    "\"place\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"x-mcp-header\":\"City\"}}}}}";
static const struct json_schema open_params = {.type = JSON_T_OBJECT, .props = open_props};

static const struct json_prop ask_props[] = {{"kinds", &any_text, false, NULL}, {"keep", &any_flag, false, NULL}, {0}};
static const struct json_schema ask_params = {.type = JSON_T_OBJECT, .props = ask_props};

#define TEST_ACTION(action_name, its_flags, its_params, its_run)                                                       \
	.name = action_name, .title = "Title of " action_name, .description = "Text of " action_name,                  \
	.tier = ACTION_SAFE, .flags = its_flags, .params = its_params, .result = &open_object, .run = its_run

static const struct action test_rows[] = {
    {TEST_ACTION("test.echo", ACTION_READ_ONLY | ACTION_IDEMPOTENT, &echo_params, run_echo)},
    {TEST_ACTION("test.wait", ACTION_OPEN_WORLD, &no_params, run_wait)},
    {TEST_ACTION("test.refuse", ACTION_OPEN_WORLD, &no_params, run_refuse)},
    {TEST_ACTION("test.huge", 0, &huge_params, run_huge)},
    {TEST_ACTION("test.many", 0, &no_params, run_many)},
    {TEST_ACTION("test.me", ACTION_NEEDS_LOGIN | ACTION_READ_ONLY, &no_params, run_me)},
    {TEST_ACTION("test.open", 0, &open_params, run_open)},
    {TEST_ACTION("test.close", ACTION_NEEDS_LOGIN | ACTION_IDEMPOTENT, &no_params, run_close)},
    {TEST_ACTION("test.write", ACTION_DESTRUCTIVE, &no_params, run_echo), .scope = "catalog:write"},
    {TEST_ACTION("test.tell", 0, &no_params, run_tell)},
    {TEST_ACTION("test.ask", 0, &ask_params, run_ask)},
    {TEST_ACTION("test.steps", 0, &no_params, run_steps)},
    {TEST_ACTION("test.own", ACTION_CONTENT, &own_params, run_own), .input_schema = own_schema},
    {TEST_ACTION("test.headed", ACTION_CONTENT, &open_object, run_own), .input_schema = headed_schema},
};
static const struct action_table test_table = {test_rows, ARRAY_LEN(test_rows)};

#endif
