/*
 * answer.h - JSON-RPC 2.0 messages, written
 *
 * Ids are raw tokens from struct rpc_message and are written byte for byte.  An error without a readable id has no `id`
 * member (R-024: the newest schemas allow absence and forbid null).  Each function gives 0 or why the buffer failed; on
 * failure the buffer holds what it held before.
 */
#ifndef RPC_ANSWER_H
#define RPC_ANSWER_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "rpc/fault.h"

/* {"jsonrpc":"2.0","id":ID,"result":RESULT}; `result` is ready JSON. */
int rpc_write_result(struct buf *out, struct slice id, struct slice result) MUST_CHECK;

/* The same in three steps: open, put one JSON value into the buffer, close. */
int rpc_write_result_open(struct buf *out, struct slice id) MUST_CHECK;
int rpc_write_result_close(struct buf *out) MUST_CHECK;

/* `id` and `data` may be SLICE_NONE; `data` is ready JSON. */
int rpc_write_error(struct buf *out, struct slice id, int code, const char *message, struct slice data) MUST_CHECK;
int rpc_write_fault(struct buf *out, struct slice id, const struct rpc_fault *fault) MUST_CHECK;

/* `params` is a ready JSON object, or SLICE_NONE. */
int rpc_write_notification(struct buf *out, const char *method, struct slice params) MUST_CHECK;

/* A request of ours to a client (legacy only, R-028); `id` is a ready token. */
int rpc_write_request(struct buf *out, struct slice id, const char *method, struct slice params) MUST_CHECK;

#endif
