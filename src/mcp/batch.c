#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "json/scan.h"

#define ANSWERS_MAX (32u * 1024 * 1024)

struct member {
	struct batch *batch;
	struct mcp_exchange *x; /* NULL when it has ended */
};

struct batch {
	struct mcp_exchange *whole;
	struct buf answers;
	size_t open; /* members without an answer, and one for the time of starting them */
	size_t n;
	struct member members[RPC_BATCH_MAX];
};

void
batch_let_go(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		if (batch->members[i].x != NULL)
			batch->members[i].x->owner = NULL;
		mcp_server_hangup(&batch->members[i].x);
	}
}

void
batch_free(struct batch **batch)
{
	struct batch *b = *batch;

	*batch = NULL;
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++) {
		if (b->members[i].x != NULL)
			exchange_abandon(b->members[i].x);
	}
	buf_fini(&b->answers);
	free(b);
}

/* ---- the answers ---- */

static void
finish(struct batch *batch)
{
	struct mcp_exchange *whole = batch->whole;

	if (batch->answers.len == 0 && batch->answers.failed == 0) {
		exchange_answer_empty(whole, 202);
		return;
	}
	buf_put_char(&batch->answers, ']');
	if (batch->answers.failed == 0)
		exchange_answer_message(whole, 200, buf_slice(&batch->answers));
	else
		exchange_answer_shortage(whole);
}

static void
count_down(struct batch *batch)
{
	if (--batch->open == 0)
		finish(batch);
}

static void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct member *member = ctx;
	struct batch *batch = member->batch;

	if (answer->body.len > 0) {
		buf_put_char(&batch->answers, batch->answers.len == 0 ? '[' : ',');
		buf_put_slice(&batch->answers, answer->body);
	}
	count_down(batch);
}

/* ---- the elements ---- */

static void
refuse(struct mcp_exchange *x, int http_status, const char *text)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL, "%s", text);
	exchange_answer_fault_with(x, http_status, &fault);
}

static void
serve_element(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	x->protocol = MCP_2025_03_26;
	rpc_fault_init(&fault);
	if (rpc_parse_element(x->request.body, &x->server->limits, &x->msg, &fault) < 0 ||
	    exchange_view_params(x, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else if (x->msg.kind == RPC_REQUEST && strcmp(x->msg.method, "initialize") == 0)
		refuse(x, 400, "initialize cannot stand in an array. Send it on its own.");
	else
		legacy_serve(x);
}

static void
start_member(struct batch *batch, struct slice element)
{
	struct member *member = &batch->members[batch->n++];
	struct mcp_request request = batch->whole->request;

	request.body = element;
	request.takes_events = false;
	member->batch = batch;
	member->x =
	    exchange_new(batch->whole->server, &request, &(struct mcp_channel){.answer = on_answer, .ctx = member});
	if (member->x == NULL) {
		batch->answers.failed = ERR_NOMEM;
		return;
	}
	member->x->owner = &member->x;
	batch->open++;
	serve_element(member->x);
}

/* ---- the array ---- */

struct place {
	const char *name;
	struct slice value;
};

static int
take_place(void *ctx, const struct json_item *item)
{
	struct place *place = ctx;

	if (json_scan_key_is(item->key, place->name))
		place->value = item->value;
	return 0;
}

/* R-001, without building a tree; what cannot be read has no claim, and is refused later. */
static bool
has_claim(struct slice element, const struct json_limits *limits)
{
	static const char *const path[] = {"params", "_meta", "io.modelcontextprotocol/protocolVersion"};
	struct slice at = element;

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		struct place place = {path[i], SLICE_NONE};

		if (json_scan_object(at, limits, take_place, &place, NULL) < 0 || place.value.ptr == NULL)
			return false;
		at = place.value;
	}
	return true;
}

static int
open_array(struct mcp_exchange *x, struct rpc_batch *array_r)
{
	struct rpc_fault fault;

	if (legacy_open_session(x) < 0)
		return -1;
	rpc_fault_init(&fault);
	if (x->protocol != MCP_2025_03_26) {
		refuse(x, 400, "An array of messages is not served. Send each message on its own.");
		return -1;
	}
	if (rpc_batch_open(&x->msg, &x->server->limits, array_r, &fault) < 0) {
		exchange_answer_fault(x, &fault);
		return -1;
	}
	for (size_t i = 0; i < array_r->count; i++) {
		if (has_claim(array_r->elements[i], &x->server->limits)) {
			refuse(x, 400, "A message with a protocol version of its own cannot stand in an array.");
			return -1;
		}
	}
	return 0;
}

void
batch_serve(struct mcp_exchange *x)
{
	struct rpc_batch array;
	struct slice element;
	struct batch *batch;

	x->protocol = MCP_LATEST_LEGACY;
	if (open_array(x, &array) < 0)
		return;
	batch = calloc(1, sizeof(*batch));
	if (batch == NULL) {
		exchange_answer_shortage(x);
		return;
	}
	x->batch = batch;
	batch->whole = x;
	batch->open = 1;
	buf_init(&batch->answers, ANSWERS_MAX);
	while (rpc_batch_next(&array, &element))
		start_member(batch, element);
	count_down(batch);
}
