#include "rounds.h"

#include "exchange.h"
#include "json/get.h"
#include "json/write.h"
#include "question.h"
#include "request_state.h"
#include "session/quota.h"

#define RESULT_MAX (1024 * 1024)

static const struct segment_keys *
keys_of(const struct mcp_exchange *x)
{
	return x->server->options.env->sessions->keys;
}

/* Its params are NULL when there is no memory for them. */
static struct request_binding
binding_of(struct mcp_exchange *x)
{
	return (struct request_binding){slice_from_str(x->request.principal->name), x->method, exchange_params(x),
					x->server->options.ask_timeout_ms};
}

/* ---- the answers come ---- */

static int
out_of_memory(struct rpc_fault *fault)
{
	return rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL,
			     "The server is short of resources. Try again in a moment.");
}

static int
refuse_state(int r, struct rpc_fault *fault)
{
	if (r == ERR_NOMEM || r == ERR_FULL)
		return out_of_memory(fault);
	if (r == ERR_TIMEOUT) {
		return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
				     "params.requestState has expired. Repeat the request without it.");
	}
	if (r == ERR_EXISTS) {
		return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
				     "params.requestState was used before. Repeat the request without it.");
	}
	return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
			     "params.requestState is not one that was given for this request. Repeat the request "
			     "without it.");
}

static int
open_state(struct mcp_exchange *x, struct slice text, struct rpc_fault *fault)
{
	struct request_binding binding = binding_of(x);
	struct request_state state;
	int r = request_state_open(keys_of(x), &binding, text, x->request.now_wall_ms, &state);

	if (r == 0) {
		r = nonce_spend(x->server->options.env->sessions, slice_from_str(state.nonce), state.left_ms,
				x->request.now_mono_ms);
		x->kept = state.kept;
		x->has_state = true;
	}
	return r < 0 ? refuse_state(r, fault) : 0;
}

int
rounds_open(struct mcp_exchange *x, struct rpc_fault *fault)
{
	struct json_view responses = json_view_get(x->given, "inputResponses");
	struct json_view state = json_view_get(x->given, "requestState");

	x->was_asked = json_view_is_there(responses) || json_view_is_there(state);
	if (!x->was_asked)
		return 0;
	if (exchange_params(x) == NULL)
		return out_of_memory(fault);
	if (json_view_is_there(responses) && !json_view_is(responses, JSON_KIND_OBJECT))
		return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL, "params.inputResponses must be an object.");
	if (!json_view_is_there(state))
		return 0;
	if (!json_view_is(state, JSON_KIND_STRING))
		return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL, "params.requestState must be a string.");
	return open_state(x, json_view_text(state), fault);
}

/* ---- the action asks ---- */

static int
no_memory(struct fault *fault)
{
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The server is short of resources. Try again in a moment.");
}

/* All questions that this client takes, not only those without an answer: what it has answered before is not kept. */
static int
ask_client(const struct mcp_exchange *x, const struct action_question *questions, size_t n, const json_t *keep,
	   struct fault *fault)
{
	json_t *details = json_object(), *requests = json_object();
	int r = json_object_set(details, "inputRequests", requests);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (x->can & questions[i].kind) {
			json_t *params = question_params(&questions[i], MCP_2026_07_28);

			r = json_object_set_new(
			    requests, questions[i].key,
			    json_pack("{s:s, s:o}", "method", question_method(questions[i].kind), "params", params));
		}
	}
	if (r == 0 && keep != NULL)
		r = json_object_set(details, "keep", (json_t *)(uintptr_t)keep);
	json_decref(requests);
	if (r == 0)
		return fault_set(fault, FAULT_INPUT_REQUIRED, details, "The client is asked for more.");
	json_decref(details);
	return no_memory(fault);
}

int
rounds_ask(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
	   struct fault *fault)
{
	const struct mcp_exchange *x = ctx;
	const json_t *responses = json_object_get(x->params, "inputResponses");
	json_t *answers = json_object();
	bool is_answered = keep == NULL || x->has_state;
	size_t askable = 0;
	int r = answers != NULL ? 0 : -1;

	must(n > 0 && n <= QUESTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		json_t *answer = json_object_get(responses, questions[i].key);

		if (!(x->can & questions[i].kind))
			continue;
		askable++;
		is_answered = is_answered && question_is_answered(&questions[i], answer);
		if (is_answered && r == 0)
			r = json_object_set(answers, questions[i].key, answer);
	}
	if (r == 0 && is_answered && askable == n) {
		*answers_r = answers;
		return 0;
	}
	json_decref(answers);
	if (r < 0)
		return no_memory(fault);
	if (is_answered)
		return fault_set(fault, FAULT_CAPABILITY_MISSING, NULL, "The client cannot be asked the rest.");
	return ask_client(x, questions, n, keep, fault);
}

/* ---- the result that asks ---- */

static int
write_result(struct mcp_exchange *x, const struct fault *fault, struct buf *out)
{
	const json_t *keep = json_object_get(fault->details, "keep");
	struct request_binding binding = binding_of(x);
	struct json_writer w;
	struct buf state;
	int r;

	buf_init(&state, REQUEST_STATE_TEXT_MAX);
	/* By the clock: the call may have run for a while. */
	r = request_state_put(keys_of(x), &binding, keep, action_now().wall_ms, &state);
	if (r == 0) {
		json_write_init(&w, out);
		json_write_begin_object(&w);
		json_write_key_string(&w, "resultType", "input_required");
		json_write_key(&w, "inputRequests");
		json_write_tree(&w, json_object_get(fault->details, "inputRequests"));
		json_write_key_string(&w, "requestState", buf_cstr(&state));
		json_write_key(&w, "_meta");
		json_write_begin_object(&w);
		json_write_key_raw(&w, "io.modelcontextprotocol/serverInfo", buf_slice(&x->server->server_info));
		json_write_end(&w);
		json_write_end(&w);
		r = json_write_finish(&w);
	}
	buf_fini(&state);
	return r;
}

void
rounds_answer(struct mcp_exchange *x, const struct fault *fault)
{
	struct buf out;

	exchange_open_result(x, &out, 0, RESULT_MAX);
	if (write_result(x, fault, &out) < 0)
		out.failed = ERR_NOMEM;
	exchange_close_result(x, &out);
}
