/*
 * fuzz_rpc.c - any bytes as a JSON-RPC body: no crash; what is accepted can be answered, and the answer carries the
 * same id; plain messages, read the quick way, are the same
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "rpc/answer.h"
#include "rpc/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer that we write is a response that we read, with the id byte for byte. */
static void
check_answer(struct slice id, const struct rpc_fault *fault)
{
	struct rpc_message again;
	struct rpc_fault refused;
	struct buf out;

	rpc_fault_init(&refused);
	buf_init(&out, 65536);
	if (fault != NULL)
		must(rpc_write_fault(&out, id, fault) == 0);
	else
		must(rpc_write_result(&out, id, SLICE_LIT("{}")) == 0);
	must(rpc_parse(buf_slice(&out), NULL, &again, &refused) == 0);
	must(again.kind == RPC_RESPONSE);
	must(slice_eq(again.id, id));
	rpc_fault_fini(&refused);
	buf_fini(&out);
}

static void
check_method(const struct rpc_message *msg)
{
	size_t len = strlen(msg->method);

	must(len <= RPC_METHOD_MAX && slice_is_utf8(slice_of(msg->method, len)));
	for (size_t i = 0; i < len; i++)
		must((unsigned char)msg->method[i] >= 0x20 && msg->method[i] != 0x7F);
}

static void
check_trees(const struct rpc_message *msg, struct rpc_fault *fault)
{
	json_t *tree = NULL;
	bool is_error;
	int r;

	if (msg->kind == RPC_RESPONSE)
		r = rpc_response(msg, NULL, &tree, &is_error, fault);
	else
		r = rpc_params(msg, NULL, &tree, fault);
	must((r == 0) == (tree != NULL) && (r == 0) == (fault->code == 0));
	must(r < 0 || msg->kind == RPC_RESPONSE || json_is_object(tree));
	json_decref(tree);
}

static void
check_message(const struct rpc_message *msg, int r, struct rpc_fault *fault)
{
	must((r == 0) == (fault->code == 0));
	if (r < 0) {
		must(fault->envelope && fault->message[0] != '\0');
		check_answer(msg->id, fault);
		return;
	}
	must((msg->kind == RPC_REQUEST) <= (msg->id.len > 0));
	must(msg->kind != RPC_NOTIFICATION || msg->id.len == 0);
	check_method(msg);
	check_trees(msg, fault);
	if (msg->id.len > 0)
		check_answer(msg->id, NULL);
}

static void
check_batch(const struct rpc_message *msg, struct rpc_fault *fault)
{
	struct rpc_message element;
	struct rpc_batch batch;
	struct slice text;

	if (rpc_batch_open(msg, NULL, &batch, fault) < 0)
		return;
	must(batch.count > 0 && batch.count <= RPC_BATCH_MAX);
	while (rpc_batch_next(&batch, &text)) {
		int r = rpc_parse_element(text, NULL, &element, fault);

		must(fault->code != RPC_PARSE_ERROR || r < 0);
		check_message(&element, r, fault);
		rpc_fault_fini(fault);
	}
}

/* Read the quick way, it is the same message or the same refusal. */
static void
check_quick(struct slice body, const struct rpc_message *slow, int verdict, const struct rpc_fault *refused)
{
	struct json_outline outline;
	struct rpc_message msg;
	struct rpc_fault fault;
	struct json_view view;
	json_t *tree, *rest;

	rpc_fault_init(&fault);
	must(rpc_read(body, NULL, &outline, &msg, &fault) == verdict);
	must(fault.code == refused->code && fault.envelope == refused->envelope);
	must(strcmp(fault.message, refused->message) == 0 && slice_eq(msg.id, slow->id));
	if (verdict == 0) {
		must(msg.kind == slow->kind && strcmp(msg.method, slow->method) == 0);
		must(slice_eq(msg.params, slow->params) && slice_eq(msg.text, slow->text));
		must(slice_eq(msg.result, slow->result) && slice_eq(msg.error, slow->error));
	}
	if (verdict == 0 && msg.kind <= RPC_NOTIFICATION && rpc_view(&msg, NULL, &view, &rest, &fault) == 0) {
		must(rpc_params(slow, NULL, &tree, &fault) == 0);
		must((rest == NULL) == msg.is_plain);
		must(json_view_members(view) == json_object_size(tree));
		json_decref(tree);
		json_decref(rest);
	}
	rpc_fault_fini(&fault);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_message msg;
	struct rpc_fault fault;
	int r;

	rpc_fault_init(&fault);
	r = rpc_parse(slice_of((const char *)data, size), NULL, &msg, &fault);
	check_quick(slice_of((const char *)data, size), &msg, r, &fault);
	if (r == 0 && msg.kind == RPC_BATCH)
		check_batch(&msg, &fault);
	else
		check_message(&msg, r, &fault);
	rpc_fault_fini(&fault);
	return 0;
}
