/*
 * message.h - one JSON-RPC 2.0 message, read from bytes
 *
 * The envelope is read by the scanner without building a tree; ids stay raw tokens, so that 1, "1" and
 * 123456789012345678901 are answered exactly as they were sent.  Parameters become a tree when asked for; those
 * of a message that is short and plain (json/view.h) can be looked at without. A message borrows from the body it was
 * read from, which must outlive it; it owns nothing.
 *
 * Rules.
 */
#ifndef RPC_MESSAGE_H
#define RPC_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "json/scan.h"
#include "json/view.h"
#include "rpc/fault.h"

enum rpc_kind {
	RPC_REQUEST,	  /* method and id */
	RPC_NOTIFICATION, /* method, no id: never answered */
	RPC_RESPONSE,	  /* result or error */
	RPC_BATCH	  /* an array, only for sessions at 2025-03-26; open it with rpc_batch_open */
};

#define RPC_METHOD_MAX 127 /* bytes; no method is that long */
#define RPC_ID_MAX 1024	   /* bytes of the token */
#define RPC_BATCH_MAX 100

struct rpc_message {
	enum rpc_kind kind;
	struct slice id; /* raw token, a string with its quotes; SLICE_NONE: none */
	/* Unescaped.  Control characters become '?', what is too long ends in "...": neither can equal a real method.
	 */
	char method[RPC_METHOD_MAX + 1];
	struct slice params; /* raw object; SLICE_NONE: absent */
	struct slice result; /* responses: raw value, or SLICE_NONE */
	struct slice error;  /* responses: raw object, or SLICE_NONE */
	struct slice text;   /* the whole message without white space around it */

	/* As rpc_read() found it: then `given` are the parameters, JSON_VIEW_NONE when there are none. */
	bool is_plain;
	struct json_view given;
};

/*
 * Reads one message.  0, or -1 with *fault set:
 *   -32700  not JSON, not UTF-8, over a limit
 *   -32600  wrong shape: jsonrpc other than "2.0"; method no string; id null, fraction, boolean, object or array;
 *           params neither object nor array; a member of the envelope twice; result beside error or method; an empty
 *           batch
 *   -32602  params an array (positional parameters: JSON-RPC knows them, MCP does not); an envelope fault
 *
 * On -1 msg_r->id is still the id to answer with if it could be read, else SLICE_NONE.
 */
int rpc_parse(struct slice body, const struct json_limits *limits, struct rpc_message *msg_r,
	      struct rpc_fault *fault) MUST_CHECK;

/* The same, a plain message into `outline`, on which it then rests. */
int rpc_read(struct slice body, const struct json_limits *limits, struct json_outline *outline,
	     struct rpc_message *msg_r, struct rpc_fault *fault) MUST_CHECK;

/*
 * The parameters as a tree; a new reference, an empty object when there are none.  -1: -32600 for a name that stands
 * twice anywhere, -32700 for a number beyond int64 or double, -32603 without memory.
 */
int rpc_params(const struct rpc_message *msg, const struct json_limits *limits, json_t **params_r,
	       struct rpc_fault *fault) MUST_CHECK;

/*
 * The same, looked at: *tree_r is NULL for a plain message, else what the view rests on, as rpc_params() gives it.
 */
int rpc_view(const struct rpc_message *msg, const struct json_limits *limits, struct json_view *view_r, json_t **tree_r,
	     struct rpc_fault *fault) MUST_CHECK;

/* A response's result or error object as a tree, whichever it has; a new reference. */
int rpc_response(const struct rpc_message *msg, const struct json_limits *limits, json_t **value_r, bool *is_error_r,
		 struct rpc_fault *fault) MUST_CHECK;

/* The elements of a batch.  About 1.6 KiB. */
struct rpc_batch {
	struct slice elements[RPC_BATCH_MAX];
	size_t count;
	size_t next;
};

/* msg->kind is RPC_BATCH.  -1 with -32600 when there are more than RPC_BATCH_MAX elements. */
int rpc_batch_open(const struct rpc_message *msg, const struct json_limits *limits, struct rpc_batch *batch_r,
		   struct rpc_fault *fault) MUST_CHECK;

/* The next element's text, to be read with rpc_parse_element; false at the end. */
bool rpc_batch_next(struct rpc_batch *batch, struct slice *element_r);

/* Like rpc_parse, but an array is refused (-32600): batches do not nest. */
int rpc_parse_element(struct slice element, const struct json_limits *limits, struct rpc_message *msg_r,
		      struct rpc_fault *fault) MUST_CHECK;

#endif
