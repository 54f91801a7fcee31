/*
 * answer.c - JSON-RPC messages written without a tree
 */
#include "rpc/answer.h"

#include "base/enc.h"
#include "base/err.h"
#include "json/write.h"

/* A message is all there or not at all. */
static int
finish(struct buf *out, size_t start)
{
	if (out->failed != 0)
		buf_truncate(out, start);
	return out->failed;
}

static void
put_head(struct buf *out, struct slice id)
{
	(void)buf_put_str(out, "{\"jsonrpc\":\"2.0\"");
	if (id.len == 0)
		return;
	(void)buf_put_str(out, ",\"id\":");
	(void)buf_put_slice(out, id);
}

int
rpc_write_result_open(struct buf *out, struct slice id)
{
	size_t start = out->len;

	must(id.len > 0);
	put_head(out, id);
	(void)buf_put_str(out, ",\"result\":");
	return finish(out, start);
}

int
rpc_write_result_close(struct buf *out)
{
	return buf_put_char(out, '}');
}

int
rpc_write_result(struct buf *out, struct slice id, struct slice result)
{
	size_t start = out->len;
	int r;

	must(result.len > 0);
	r = rpc_write_result_open(out, id);
	if (r < 0)
		return r;
	(void)buf_put_slice(out, result);
	(void)buf_put_char(out, '}');
	return finish(out, start);
}

static void
put_error_head(struct buf *out, struct slice id, int code, const char *message)
{
	put_head(out, id);
	(void)buf_put_str(out, ",\"error\":{\"code\":");
	(void)buf_put_i64(out, code);
	(void)buf_put_str(out, ",\"message\":");
	(void)enc_json_put(out, slice_from_str(message));
}

int
rpc_write_error(struct buf *out, struct slice id, int code, const char *message, struct slice data)
{
	size_t start = out->len;

	put_error_head(out, id, code, message);
	if (data.len > 0) {
		(void)buf_put_str(out, ",\"data\":");
		(void)buf_put_slice(out, data);
	}
	(void)buf_put_str(out, "}}");
	return finish(out, start);
}

int
rpc_write_fault(struct buf *out, struct slice id, const struct rpc_fault *fault)
{
	size_t start = out->len;
	int r = 0;

	put_error_head(out, id, fault->code, fault->message);
	if (fault->data != NULL) {
		(void)buf_put_str(out, ",\"data\":");
		r = json_dump_to(out, fault->data);
	}
	(void)buf_put_str(out, "}}");
	must(r == 0 || out->failed != 0);
	return finish(out, start);
}

static int
put_call(struct buf *out, struct slice id, const char *method, struct slice params)
{
	size_t start = out->len;

	put_head(out, id);
	(void)buf_put_str(out, ",\"method\":");
	(void)enc_json_put(out, slice_from_str(method));
	if (params.len > 0) {
		(void)buf_put_str(out, ",\"params\":");
		(void)buf_put_slice(out, params);
	}
	(void)buf_put_char(out, '}');
	return finish(out, start);
}

int
rpc_write_notification(struct buf *out, const char *method, struct slice params)
{
	return put_call(out, SLICE_NONE, method, params);
}

int
rpc_write_request(struct buf *out, struct slice id, const char *method, struct slice params)
{
	must(id.len > 0);
	return put_call(out, id, method, params);
}
