/*
 * fuzz_mcp.c - any bytes as a POSTed message with any headers: no crash; answered exactly once, with JSON-RPC that
 * repeats the id, or not at all when the client is gone; what is plain is served as if it were not
 *
 * The first three bytes choose header fields, session and what the client does while a call waits; the third is also
 * the length of a text behind it that header fields may take, or that answers a question to a session that takes all
 * kinds.  The rest is the body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/mcp/actions.h"
#include "base/clock.h"
#include "json/parse.h"
#include "json/view.h"
#include "mcp/server.h"
#include "rpc/message.h"
#include "session/mcp_session.h"
#include "shm/segment.h"
#include "shm/table.h"

#define TOLD_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct principal caller = {.name = "fuzz"};

/* What outlives an input: rendering the lists each time would be all the work. */
struct house {
	struct config config;
	struct fiber_pool *fibers;
	struct segment_keys *keys;
	struct action_registry *registry;
	struct gates gates;
	struct sessions sessions;
	struct action_env env;
	struct mcp_options options;
	struct mcp_server *server;
};

struct run {
	struct slice body;
	struct buf told; /* what the client got to see, but for ids and seals that are never twice the same */
	int answers;
	bool expects_answer;
	char question[128]; /* the raw id of the last one */
};

/* Those that cost little. */
static const char *const served[] = {"test.echo",  "test.wait", "test.refuse", "test.me",   "test.open",
				     "test.close", "test.tell", "test.ask",    "test.steps"};

static struct action_registry *
build_registry(void)
{
	static struct action rows[ARRAY_LEN(served)];
	static const struct action_table table = {rows, ARRAY_LEN(served)};
	static const struct action_table *const tables[] = {&table, NULL};
	static const struct action_prompt_table *const prompts[] = {NULL};
	static const struct action_resource_table *const resources[] = {NULL};
	static const struct action_product product = {
	    .name = "fuzz", .title = "Fuzz", .tools = tables, .prompts = prompts, .resources = resources};

	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		for (size_t row = 0; row < test_table.n; row++) {
			if (strcmp(test_table.rows[row].name, served[i]) == 0)
				rows[i] = test_table.rows[row];
		}
	}
	return action_registry_new(&product);
}

static struct house *
house_open(void)
{
	struct house *h = calloc(1, sizeof(*h));

	must(h != NULL && segment_keys_create(&h->keys, NULL) == 0);
	h->config.magento.call_timeout_ms = 600000;
	h->config.magento.max_result_bytes = 64 * 1024;
	h->fibers = fiber_pool_new(8, 8);
	h->registry = build_registry();
	h->env = (struct action_env){
	    .config = &h->config, .sessions = &h->sessions, .fibers = h->fibers, .observer = &h->gates};
	h->options = (struct mcp_options){.title = "Fuzz",
					  .version = "1",
					  .registry = h->registry,
					  .env = &h->env,
					  .max_result_bytes = (size_t)h->config.magento.max_result_bytes};
	h->server = mcp_server_new(&h->options);
	must(h->server != NULL);
	return h;
}

/* ---- the answer ---- */

#define SECRET_LEN 16

static bool
is_of_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Handles, ids of ours and seals are never twice the same: of a long word, only its length. */
static void
tell(struct run *run, struct slice text)
{
	size_t at = 0, end;

	for (; at < text.len; at = end) {
		end = at;
		while (end < text.len && is_of_token(text.ptr[end]))
			end++;
		if (end - at >= SECRET_LEN)
			buf_printf(&run->told, "<%zu>", end - at);
		else
			buf_put_slice(&run->told, slice_sub(text, at, end - at));
		if (end < text.len)
			buf_put_char(&run->told, text.ptr[end++]);
	}
	must(buf_put_char(&run->told, '\n') == 0);
}

static void
check_id(struct slice body, const struct rpc_message *answer)
{
	struct rpc_message asked;
	struct rpc_fault fault;
	int r;

	rpc_fault_init(&fault);
	r = rpc_parse(body, NULL, &asked, &fault);
	rpc_fault_fini(&fault);
	if (asked.kind == RPC_REQUEST)
		must(slice_eq(asked.id, answer->id));
	else
		must(r < 0 || answer->id.len == 0);
}

static void
check_json(struct slice text)
{
	struct json_limits limits = json_limits_default;
	json_t *tree = NULL;

	limits.big_int_as_real = true;
	must(json_parse(text, &limits, &tree, NULL) == 0);
	json_decref(tree);
}

/* Not more than were asked, and responses all. */
static void
check_batch(const struct run *run, const struct rpc_message *answer)
{
	struct rpc_message asked, one;
	struct rpc_batch questions, answers;
	struct rpc_fault fault;
	struct slice element;

	rpc_fault_init(&fault);
	must(rpc_parse(run->body, NULL, &asked, &fault) == 0 && asked.kind == RPC_BATCH);
	must(rpc_batch_open(&asked, NULL, &questions, &fault) == 0 &&
	     rpc_batch_open(answer, NULL, &answers, &fault) == 0);
	must(answers.count > 0 && answers.count <= questions.count);
	while (rpc_batch_next(&answers, &element))
		must(rpc_parse_element(element, NULL, &one, &fault) == 0 && one.kind == RPC_RESPONSE);
}

static void
check_body(const struct run *run, const struct mcp_answer *answer)
{
	struct rpc_message msg;
	struct rpc_fault fault;

	check_json(answer->body);
	rpc_fault_init(&fault);
	must(rpc_parse(answer->body, NULL, &msg, &fault) == 0);
	if (msg.kind == RPC_BATCH) {
		check_batch(run, &msg);
		return;
	}
	must(msg.kind == RPC_RESPONSE);
	must((msg.error.len > 0) == (answer->rpc_code != 0));
	check_id(run->body, &msg);
}

static void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct run *run = ctx;

	must(run->expects_answer && ++run->answers == 1);
	must(answer->http_status >= 200 && answer->http_status <= 503 && answer->method != NULL &&
	     answer->tool != NULL);
	must((answer->body.len == 0) == (answer->http_status == 202));
	buf_printf(&run->told, "%d %d %d %s %s ", answer->http_status, answer->rpc_code, answer->fault_code,
		   answer->method, answer->tool);
	tell(run, answer->body);
	if (answer->body.len > 0)
		check_body(run, answer);
}

/* Notifications, or questions of ours. */
static int
on_event(void *ctx, const struct mcp_event *event)
{
	struct run *run = ctx;
	struct rpc_message msg;
	struct rpc_fault fault;

	must(run->expects_answer && run->answers == 0);
	tell(run, event->data);
	if (event->data.len == 0) /* the priming event */
		return 0;
	check_json(event->data);
	rpc_fault_init(&fault);
	must(rpc_parse(event->data, NULL, &msg, &fault) == 0 && msg.kind <= RPC_NOTIFICATION);
	if (msg.kind == RPC_REQUEST)
		must(slice_to_str(msg.id, run->question, sizeof(run->question)) == 0);
	return 0;
}

/* ---- the message ---- */

static struct slice
choose_version(unsigned choice, struct slice custom)
{
	static const char *const versions[] = {
	    NULL, "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2027-01-01", ""};

	return choice < ARRAY_LEN(versions) ? slice_from_str(versions[choice]) : custom;
}

/* 0: absent, 1: what the body says, 2: the text from the input, 3: another one that is known. */
static struct slice
choose(unsigned choice, struct slice right, struct slice custom, const char *other)
{
	switch (choice) {
	case 0:
		return SLICE_NONE;
	case 1:
		return right;
	case 2:
		return custom;
	default:
		return slice_from_str(other);
	}
}

/* The name of the tool in a tools/call, as far as it can be found; lives in *tree_r. */
static struct slice
name_in(const struct rpc_message *msg, json_t **tree_r)
{
	struct rpc_fault fault;
	struct slice name = SLICE_NONE;

	rpc_fault_init(&fault);
	if (msg->params.len > 0 && rpc_params(msg, NULL, tree_r, &fault) == 0)
		name = json_get_slice(*tree_r, "name");
	rpc_fault_fini(&fault);
	return name;
}

static void
ignore_answer(void *ctx, const struct mcp_answer *answer)
{
	(void)ctx;
	must(answer->http_status >= 200);
}

/* Answers the question with whatever the input says; a call that then still waits is stopped. */
static void
respond(struct house *h, struct run *run, const struct mcp_request *asked, struct slice member,
	struct mcp_exchange **exchange)
{
	struct mcp_request request = *asked;
	struct mcp_exchange *other;
	struct buf body;

	buf_init(&body, 4096);
	buf_put_str(&body, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_put_str(&body, run->question);
	buf_put_str(&body, ",\"result\":");
	buf_put_slice(&body, member);
	buf_put_char(&body, '}');
	request.body = buf_slice(&body);
	mcp_server_post(h->server, &request, &(struct mcp_channel){.answer = ignore_answer}, &other);
	must(other == NULL);
	buf_fini(&body);
	if (run->answers == 0) {
		run->expects_answer = false;
		mcp_server_cancel(exchange);
	}
}

/* The method's name stays in *msg_r, the tool's in *tree_r. */
static void
choose_headers(struct mcp_request *request, const uint8_t choices[3], struct slice custom, struct slice session,
	       struct rpc_message *msg_r, json_t **tree_r)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (rpc_parse(request->body, NULL, msg_r, &fault) < 0)
		msg_r->params = SLICE_NONE;
	rpc_fault_fini(&fault);
	request->headers.protocol_version = choose_version(choices[0] & 7, custom);
	request->headers.method = choose(choices[0] >> 3 & 3, slice_from_str(msg_r->method), custom, "tools/call");
	request->headers.name = choose(choices[0] >> 5 & 3, name_in(msg_r, tree_r), custom, "=?base64?dGVzdF9lY2hv?=");
	request->headers.session_id = choose(choices[1] & 3, session, custom, "unknown");
}

static void
post(struct house *h, struct run *run, const uint8_t choices[3], struct slice custom, struct slice session)
{
	struct mcp_request request = {.takes_events = !(choices[1] & 0x80),
				      .body = run->body,
				      .principal = &caller,
				      .request_id = "1",
				      .now_mono_ms = clock_mono_ms(),
				      .now_wall_ms = clock_wall_ms()};
	struct mcp_exchange *exchange;
	struct rpc_message msg;
	json_t *tree = NULL;

	choose_headers(&request, choices, custom, session, &msg, &tree);
	run->expects_answer = true;
	mcp_server_post(h->server, &request, &(struct mcp_channel){.send = on_event, .answer = on_answer, .ctx = run},
			&exchange);
	must((exchange == NULL) == (run->answers == 1));
	if (exchange != NULL && (choices[1] & 4)) {
		run->expects_answer = false;
		mcp_server_hangup(&exchange);
	}
	for (size_t i = 0; i < h->gates.n; i++) { /* none is left after a cancellation */
		if (h->gates.waits[i] != NULL)
			gate_open(&h->gates, i);
	}
	if (run->expects_answer && run->answers == 0)
		respond(h, run, &request, custom, &exchange);
	mcp_server_tick(h->server, request.now_mono_ms + 3600000); /* nobody waits for ever */
	must(run->answers == (run->expects_answer ? 1 : 0));
	json_decref(tree);
}

/* What was told is given in `told`. */
static void
serve(struct house *h, const uint8_t choices[3], struct slice custom, struct slice body, struct buf *told)
{
	const struct segment_config size = {SEGMENT_SLOTS_MIN, 0};
	const struct session_now now = {clock_mono_ms(), clock_wall_ms()};
	struct mcp_session init = {.protocol = MCP_2025_03_26 + (choices[1] >> 3) % 3,
				   .capabilities =
				       ACTION_ELICIT_FORM | ACTION_ELICIT_URL | ACTION_SAMPLE | ACTION_LIST_ROOTS};
	struct run run = {.body = body};
	struct segment *seg = NULL;
	struct table *tab = NULL;
	char session[MCP_SESSION_ID_CAP];

	must(segment_create(&size, h->keys, &seg, NULL) == 0 && table_new(seg, h->keys, &tab) == 0);
	sessions_init(&h->sessions, tab, h->keys, NULL);
	memset(&h->gates, 0, sizeof(h->gates));
	must(slice_to_str(slice_from_str(caller.name), init.principal, sizeof(init.principal)) == 0);
	must(mcp_session_create(&h->sessions, &init, now, session, NULL) == 0);
	buf_init(&run.told, TOLD_MAX);
	post(h, &run, choices, custom, slice_from_str(session));
	*told = run.told;
	must(fiber_pool_alive(h->fibers) == 0);
	table_free(&tab);
	segment_free(&seg);
}

static int
find_version(void *ctx, const struct json_item *item)
{
	struct slice *name = ctx;

	if (slice_is(item->key, "jsonrpc"))
		*name = item->key;
	return 0;
}

/* The same message with an escape in a name, if it was read without a tree. */
static bool
make_odd(struct slice body, struct buf *odd)
{
	static struct json_outline outline;
	struct slice name = SLICE_NONE;
	size_t at;

	if (json_outline_read(&outline, body, NULL) < 0 ||
	    json_scan_object(body, NULL, find_version, &name, NULL) < 0 || name.ptr == NULL)
		return false;
	at = (size_t)(name.ptr - body.ptr);
	buf_put_slice(odd, slice_sub(body, 0, at));
	buf_put_str(odd, "\\u006a");
	must(buf_put_slice(odd, slice_sub(body, at + 1, body.len)) == 0);
	must(json_outline_read(&outline, buf_slice(odd), NULL) == ERR_UNSUPPORTED);
	return true;
}

static void
serve_both(struct house *h, const uint8_t choices[3], struct slice custom, struct slice body)
{
	struct buf odd, told, told_odd;

	serve(h, choices, custom, body, &told);
	buf_init(&odd, body.len + 8);
	if (make_odd(body, &odd)) {
		serve(h, choices, custom, buf_slice(&odd), &told_odd);
		must(slice_eq(buf_slice(&told), buf_slice(&told_odd)));
		buf_fini(&told_odd);
	}
	buf_fini(&odd);
	buf_fini(&told);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct house *house;
	struct slice rest;
	size_t custom_len;

	if (house == NULL)
		house = house_open();
	if (size < 3)
		return 0;
	rest = slice_of((const char *)data + 3, size - 3);
	custom_len = data[2] < rest.len ? data[2] : rest.len;
	serve_both(house, data, slice_sub(rest, 0, custom_len), slice_sub(rest, custom_len, rest.len - custom_len));
	return 0;
}
