/*
 * request.c - the memory of one request
 */
#include "http/server_private.h"

#include <string.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/turn.h"

/* The head's bytes and fields move from the connection's input, which goes on changing, into the pool. */
static int
keep_head(struct http_request *req, const struct http_head *head, const char *bytes, size_t len)
{
	char *copy = pool_alloc(req->pool, len);
	struct http_field *fields = pool_alloc(req->pool, (head->n_fields + 1) * sizeof(*fields));

	if (copy == NULL || fields == NULL)
		return ERR_NOMEM;
	memcpy(copy, bytes, len);
	memcpy(fields, head->fields, head->n_fields * sizeof(*fields));
	req->head = *head;
	req->head.fields = fields;
	req->head.fields_cap = head->n_fields;
	http_head_rebase(&req->head, bytes, copy);
	return 0;
}

struct http_request *
request_new(struct http_connection *conn, const struct http_head *head, const char *bytes, size_t len)
{
	struct pool *pool = pool_shelf_take(&conn->server->pools, conn->server->limits.request_pool_bytes);
	struct http_request *req;

	if (pool == NULL)
		return NULL;
	req = pool_alloc(pool, sizeof(*req));
	if (req == NULL)
		goto fail;
	req->pool = pool;
	req->peer = pool_strdup(pool, conn->peer);
	if (req->peer == NULL || keep_head(req, head, bytes, len) < 0)
		goto fail;
	req->conn = conn;
	req->source = conn->source;
	req->server = conn->server;
	req->body = SLICE_LIT("");
	req->start_us = turn_mono_us();
	req->phase = REQUEST_HEAD;
	buf_init_secret(&req->body_buf, conn->server->limits.body_bytes);
	return req;
fail:
	pool_free(&pool);
	return NULL;
}

void
request_free(struct http_request *req)
{
	struct http_server *server = req->server;
	struct pool *pool = req->pool; /* the request itself lies in it */

	buf_fini(&req->body_buf);
	pool_shelf_put(&server->pools, &pool);
}

void
http_request_release(struct http_request **req_p)
{
	struct http_request *req = *req_p;

	if (req == NULL)
		return;
	must(req->phase >= REQUEST_DONE);
	if (req->conn != NULL)
		req->conn->req = NULL;
	req->server->stats.requests_now--;
	request_free(req);
	*req_p = NULL;
}

bool
http_request_is_closed(const struct http_request *req)
{
	return req->phase >= REQUEST_CUT;
}

size_t
http_request_queued(const struct http_request *req)
{
	return req->conn == NULL ? 0 : connection_queued(req->conn);
}

void
request_log(struct http_request *req, int status, const char *refusal)
{
	struct http_server *server = req->server;
	struct http_access access = {
	    .method = req->head.method_text,
	    .path = req->head.path,
	    .peer = req->peer,
	    .source = req->source,
	    .status = status,
	    .bytes = req->sent_bytes,
	    .is_stream = req->is_stream,
	    .duration_us = turn_mono_us() - req->start_us,
	    .refusal = refusal,
	};

	if (server->ops->on_access != NULL)
		server->ops->on_access(server->ctx, &access);
}
