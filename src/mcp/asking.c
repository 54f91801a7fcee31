#include "asking.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "base/rand.h"
#include "exchange.h"
#include "frames.h"
#include "json/get.h"
#include "json/scan.h"
#include "json/write.h"
#include "question.h"
#include "rpc/answer.h"

#define MESSAGE_MAX (1024 * 1024)
#define ID_CAP (2 * 10 + RAND_TOKEN_LEN + sizeof("\"ask...\"")) /* a JSON string: quotes and all */

/* One question: open until its answer has come. */
struct asked {
	char id[ID_CAP];
	bool is_open;
	bool is_refused; /* an error came */
	int64_t error_code;
	json_t *result; /* owned */
};

/* What one call waits for; on its fiber's stack. */
struct asking {
	LIST_ENTRY(asking) link;
	bool is_linked;
	struct mcp_exchange *x;
	const struct action_question *questions;
	struct asked asked[QUESTIONS_MAX];
	size_t n;
	size_t open;
	uint64_t deadline_mono_ms;
	struct fiber_wait wait;
};

static void
unlink_asking(struct asking *asking)
{
	if (asking->is_linked)
		LIST_REMOVE(asking, link);
	asking->is_linked = false;
}

static void
on_cancel(void *ctx)
{
	unlink_asking(ctx);
}

/* ---- out ---- */

static void
mint_id(const struct mcp_server *server, char id_r[static ID_CAP])
{
	const struct mcp_peers *peers = server->options.peers;
	char token[RAND_TOKEN_LEN + 1];

	rand_token(token);
	snprintf(id_r, ID_CAP, "\"ask.%u.%u.%s\"", peers != NULL ? peers->slot : 0, peers != NULL ? peers->pid : 0,
		 token);
}

static int
send_question(struct mcp_exchange *x, const struct action_question *question, const char *id)
{
	json_t *params = question_params(question, x->protocol);
	struct buf text, message;
	int r = ERR_NOMEM;

	buf_init(&text, MESSAGE_MAX);
	buf_init(&message, MESSAGE_MAX);
	if (params != NULL)
		r = json_dump_to(&text, params);
	if (r == 0)
		r = rpc_write_request(&message, slice_from_str(id), question_method(question->kind), buf_slice(&text));
	if (r == 0)
		r = exchange_send(x, buf_slice(&message));
	buf_fini(&message);
	buf_fini(&text);
	json_decref(params);
	return r;
}

/* The client may take its form away. */
static void
withdraw(struct asking *asking)
{
	struct buf params, message;

	for (size_t i = 0; i < asking->n; i++) {
		if (!asking->asked[i].is_open)
			continue;
		buf_init(&params, 1024);
		buf_init(&message, 2048);
		buf_printf(&params, "{\"requestId\":%s,\"reason\":\"Nobody answered in time.\"}", asking->asked[i].id);
		if (rpc_write_notification(&message, "notifications/cancelled", buf_slice(&params)) == 0)
			(void)exchange_send(asking->x, buf_slice(&message));
		buf_fini(&message);
		buf_fini(&params);
	}
}

/* ---- what came of it ---- */

static int
no_memory(struct fault *fault)
{
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The server is short of resources. Try again in a moment.");
}

static bool
is_elicitation(const struct action_question *question)
{
	return (question->kind & (ACTION_ELICIT_FORM | ACTION_ELICIT_URL)) != 0;
}

/* Gives a new reference to the answer. */
static int
judge(const struct action_question *question, const struct asked *asked, json_t **answer_r, struct fault *fault)
{
	if (asked->is_refused && asked->error_code == RPC_METHOD_NOT_FOUND)
		return fault_set(fault, FAULT_CAPABILITY_MISSING, NULL, "The client does not know the question.");
	if (asked->result == NULL && is_elicitation(question)) {
		*answer_r = json_pack("{s:s}", "action", "cancel");
		return *answer_r != NULL ? 0 : no_memory(fault);
	}
	if (asked->result == NULL) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "The client did not answer %s. Nothing was done; call again if it should.",
				 question_method(question->kind));
	}
	if (!question_is_answered(question, asked->result)) {
		return fault_set(
		    fault, FAULT_VALIDATION_ERROR, NULL,
		    "The client's answer to %s does not have the form that was asked for. Call again to be "
		    "asked again.",
		    question_method(question->kind));
	}
	*answer_r = json_incref(asked->result);
	return 0;
}

static int
collect(struct asking *asking, json_t **answers_r, struct fault *fault)
{
	json_t *answers = json_object();
	int r = answers != NULL ? 0 : no_memory(fault);

	for (size_t i = 0; r == 0 && i < asking->n; i++) {
		json_t *answer = NULL;

		r = judge(&asking->questions[i], &asking->asked[i], &answer, fault);
		if (r == 0 && json_object_set_new(answers, asking->questions[i].key, answer) < 0)
			r = no_memory(fault);
	}
	if (r == 0)
		*answers_r = answers;
	else
		json_decref(answers);
	return r;
}

static void
asking_fini(struct asking *asking)
{
	unlink_asking(asking);
	for (size_t i = 0; i < asking->n; i++)
		json_decref(asking->asked[i].result);
}

static int
put_questions(struct asking *asking, struct fault *fault)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < asking->n; i++) {
		mint_id(asking->x->server, asking->asked[i].id);
		asking->asked[i].is_open = true;
		r = send_question(asking->x, &asking->questions[i], asking->asked[i].id);
	}
	if (r == 0)
		return 0;
	return r == ERR_CLOSED ? fault_set(fault, FAULT_CANCELLED, NULL, "The client is gone.") : no_memory(fault);
}

static bool
takes_all(const struct mcp_exchange *x, const struct action_question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!(x->can & questions[i].kind))
			return false;
	}
	return true;
}

int
asking_ask(void *ctx, const struct action_question *questions, size_t n, const json_t *keep, json_t **answers_r,
	   struct fault *fault)
{
	struct mcp_exchange *x = ctx;
	struct asking asking = {.x = x, .questions = questions, .n = n, .open = n};
	int r;

	(void)keep; /* the run that asks is the run that goes on */
	must(n > 0 && n <= QUESTIONS_MAX);
	if (!takes_all(x, questions, n))
		return fault_set(fault, FAULT_CAPABILITY_MISSING, NULL, "The client cannot be asked this.");
	fiber_wait_init(&asking.wait, on_cancel, &asking);
	asking.deadline_mono_ms = clock_mono_ms() + x->server->options.ask_timeout_ms;
	/* The answer may come while the question is still being sent. */
	LIST_INSERT_HEAD(&x->server->askings, &asking, link);
	asking.is_linked = true;
	r = put_questions(&asking, fault);
	if (r == 0 && fiber_wait_for(&asking.wait) < 0)
		r = fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (r == 0 && asking.open > 0)
		withdraw(&asking);
	if (r == 0)
		r = collect(&asking, answers_r, fault);
	asking_fini(&asking);
	return r;
}

/* ---- in ---- */

static struct asked *
find_open(struct asking *asking, struct slice id)
{
	for (size_t i = 0; i < asking->n; i++) {
		if (asking->asked[i].is_open && slice_is(id, asking->asked[i].id))
			return &asking->asked[i];
	}
	return NULL;
}

static void
take(struct asking *asking, struct asked *asked, json_t *value, bool is_error)
{
	asked->is_open = false;
	asked->is_refused = is_error;
	if (is_error)
		asked->error_code = json_get_int(value, "code", 0);
	else
		asked->result = json_incref(value);
	asking->open--;
}

/* Gives the call that has now all it waited for, or NULL. */
static struct asking *
deliver(struct mcp_server *server, struct slice principal, struct slice session, struct slice id, json_t *value,
	bool is_error)
{
	struct asking *asking;

	LIST_FOREACH(asking, &server->askings, link)
	{
		struct asked *asked = find_open(asking, id);

		if (asked == NULL)
			continue;
		if (!slice_is(principal, asking->x->session.principal) || !slice_is(session, asking->x->session_id))
			return NULL;
		take(asking, asked, value, is_error);
		return asking->open == 0 ? asking : NULL;
	}
	return NULL;
}

/* The fiber goes on at once, and may be gone when this returns. */
static void
wake(struct asking *asking)
{
	if (asking == NULL)
		return;
	unlink_asking(asking);
	fiber_wait_done(&asking->wait);
}

static int
read_response(const struct mcp_server *server, const struct rpc_message *msg, json_t **value_r, bool *is_error_r)
{
	struct rpc_fault fault;
	int r;

	rpc_fault_init(&fault);
	r = rpc_response(msg, &server->limits, value_r, is_error_r, &fault);
	rpc_fault_fini(&fault);
	return r;
}

void
asking_receive(struct mcp_server *server, const struct frame *frame)
{
	struct asking *ready = NULL;
	struct rpc_message msg;
	struct rpc_fault fault;
	json_t *value = NULL;
	bool is_error = false;

	rpc_fault_init(&fault);
	if (rpc_parse(frame->body, &server->limits, &msg, &fault) == 0 && msg.kind == RPC_RESPONSE &&
	    read_response(server, &msg, &value, &is_error) == 0)
		ready = deliver(server, frame->principal, frame->session, msg.id, value, is_error);
	rpc_fault_fini(&fault);
	json_decref(value);
	wake(ready);
}

/* The two numbers in an id that was minted here or elsewhere. */
static int
read_id(struct slice id, uint32_t *slot_r, uint32_t *pid_r)
{
	struct slice rest = json_scan_unquote(id);
	struct slice word, slot, pid;
	uint64_t slot_number, pid_number;

	if (id.len == 0 || id.ptr[0] != '"' || !slice_next(&rest, '.', &word) || !slice_is(word, "ask") ||
	    !slice_next(&rest, '.', &slot) || !slice_next(&rest, '.', &pid) ||
	    slice_to_u64(slot, UINT32_MAX, &slot_number) < 0 || slice_to_u64(pid, UINT32_MAX, &pid_number) < 0)
		return ERR_INVALID;
	*slot_r = (uint32_t)slot_number;
	*pid_r = (uint32_t)pid_number;
	return 0;
}

/* To the worker that asked, if that is another one and still there.  ERR_LIMIT: it does not fit a frame. */
static int
forward(const struct mcp_exchange *x)
{
	const struct mcp_peers *peers = x->server->options.peers;
	struct frame frame = {
	    .kind = FRAME_RESPONSE,
	    .principal = slice_from_str(x->request.principal->name),
	    .session = slice_from_str(x->session_id),
	    .id = x->msg.id,
	    .body = x->msg.text,
	};
	uint32_t slot, pid;

	if (peers == NULL || read_id(x->msg.id, &slot, &pid) < 0 || (slot == peers->slot && pid == peers->pid) ||
	    !peers_is_alive(x->server, slot, pid))
		return 0;
	return peers_post(x->server, slot, &frame);
}

void
asking_serve_response(struct mcp_exchange *x)
{
	struct mcp_server *server = x->server;
	struct asking *ready = NULL;
	struct rpc_fault fault;
	json_t *value = NULL;
	bool is_error = false;

	rpc_fault_init(&fault);
	if (rpc_response(&x->msg, &server->limits, &value, &is_error, &fault) < 0) {
		exchange_answer_fault(x, &fault);
		return;
	}
	ready = deliver(server, slice_from_str(x->request.principal->name), slice_from_str(x->session_id), x->msg.id,
			value, is_error);
	json_decref(value);
	if (ready == NULL && forward(x) == ERR_LIMIT) {
		rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL, "This answer is too large. Answer in fewer words.");
		exchange_answer_fault_with(x, 413, &fault);
		return;
	}
	exchange_answer_empty(x, 202);
	wake(ready);
}

void
asking_tick(struct mcp_server *server, uint64_t now_mono_ms)
{
	struct asking *asking;

	/* Each turn takes one off the list; whoever goes on may put questions again, with a new deadline. */
	do {
		LIST_FOREACH(asking, &server->askings, link)
		{
			if (asking->deadline_mono_ms <= now_mono_ms)
				break;
		}
		wake(asking);
	} while (asking != NULL);
}
