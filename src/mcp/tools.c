/*
 * tools.c - tools/list, rendered once, and tools/call, for both eras
 */
#include <string.h>

#include "base/enc.h"
#include "call.h"
#include "exchange.h"
#include "param_headers.h"
#include "json/get.h"
#include "json/write.h"
#include "lists.h"

#define WRAP_SLACK (4 * 1024)
#define WRAP_USUAL 256 /* what stands around it without a refusal */

/* ---- tools/list ---- */

static int
put_annotations(json_t *tool, const struct action *action)
{
	return json_object_set_new(tool, "annotations",
				   json_pack("{s:s, s:b, s:b, s:b, s:b}", "title", action->title, "readOnlyHint",
					     (action->flags & ACTION_READ_ONLY) != 0, "destructiveHint",
					     (action->flags & ACTION_DESTRUCTIVE) != 0, "idempotentHint",
					     (action->flags & ACTION_IDEMPOTENT) != 0, "openWorldHint",
					     (action->flags & ACTION_OPEN_WORLD) != 0));
}

/* `title` and `outputSchema` came with 2025-06-18. */
static json_t *
render_tool(const struct action_registry *registry, size_t index, enum mcp_protocol protocol)
{
	const struct action *action = action_registry_at(registry, index);
	json_t *tool = json_object();
	int r = json_object_set_new(tool, "name", json_string(action_registry_tool_name(registry, index)));

	if (protocol >= MCP_2025_06_18)
		r |= json_object_set_new(tool, "title", json_string(action->title));
	r |= json_object_set_new(tool, "description", json_string(action->description));
	r |= json_object_set_new(tool, "inputSchema", action_input_schema(action));
	if (protocol >= MCP_2025_06_18 && !(action->flags & ACTION_CONTENT))
		r |= json_object_set_new(tool, "outputSchema", action_output_schema(action));
	r |= put_annotations(tool, action);
	if (r != 0) {
		json_decref(tool);
		return NULL;
	}
	return tool;
}

int
tools_render_lists(struct mcp_server *server)
{
	server->tools.action_of = action_registry_at;
	return list_render(server, &server->tools, "tools", action_registry_count(server->options.registry),
			   render_tool);
}

void
tools_serve_list(struct mcp_exchange *x)
{
	list_serve(x, &x->server->tools);
}

/* ---- tools/call ---- */

/* A CallToolResult around a JSON object: as text for all, as structuredContent since 2025-06-18. */
static void
answer_call(struct mcp_exchange *x, struct slice object, bool is_error)
{
	struct buf out;

	/* Every byte of the object may take six in the text. */
	exchange_open_result(x, &out, 3 * object.len + x->server->modern_tail.len + WRAP_USUAL,
			     7 * object.len + x->server->modern_tail.len + WRAP_SLACK);
	buf_put_str(&out, "{\"content\":[{\"type\":\"text\",\"text\":");
	enc_json_put(&out, object);
	buf_put_str(&out, "}]");
	if (x->protocol >= MCP_2025_06_18) {
		buf_put_str(&out, ",\"structuredContent\":");
		buf_put_slice(&out, object);
	}
	buf_put_str(&out, is_error ? ",\"isError\":true" : ",\"isError\":false");
	call_put_tail(x, &out);
	exchange_close_result(x, &out);
}

/* The action made the CallToolResult itself; only what its revision wants at the end is added. */
static void
answer_content(struct mcp_exchange *x, struct slice object)
{
	struct buf out;

	must(object.len > 2 && object.ptr[object.len - 1] == '}');
	exchange_open_result(x, &out, object.len + x->server->modern_tail.len, object.len + x->server->modern_tail.len);
	buf_put_slice(&out, slice_of(object.ptr, object.len - 1));
	call_put_tail(x, &out);
	exchange_close_result(x, &out);
}

/* Details that make it too large are left out: the code and the message are what a client acts upon. */
static int
render_refusal(const struct fault *fault, struct buf *out)
{
	json_t *object = fault_to_json(fault);
	int r = object != NULL ? json_dump_to(out, object) : ERR_NOMEM;

	if (r == ERR_LIMIT) {
		json_object_del(json_object_get(object, "error"), "details");
		buf_clear(out);
		r = json_dump_to(out, object);
	}
	json_decref(object);
	return r;
}

static void
answer_refusal(struct mcp_exchange *x, const struct fault *fault)
{
	struct buf text;

	x->fault_code = (int)fault->code;
	buf_init(&text, x->server->options.max_result_bytes + WRAP_SLACK);
	if (render_refusal(fault, &text) == 0)
		answer_call(x, buf_slice(&text), true);
	else
		exchange_answer_shortage(x);
	buf_fini(&text);
}

static void
answer_too_large(struct mcp_exchange *x)
{
	struct fault fault;

	fault_init(&fault);
	fault_set(
	    &fault, FAULT_VALIDATION_ERROR, NULL,
	    "The result is larger than %zu bytes. Ask for less: name the fields you need, or use a smaller page_size.",
	    x->server->options.max_result_bytes);
	answer_refusal(x, &fault);
	fault_fini(&fault);
}

/* links came with 2025-06-18; before, a text tells as much. */
static int
spell_out_links(json_t *result)
{
	json_t *content = json_object_get(result, "content");
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(content); i++) {
		const json_t *block = json_array_get(content, i);

		if (strcmp(json_get_str(block, "type", ""), "resource_link") == 0)
			r = json_array_set_new(content, i,
					       json_pack("{s:s, s:s++}", "type", "text", "text",
							 json_get_str(block, "name", ""), ": ",
							 json_get_str(block, "uri", "")));
	}
	return r == 0 ? 0 : ERR_NOMEM;
}

/* 0, or what the buffer says. */
static int
put_result(const struct mcp_exchange *x, const struct action_outcome *outcome, struct buf *out)
{
	bool is_content = (outcome->action->flags & ACTION_CONTENT) != 0;
	int r = is_content && x->protocol < MCP_2025_06_18 ? spell_out_links(outcome->result) : 0;

	return r < 0 ? r : json_dump_to(out, outcome->result);
}

static void
on_done(struct mcp_exchange *x, const struct action_outcome *outcome)
{
	const struct buf *text = outcome->text;
	struct buf dumped;
	int r;

	if (outcome->fault != NULL) {
		answer_refusal(x, outcome->fault);
		return;
	}
	buf_init(&dumped, x->server->options.max_result_bytes);
	if (text == NULL) {
		r = put_result(x, outcome, &dumped);
		text = &dumped;
	} else {
		r = text->failed;
	}
	if (r == 0 && (outcome->action->flags & ACTION_CONTENT))
		answer_content(x, buf_slice(text));
	else if (r == 0)
		answer_call(x, buf_slice(text), false);
	else if (r == ERR_LIMIT)
		answer_too_large(x);
	else
		exchange_answer_shortage(x);
	buf_fini(&dumped);
}

static void
run_tool(struct mcp_exchange *x, const struct action *action, struct json_view arguments)
{
	const struct action_registry *registry = x->server->options.registry;
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	x->tool = action_registry_tool_name(registry, action_registry_index(registry, action));
	if (exchange_is_modern(x) && x->request.transport == MCP_HTTP &&
	    param_headers_check(&x->request.headers, action, arguments, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		call_run(x, action, arguments, on_done);
}

void
tools_serve_call(struct mcp_exchange *x)
{
	struct json_view arguments = json_view_get(x->given, "arguments");
	struct slice name = json_view_text(json_view_get(x->given, "name"));
	const struct action *action;

	if (name.ptr == NULL) {
		exchange_answer_invalid(x, "params.name must be the name of a tool.");
		return;
	}
	if (json_view_is_there(arguments) && !json_view_is(arguments, JSON_KIND_OBJECT)) { /* */
		exchange_answer_invalid(x, "params.arguments must be an object.");
		return;
	}
	action = action_registry_find(x->server->options.registry, name);
	if (action == NULL) /* */
		exchange_answer_invalid(x, "There is no such tool. See tools/list.");
	else
		run_tool(x, action, arguments);
}
